"""Integrations and associations over the wire (connect-api.md 3.1, 3.3; security.md O-19, O-30, O-31, X)."""

import json

import pytest

from server.db.models import Connection, Integration
from tests.unit.server.vault.house import SECRET, House, config

PATH = "/__api__/v1/oauth/integrations"
SDK = {
    "auth_mode": "Confidential",
    "authorization_uri": "https://authorization.url/authorize",
    "client_id": "client_id",
    "client_secret": "client_secret",
    "scopes": "a b c",
    "token_endpoint_auth_method": "client_secret_post",
    "token_uri": "https://token.url/token",
}


class World:
    async def build(self, house: House):
        self.admin = await house.person("admin", "administrator")
        self.publisher = await house.person("paula", "publisher")
        self.viewer = await house.person("vera")
        self.as_admin = house.browser(key=self.admin.key)
        self.as_publisher = house.browser(key=self.publisher.key)
        self.as_viewer = house.browser(key=self.viewer.key)
        return self


@pytest.fixture
async def world(house: House) -> World:
    return await World().build(house)


async def create(client, **fields):
    body = {"template": "custom", "name": "W", "config": config(), **fields}
    return await client.post(PATH, json=body)


async def test_the_sdks_seven_keys_are_taken_and_the_secret_never_comes_back(world):
    made = await create(world.as_admin, name="example integration", description="d", config=SDK)
    assert made.status_code == 200, made.text
    body = made.json()
    shown = {key: value for key, value in SDK.items() if key != "client_secret"}
    assert shown.items() <= body["config"].items()
    assert "client_secret" not in body["config"]
    assert (body["auth_type"], body["template"], body["name"]) == ("Viewer", "custom", "example integration")
    assert body["config"]["use_pkce"] is True
    assert (await world.as_admin.get(f"{PATH}/{body['guid']}")).json() == body
    assert (await world.as_admin.get(PATH)).json() == [body]


async def test_lists_are_in_order_of_creation_and_counts_are_for_administrators(world, house):
    first, second = (await create(world.as_admin)).json(), (await create(world.as_admin)).json()
    app = await house.content(world.admin)
    answer = await world.as_admin.put(
        f"/__api__/v1/content/{app.guid}/oauth/integrations/associations",
        json=[{"oauth_integration_guid": second["guid"]}],
    )
    assert answer.status_code == 200
    listed = (await world.as_admin.get(PATH)).json()
    assert [row["guid"] for row in listed] == [first["guid"], second["guid"]]
    assert [row["content_count"] for row in listed] == [0, 1]
    assert [row["content_count"] for row in (await world.as_publisher.get(PATH)).json()] == [None, None]
    used = (await world.as_admin.get(f"{PATH}/{second['guid']}/associations")).json()
    assert [row["content_guid"] for row in used] == [app.guid]


async def test_a_patch_merges_and_a_missing_secret_stays(world, house):
    guid = (await create(world.as_admin)).json()["guid"]
    before = house.rows(Integration)[0]
    whole = {key: value for key, value in config().items() if key != "client_secret"}
    for sent in (whole, {**whole, "client_secret": ""}, {**whole, "client_secret": None}):
        answer = await world.as_admin.patch(f"{PATH}/{guid}", json={"config": sent, "template": "custom"})
        assert answer.status_code == 200, answer.text
        row = house.rows(Integration)[0]
        assert house.integrations.client_config(row).client_secret.reveal() == SECRET
        assert (row.fingerprint, row.config_version) == (before.fingerprint, 1)
    only = {"description": "rotated", "config": {"client_secret": "new"}, "template": None}
    body = (await world.as_admin.patch(f"{PATH}/{guid}", json=only)).json()
    assert (body["description"], body["name"]) == ("rotated", "W")
    row = house.rows(Integration)[0]
    assert house.integrations.client_config(row).client_secret.reveal() == "new"
    assert row.config_version == 1


