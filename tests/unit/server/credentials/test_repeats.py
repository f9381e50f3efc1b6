"""What was answered a moment ago is answered again, and no longer than it is true."""

from typing import Any

import pytest

from server.db.models import AuditEvent
from tests.unit.server.credentials.test_api import World
from tests.unit.server.vault.house import House, lock


class Walks(World):
    """Counts the exchanges that are worked out and not remembered."""

    async def build(self, house: House) -> Any:
        await super().build(house)
        self.walked = 0
        plain = house.sources.issue

        async def counted(asked: Any) -> Any:
            self.walked += 1
            return await plain(asked)

        house.sources.issue = counted  # type: ignore[method-assign]
        await self.exchange()
        await self.exchange()
        self.walked = 0
        return self


@pytest.fixture
async def world(house: House) -> Any:
    return await Walks().build(house)


async def test_the_same_question_is_answered_from_memory_and_each_answer_is_in_the_ledger(world: Walks, house: House):
    bodies = [(await world.exchange()).json() for _ in range(5)]
    assert world.walked == 0
    assert {body["access_token"] for body in bodies} == {"at-alice-0"}
    await house.trail.aclose()
    rows = [row for row in house.rows(AuditEvent) if row.action == "exchange_credentials"]
    assert sum(row.data.get("times", 1) for row in rows) == 7
    assert len({(row.connection, row.subject, row.data["token_hash"]) for row in rows}) == 1
    assert len(rows) < 7  # what is asked in a loop is one line with its count


async def test_a_second_later_it_is_worked_out_again_and_never_claims_more_than_is_left(world: Walks, house: House):
    first = (await world.exchange()).json()["expires_in"]
    house.time.ahead += 0.9
    assert (await world.exchange()).json()["expires_in"] <= first
    assert world.walked == 0
    house.time.ahead += 0.2
    await world.exchange()
    assert world.walked == 1


async def test_whatever_is_written_makes_it_be_worked_out(world: Walks, house: House):
    await house.person("somebody")
    await world.exchange()
    assert world.walked == 1
    house.directory.forget(world.app.guid)
    await world.exchange()
    assert world.walked == 2


@pytest.mark.parametrize("end", ["disconnect", "association", "lock", "sign-out"])
async def test_what_ends_counts_at_once(world: Walks, house: House, end: str):
    assert (await world.exchange()).status_code == 200
    if end == "disconnect":
        (row,) = await house.vault.connections.of_user(world.alice.id)
        await house.vault.connections.disconnect(world.alice.caller, row.guid)
    elif end == "association":
        view = await house.directory.by_guid(world.app.guid)
        assert view is not None
        await house.associations.replace(world.owner.caller, view, [])
    elif end == "lock":
        await house.db.write(lock, world.alice.guid)
        await house.sessions.person_changed(world.alice.guid, end_sessions=False)
    else:
        await house.sessions.end(world.alice.caller)
    assert (await world.exchange()).status_code in (400, 404)


async def test_other_questions_are_worked_out_each_time(world: Walks, house: House):
    for changes in ({"force_refresh": "true"}, {"min_ttl": "60"}):
        for _ in range(2):
            assert (await world.exchange(**changes)).status_code == 200
    assert world.walked == 4
    service = await house.integration(world.admin, auth_type="Service Account")
    await house.associate(world.owner, world.app, world.integration, service)
    content = {
        "subject_token": house.handles.content(world.app.guid, "i"),
        "subject_token_type": "urn:posit:connect:content-session-token",
        "audience": service.guid,
    }
    for _ in range(2):
        assert (await world.exchange(**content)).status_code == 200
    assert world.walked == 6


async def test_memory_that_cannot_be_trusted_is_not_asked(world: Walks, house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(house.db.changes, "trusted", lambda: False)
    await world.exchange()
    assert world.walked == 1


async def test_another_app_or_form_is_another_question(world: Walks, house: House):
    other = await house.content(world.owner)
    await house.associate(world.owner, other, world.integration)
    client = house.browser(key=other.key)
    await world.exchange()
    assert (await world.exchange(client)).status_code == 403  # the handle is the first app's
    world.walked = 0
    await world.exchange(audience=world.integration.guid)
    assert world.walked == 1
