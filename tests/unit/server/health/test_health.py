"""Health is put together from counts, connections and what the integration is now."""

import pytest

from server.health.health import HealthRecords
from server.health.recorder import Recorder
from server.oauth.integrations import Draft
from server.vault.outcomes import Outcome
from server.web.errors import ApiError
from tests.unit.server.vault.house import SECRET, House, config


@pytest.fixture
async def records(house: House) -> HealthRecords:
    return HealthRecords(house.db, house.integrations, house.vault.outcomes, clock=house.time)


async def test_a_refused_client_breaks_it_until_the_secret_is_entered_again(
    house: House, records: HealthRecords
) -> None:
    """O-26 as administrators see it, from the real engine's outcomes."""
    recorder = records.recorder
    ada = await house.person("ada", "administrator")
    row = await house.integration(ada)
    await house.connected(ada, row)
    house.provider.secret = "rotated"
    house.time.ahead = 4000
    with pytest.raises(Exception, match="client"):
        await house.vault.tokens.access_token(ada.id, row.id)
    await recorder.flush()
    broken = await records.one(row.guid)
    assert (broken.state, broken.known.day.failed) == ("broken", 1)
    assert "client ID and secret" in broken.summary
    assert [trouble.broken for trouble in await records.troubles()] == [broken.summary]
    draft = Draft(name="New name", sent=frozenset({"name"}))
    await house.integrations.change(ada.caller, row.guid, draft)
    assert (await records.one(row.guid)).state == "broken"
    await house.integrations.change(ada.caller, row.guid, Draft(config=config(client_secret="rotated")))
    with house.change(type(row)) as rows:
        rows[0].configured_time = house.time()
    assert (await records.one(row.guid)).state == "unused"
    assert await records.troubles() == ()
    await house.vault.tokens.access_token(ada.id, row.id)
    await recorder.aclose()
    assert (await records.one(row.guid)).state == "ok"


async def test_scope_drift_counts_people_and_not_roles(house: House, records: HealthRecords) -> None:
    ada = await house.person("ada", "administrator")
    row = await house.integration(ada)
    await house.connected(ada, row)
    assert not (await records.one(row.guid)).drift
    await house.integrations.change(ada.caller, row.guid, Draft(config=config(scopes="read write offline_access")))
    drift = (await records.one(row.guid)).drift
    assert (drift.earlier, drift.declined, drift.scopes) == (1, 0, ("write",))
    robot = await house.integration(ada, auth_type="Service Account", scopes="read")
    assert not (await records.one(robot.guid)).drift


async def test_everyone_at_once_is_what_each_is_alone(house: House, records: HealthRecords) -> None:
    ada = await house.person("ada", "administrator")
    rows = [await house.integration(ada), await house.visitor_integration(ada)]
    await house.associate(ada, await house.content(ada), rows[0])
    found = await records.all()
    assert found == {row.guid: await records.one(row.guid) for row in rows}
    assert found[rows[0].guid].contents == 1
    with pytest.raises(ApiError):
        await records.one("046f9a7d-3c00-41db-9ac7-0d153f2edfdd")


async def test_what_cannot_be_opened_still_has_a_health(house: House, records: HealthRecords) -> None:
    ada = await house.person("ada", "administrator")
    row = await house.integration(ada)
    recorder = Recorder(house.db, clock=house.time)
    recorder.note(Outcome(row.guid, "", "refresh", True))
    await recorder.aclose()
    with house.change(type(row)) as rows:
        rows[0].sealed_secrets = b"damaged"
    found = await records.one(row.guid)
    assert (found.state, found.second_stored) == ("ok", False)
    assert SECRET not in str(found)
