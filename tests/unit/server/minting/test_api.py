"""The routes of external OAuth: who may, and what they answer."""

import pytest

from tests.unit.server.minting.world import told

NOBODY = "00000000-0000-0000-0000-000000000000"


async def test_an_administrator_sets_the_mapping(world, house):
    wanted = [{"user_guid": world.alice.guid.upper(), "roles": ["ANALYST"], "login": "AL"}, {"roles": ["PUBLIC"]}]
    answer = await world.as_admin.put(f"{world.here}/role-mapping", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.json() == (await world.as_admin.get(f"{world.here}/role-mapping")).json()
    assert answer.json()[0] == {
        "user_guid": world.alice.guid,
        "group_guid": None,
        "name": "Alice",
        "roles": ["ANALYST"],
        "login": "AL",
    }
    assert (await world.claims())["upn"] == "AL"


@pytest.mark.parametrize(
    "body",
    [{}, [{"roles": "A"}], [{"roles": ["a b"]}], [{"user_guid": "x", "roles": []}], [{"roles": [1]}], "x", [None]],
)
async def test_a_mapping_of_another_shape_is_refused(world, body):
    assert (await world.as_admin.put(f"{world.here}/role-mapping", json=body)).status_code == 400


async def test_an_entry_cannot_be_a_person_and_a_group(world):
    body = [{"user_guid": world.alice.guid, "group_guid": NOBODY, "roles": []}]
    assert told(await world.as_admin.put(f"{world.here}/role-mapping", json=body)) == (400, 25)


async def test_keys_are_rotated_by_api(world):
    first = (await world.as_admin.get(f"{world.here}/issuer")).json()["keys"][0]["kid"]
    new = (await world.as_admin.post(f"{world.here}/signing-keys")).json()
    assert new["state"] == "next"
    assert (await world.as_admin.post(f"{world.here}/signing-keys")).status_code == 409
    used = await world.as_admin.post(f"{world.here}/signing-keys/{new['kid']}/use")
    assert used.json()["state"] == "active"
    states = {key["kid"]: key["state"] for key in (await world.as_admin.get(f"{world.here}/issuer")).json()["keys"]}
    assert states == {new["kid"]: "active", first: "old"}
    assert (await world.as_admin.delete(f"{world.here}/signing-keys/{new['kid']}")).status_code == 409
    assert (await world.as_admin.delete(f"{world.here}/signing-keys/{first}")).status_code == 204
    assert (await world.as_admin.delete(f"{world.here}/signing-keys/{first}")).status_code == 404


async def test_only_administrators_may(world, house):
    publisher = house.browser(key=world.owner.key)
    for method, path in (
        ("GET", "issuer"),
        ("POST", "signing-keys"),
        ("POST", f"signing-keys/{'x' * 43}/use"),
        ("DELETE", f"signing-keys/{'x' * 43}"),
        ("GET", "role-mapping"),
        ("PUT", "role-mapping"),
    ):
        assert (await publisher.request(method, f"{world.here}/{path}")).status_code == 403, path


async def test_others_have_no_issuer(world, house):
    other = await house.integration(world.admin)
    path = f"/__api__/v1/oauth/integrations/{other.guid}"
    assert (await world.as_admin.get(f"{path}/issuer")).status_code == 400
    assert (await world.as_admin.get(f"/__api__/v1/oauth/integrations/{NOBODY}/issuer")).status_code == 404


async def test_a_token_is_inspected_without_being_shown(world, house):
    answer = await house.browser(key=world.alice.key).get(f"{world.here}/inspect")
    assert answer.status_code == 200, answer.text
    assert answer.json()["claims"]["upn"] == "Alice"
    token = (await world.exchange()).json()["access_token"]
    assert token not in answer.text
    assert token.rpartition(".")[2] not in answer.text