@pytest.mark.parametrize("key", ["token_uri", "authorization_uri", "client_id", "issuer", "revocation_uri"])
async def test_another_provider_or_client_is_another_version(world, house, key):
    guid = (await create(world.as_admin)).json()["guid"]
    integration = house.rows(Integration)[0]
    await house.connected(world.viewer, integration)
    value = "other" if key == "client_id" else "https://other.example.com/x"
    await world.as_admin.patch(f"{PATH}/{guid}", json={"config": {key: value}})
    assert house.rows(Integration)[0].config_version == 2
    row = house.connection()
    assert (row.status, row.status_reason, row.sealed_refresh) == ("reauth_required", "changed", None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"template": "nonesuch", "config": {}}, 227),
        ({"config": {}}, 227),
        ({"template": "custom", "config": {}}, 228),
        ({"template": "custom", "config": config(token_uri="file:///etc/passwd")}, 228),
        ({"template": "custom", "config": config(token_uri="https://ok@evil/")}, 228),
        ({"template": "custom", "config": config(authorization_uri="https://i/a?redirect_uri=x&state=y")}, 228),
        ({"template": "custom", "config": config(auth_mode="Odd")}, 228),
        ({"template": "custom", "config": config(state="x")}, 228),
        ({"template": "custom", "config": []}, 25),
        ({"template": "custom", "config": config(), "name": "x" * 300}, 225),
        ({"template": "custom", "config": config(), "description": "x" * 5000}, 226),
        ({"template": "custom", "config": config(), "permissions": [{"user_guid": "x"}]}, 261),
        ({"template": "custom", "config": config(), "permissions": [{"group_guid": "x"}]}, 262),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence(world, house, body, code):
    answer = await world.as_admin.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert SECRET not in answer.text
    assert house.rows(Integration) == []


async def test_the_template_is_fixed_and_unknown_guids_are_told_apart(world):
    guid = (await create(world.as_admin)).json()["guid"]
    answer = await world.as_admin.patch(f"{PATH}/{guid}", json={"template": "snowflake"})
    assert (answer.status_code, answer.json()["code"]) == (400, 229)
    assert (await world.as_admin.get(f"{PATH}/nonsense")).json()["code"] == 207
    unknown = await world.as_admin.get(f"{PATH}/00000000-0000-0000-0000-000000000000")
    assert (unknown.status_code, unknown.json()["code"]) == (404, 4)


async def test_only_administrators_change_integrations(world):
    guid = (await create(world.as_admin)).json()["guid"]
    for client in (world.as_publisher, world.as_viewer):
        assert (await create(client)).status_code == 403
        assert (await client.patch(f"{PATH}/{guid}", json={"name": "x"})).status_code == 403
        assert (await client.delete(f"{PATH}/{guid}")).status_code == 403
    assert (await world.as_viewer.get(PATH)).status_code == 403
    assert (await world.as_publisher.get(f"{PATH}/{guid}")).status_code == 200


async def test_an_access_list_hides_an_integration_from_other_publishers(world, house):
    shared = (await create(world.as_admin, permissions=[{"user_guid": world.admin.guid, "group_guid": None}])).json()
    assert shared["permissions"][0]["integration_guid"] == shared["guid"]
    assert (await world.as_publisher.get(PATH)).json() == []
    assert (await world.as_publisher.get(f"{PATH}/{shared['guid']}")).status_code == 404
    app = await house.content(world.publisher)
    refused = await world.as_publisher.put(
        f"/__api__/v1/content/{app.guid}/oauth/integrations/associations",
        json=[{"oauth_integration_guid": shared["guid"]}],
    )
    assert (refused.status_code, refused.json()["code"]) == (403, 209)
    opened = await world.as_admin.patch(f"{PATH}/{shared['guid']}", json={"permissions": []})
    assert opened.json()["permissions"] == []
    assert len((await world.as_publisher.get(PATH)).json()) == 1


async def test_a_deletion_takes_associations_and_connections_and_revokes(world, house):
    integration = await house.integration(world.admin)
    app = await house.content(world.admin)
    await house.associate(world.admin, app, integration)
    await house.connected(world.viewer, integration)
    assert (await world.as_admin.delete(f"{PATH}/{integration.guid}")).status_code == 204
    assert house.rows(Connection) == []
    assert await house.associations.for_content(app.guid) == ()
    await house.vault.aclose()
    assert len(house.provider.revoked()) == 1


