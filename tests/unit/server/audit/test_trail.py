"""Audit events: with a change, at once, or later in batches."""

import pytest

from server.audit.trail import Trail
from server.db.engine import DatabaseUnavailable
from server.db.models import AuditEvent
from server.web.whence import came_from
from tests.unit.server.vault.house import House, until


async def test_an_event_is_there_exactly_when_its_change_is(house: House):
    def fail(session: object) -> None:
        house.trail.record(session, None, "add_thing", guid="x")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await house.db.write(fail)
    assert house.rows(AuditEvent) == []
    await house.db.write(lambda session: house.trail.record(session, None, "add_thing", guid="x"))
    (row,) = house.rows(AuditEvent)
    assert (row.actor, row.actor_guid, row.action, row.data) == ("system", None, "add_thing", {"guid": "x"})


async def test_an_event_names_its_actor(house: House):
    alice = await house.person("alice")
    await house.trail.append(alice.caller, "do_thing")
    (row,) = house.rows(AuditEvent)
    assert (row.actor, row.actor_guid) == ("alice", alice.guid)


async def test_later_events_come_soon_and_in_order(house: House):
    for number in range(1200):
        house.trail.later(None, "count", number=number)
    await until(lambda: len(house.rows(AuditEvent)) == 1200)
    assert [row.data["number"] for row in house.rows(AuditEvent)] == list(range(1200))


async def test_later_events_survive_an_absent_database_and_the_end(house: House, monkeypatch):
    trail = Trail(house.db, gather=0.0)
    good = house.db.write
    failed = []

    async def bad(*_: object) -> None:
        failed.append(1)
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(house.db, "write", bad)
    trail.later(None, "wait")
    await until(lambda: bool(failed))
    monkeypatch.setattr(house.db, "write", good)
    await trail.aclose()
    assert [row.action for row in house.rows(AuditEvent)] == ["wait"]


async def test_too_many_waiting_events_lose_the_oldest_and_say_so(house: House, monkeypatch):
    monkeypatch.setattr("server.audit.trail.MOST_WAITING", 3)
    trail = Trail(house.db, gather=0.05)
    for number in range(5):
        trail.later(None, "count", number=number)
    await trail.aclose()
    found = {row.action: row.data for row in house.rows(AuditEvent)}
    assert found["lose_audit_events"] == {"count": 2}
    assert [row.data["number"] for row in house.rows(AuditEvent) if row.action == "count"] == [2, 3, 4]


async def test_what_an_event_concerns_and_where_it_came_from_can_be_looked_up(house: House):
    alice = await house.person("alice")
    came_from("10.1.2.3", "abc")
    facts = {"content": "c", "integration": "i", "connection": "x", "bundle": 7}
    await house.trail.append(alice.caller, "use", **facts)
    await house.db.write(lambda session: house.trail.record(session, None, "see", user="u", content_guid="c2"))
    house.trail.later(None, "sign_in", user_guid="v", address="10.9.9.9", bundle_id="8")
    await house.trail.aclose()
    used, seen, signed = house.rows(AuditEvent)
    assert (used.subject, used.content, used.integration, used.connection) == (alice.guid, "c", "i", "x")
    assert (used.bundle, used.address, used.request_id, used.data) == ("7", "10.1.2.3", "abc", facts)
    assert (seen.subject, seen.content, seen.bundle, seen.address) == ("u", "c2", None, "10.1.2.3")
    assert (signed.subject, signed.bundle, signed.address) == ("v", "8", "10.9.9.9")


async def test_the_same_once_more_is_told_with_its_count(house: House):
    first = house.trail.later(None, "exchange_credentials", content="c")
    for address in ("1.2.3.4", "1.2.3.4", "5.6.7.8"):
        came_from(address, "r")
        house.trail.again(first)
    await house.trail.aclose()
    rows = [row for row in house.rows(AuditEvent) if row.action == "exchange_credentials"]
    assert [(row.content, row.address, row.data.get("times")) for row in rows] == [
        ("c", None, None), ("c", "1.2.3.4", 2), ("c", "5.6.7.8", 1),
    ]  # fmt: skip
    assert rows[0].data == {"content": "c"}
    house.trail.again(first)
    assert first.data == {"content": "c"}
