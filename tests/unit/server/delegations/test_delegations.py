"""Consents are listed, given ahead, and ended: by person, by integration, by role (seed 003)."""

import pytest

from server.db.models import AuditEvent, Connection, PreAuthorization
from server.delegations import delegations as module
from server.delegations.delegations import Delegations
from server.delegations.store import Extent, Wanted
from server.oauth.integrations import Draft
from server.vault.errors import NotConnected
from server.web.errors import ApiError
from server.web.paging import Paging
from tests.unit.server.vault.house import House, Person, config, until

EVERYTHING = Paging(1, 500)


@pytest.fixture
def service(house: House) -> Delegations:
    return Delegations(house.db, house.integrations, house.vault.connections, house.trail, clock=house.time)


@pytest.fixture
async def ada(house: House) -> Person:
    return await house.person("ada", "administrator")


async def rows(service: Delegations, **wanted: str) -> list[tuple[str, str, str]]:
    found, total = await service.listed(Wanted(**wanted), EVERYTHING)  # type: ignore[arg-type]
    assert len(found) == total
    return [(row.kind, row.user_name, row.integration_name) for row in found]


async def test_connections_and_what_was_allowed_ahead_are_one_list(
    house: House, service: Delegations, ada: Person
) -> None:
    ben, row = await house.person("ben"), await house.integration(ada)
    await house.connected(ben, row)
    await service.preauthorize(ada.caller, ada.guid, row.guid)
    assert await rows(service) == [("connection", "ben", "Warehouse"), ("pre-authorized", "ada", "Warehouse")]
    assert await rows(service, user_guid=ben.guid) == [("connection", "ben", "Warehouse")]
    assert await rows(service, person="AD") == [("pre-authorized", "ada", "Warehouse")]
    assert await rows(service, kind="connection", integration_guid=row.guid) == [("connection", "ben", "Warehouse")]
    assert await rows(service, role="ANALYST") == []
    page, total = await service.listed(Wanted(), Paging(2, 1))
    assert ([one.user_name for one in page], total) == (["ada"], 2)
    assert await service.extent(Wanted()) == Extent(1, 1, 2, 1)
    with house.change(Connection) as found:
        found[0].config_version = 9
    first = (await service.listed(Wanted(), EVERYTHING))[0][0]
    assert first.status == "reauth_required"


async def test_twice_is_once(house: House, service: Delegations, ada: Person) -> None:
    row = await house.integration(ada)
    made = [await service.preauthorize(ada.caller, ada.guid, row.guid) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].by == "ada"
    assert (await house.actions()).count("preauthorize_oauth_integration") == 1
    assert (await service.preauthorize(None, (await house.person("ben")).guid, row.guid)).by == "the server's operator"


async def test_what_cannot_be_allowed_ahead(house: House, service: Delegations, ada: Person) -> None:
    row, robot = await house.integration(ada), await house.integration(ada, auth_type="Service Account")
    public = await house.integration(ada, auth_mode="Public", client_secret="")
    nobody = "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"
    refused = {
        (nobody, row.guid, ""): 261,
        (ada.guid, nobody, ""): 207,
        (ada.guid, row.guid, "ANALYST"): 207,
        (ada.guid, robot.guid, ""): 230,
        (ada.guid, public.guid, ""): 230,
    }
    for (user, integration, role), code in refused.items():
        with pytest.raises(ApiError) as error:
            await service.preauthorize(ada.caller, user, integration, role)
        assert (error.value.status, error.value.code) == (400, code)
    assert house.rows(PreAuthorization) == []


async def test_revoking_ends_exchanges_at_once_and_says_what_the_vendor_learns(
    house: House, service: Delegations, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    row, mute = await house.integration(ada), await house.integration(ada, revocation_uri="")
    people = [await house.person(name) for name in ("ben", "cleo", "dan")]
    for person in people:
        await house.connected(person, row)
        await service.preauthorize(ada.caller, person.guid, row.guid)
        # From now on answered from memory.
        await house.vault.tokens.access_token(person.id, row.id)
    await house.connected(people[0], mute)
    ended = await service.revoke(ada.caller, Wanted(integration_guid=row.guid))
    assert [one.vendor for one in ended] == ["nothing"] * 3 + ["told"] * 3
    for person in people:
        with pytest.raises(NotConnected):
            await house.vault.tokens.access_token(person.id, row.id)
    await until(lambda: len(house.provider.revoked()) == 3)
    [last] = await service.revoke(ada.caller, Wanted(user_guid=people[0].guid))
    assert last.vendor == "no_endpoint"
    assert "no way to end access" in last.message
    assert house.rows(Connection) == house.rows(PreAuthorization) == []
    actions = await house.actions()
    assert (actions.count("disconnect_oauth_integration"), actions.count("end_oauth_preauthorization")) == (4, 3)
    with pytest.raises(ApiError):
        await service.revoke(ada.caller, Wanted())


async def test_one_kind_alone_can_be_ended(house: House, service: Delegations, ada: Person) -> None:
    row = await house.integration(ada)
    await house.connected(ada, row)
    await service.preauthorize(ada.caller, ada.guid, row.guid)
    await service.revoke(ada.caller, Wanted(user_guid=ada.guid, kind="pre-authorized"))
    assert await rows(service) == [("connection", "ada", "Warehouse")]


async def test_the_explanation_is_skipped_once_and_again_only_after_a_connection(
    house: House, service: Delegations, ada: Person
) -> None:
    row = await house.integration(ada)

    async def skips(**terms: bool) -> bool:
        house.time.ahead += 1
        return await service.may_skip(ada.caller, row, "", **{"renewing": False} | terms)

    assert not await skips()
    await service.preauthorize(ada.caller, ada.guid, row.guid)
    assert await skips()
    assert not await skips()
    assert not await skips(renewing=True)
    await service.connected(ada.caller, row.id, "")
    assert not await skips()
    assert await skips(renewing=True)
    assert not await skips(renewing=True)


async def test_a_client_that_became_public_asks_again(house: House, service: Delegations, ada: Person) -> None:
    row = await house.integration(ada)
    await service.preauthorize(ada.caller, ada.guid, row.guid)
    row = await house.integrations.change(ada.caller, row.guid, Draft(config=config(auth_mode="Public")))
    assert not await service.may_skip(ada.caller, row, "", renewing=False)
    with house.change(type(row)) as found:
        found[0].sealed_secrets = b"damaged"
    damaged = await house.integrations.get(row.guid)
    assert service.always_asks(damaged) is not None


async def test_the_audit_says_whose_access_was_ended(house: House, service: Delegations, ada: Person) -> None:
    ben, row = await house.person("ben"), await house.integration(ada)
    await service.preauthorize(ada.caller, ben.guid, row.guid)
    await service.revoke(ada.caller, Wanted(user_guid=ben.guid))
    events = [event for event in house.rows(AuditEvent) if "preauthor" in event.action]
    assert [(event.subject, event.integration, event.actor) for event in events] == [(ben.guid, row.guid, "ada")] * 2