async def test_the_seeds_own_line_associates(world, house):
    """curl --data sends a form content type; with an API key the JSON in it counts."""
    integration = await house.integration(world.admin)
    app = await house.content(world.publisher)
    path = f"/__api__/v1/content/{app.guid}/oauth/integrations/associations"
    body = json.dumps([{"oauth_integration_guid": integration.guid}])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await world.as_publisher.put(path, content=body, headers=form)
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()
    assert row == {
        "app_guid": app.guid,
        "content_guid": app.guid,
        "oauth_integration_guid": integration.guid,
        "oauth_integration_name": "Warehouse",
        "oauth_integration_description": None,
        "oauth_integration_template": "custom",
        "oauth_integration_auth_type": "Viewer",
        "oauth_integration_role": "",
        "created_time": row["created_time"],
    }
    by_cookie = house.browser(world.publisher.cookie)
    csrf = house.csrf.token(world.publisher.caller.credential)
    cookie_form = {**form, "Origin": "http://localhost:3939", "X-Tabard-Csrf": csrf}
    assert (await by_cookie.put(path, content=body, headers=cookie_form)).status_code == 415
    assert (await house.browser(key=app.key).get(path)).json() == [row]
    assert (await house.browser(key=app.key).put(path, json=[])).status_code == 403
    assert (await world.as_viewer.put(path, json=[])).status_code == 403
    assert (await world.as_publisher.put(path, json=[])).json() == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 208),
        (["x"], 208),
        ([{}], 208),
        ([{"oauth_integration_guid": {}, "role": "ANALYST"}], 208),
        ([{"oauth_integration_guid": [], "role": None}], 208),
        ([{"oauth_integration_guid": "00000000-0000-0000-0000-000000000000", "role": {}}], 208),
        ([{"oauth_integration_guid": "00000000-0000-0000-0000-000000000000"}], 208),
        ("twice", 258),
    ],
)
async def test_a_list_that_cannot_be_is_refused(world, house, body, code):
    integration = await house.integration(world.admin)
    app = await house.content(world.admin)
    if body == "twice":
        body = [{"oauth_integration_guid": integration.guid}] * 2
    path = f"/__api__/v1/content/{app.guid}/oauth/integrations/associations"
    answer = await world.as_admin.put(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("auth_type", "app_mode", "access_type", "allowed"),
    [
        ("Viewer", "python-streamlit", "acl", True),
        ("Viewer", "python-streamlit", "logged_in", True),
        ("Viewer", "python-streamlit", "all", False),
        ("Viewer", "quarto-static", "acl", False),
        ("Viewer", "unknown", "acl", False),
        ("Viewer", "static", "acl", False),
        ("Service Account", "python-streamlit", "all", True),
        ("Service Account", "quarto-static", "all", True),
        ("Service Account", "static", "acl", False),
    ],
)
async def test_which_content_may_use_which_kind(world, house, auth_type, app_mode, access_type, allowed):
    integration = await house.integration(world.admin, auth_type=auth_type)
    app = await house.content(world.admin, app_mode=app_mode, access_type=access_type)
    answer = await world.as_admin.put(
        f"/__api__/v1/content/{app.guid}/oauth/integrations/associations",
        json=[{"oauth_integration_guid": integration.guid}],
    )
    assert answer.status_code == (200 if allowed else 400)
    if not allowed:
        assert answer.json()["code"] == 237


async def test_templates_are_listed(world):
    listed = (await world.as_publisher.get("/__api__/v1/oauth/templates")).json()
    assert {"custom", "snowflake", "github"} <= {row["id"] for row in listed}
    assert (await world.as_publisher.get("/__api__/v1/oauth/templates/custom")).json()["name"] == "Custom"
    assert (await world.as_publisher.get("/__api__/v1/oauth/templates/nonesuch")).status_code == 404


async def test_changes_are_audited_without_secrets(world, house):
    guid = (await create(world.as_admin)).json()["guid"]
    await world.as_admin.patch(f"{PATH}/{guid}", json={"config": {"client_secret": "CANARY-2"}})
    await world.as_admin.delete(f"{PATH}/{guid}")
    actions = await house.actions()
    assert actions == ["add_oauth_integration", "edit_oauth_integration", "remove_oauth_integration"]
    assert "CANARY" not in house.path.read_bytes().decode("latin-1")
