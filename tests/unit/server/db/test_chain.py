"""Linking audit events: in order, without gaps, also those of before; and what the database itself refuses."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from server.db.chain import AT_ONCE, COVERED, Chain, Fact, canonical, promise
from server.db.clock import now
from server.db.engine import Database
from server.db.models import AuditEvent, AuditHead, Meta
from tests.harness.database import fresh_database

CHAIN = Chain(b"c" * 32)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = fresh_database(tmp_path)
    yield made
    made.close()


def told(session: Session, *actions: str) -> None:
    promise(session, [AuditEvent(action=action) for action in actions])


def events(db: Database) -> list[AuditEvent]:
    return db.read_now(lambda s: list(s.exec(select(AuditEvent).order_by("id")).all()))


def test_events_are_linked_in_order_and_those_of_before_too(db: Database):
    db.write_now(told, "a", "b")
    assert {event.seq for event in events(db)} == {None}
    db.link_events(CHAIN)
    db.write_now(told, "c", "d")
    found = events(db)
    assert [(e.seq, e.action) for e in found] == [(1, "a"), (2, "b"), (3, "begin_audit_chain"), (4, "c"), (5, "d")]
    assert found[2].data == {"count": 2}
    before = bytes(32)
    for event in found:
        assert event.mac == CHAIN.link(before, event)
        before = event.mac
    head = db.read_now(lambda s: s.get(AuditHead, 1))
    assert (head.seq, head.mac, head.seal) == (5, before, CHAIN.seal(5, before))


def test_a_long_past_is_linked_in_pieces(db: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("server.db.chain.BATCH", 3)
    db.write_now(told, *(f"a{n}" for n in range(7)))
    db.link_events(CHAIN)
    assert [(e.seq, e.action) for e in events(db)][5:] == [(6, "a5"), (7, "a6"), (8, "begin_audit_chain")]


def test_opening_again_goes_on_where_it_was(db: Database):
    db.link_events(CHAIN)
    db.link_events(CHAIN)
    db.write_now(told, "x")
    assert [e.seq for e in events(db)] == [1, 2]


def test_where_the_newest_link_was_taken_away_a_number_stays_empty(db: Database):
    db.link_events(CHAIN)
    db.write_now(told, "x")
    db.write_now(lambda s: s.delete(s.get(AuditHead, 1)))
    db.link_events(CHAIN)
    assert [e.seq for e in events(db)] == [1, 2, 4]


def test_what_is_undone_leaves_no_event_and_no_gap(db: Database):
    db.link_events(CHAIN)

    def fail(session: Session) -> None:
        told(session, "never")
        session.add_all([Meta(name="x", value=b""), Meta(name="x", value=b"")])

    with pytest.raises(IntegrityError):
        db.write_now(fail)
    db.write_now(told, "after")
    assert [(e.seq, e.action) for e in events(db)] == [(1, "begin_audit_chain"), (2, "after")]


def test_two_servers_on_one_file_share_the_chain(db: Database, tmp_path: Path):
    db.link_events(CHAIN)
    other = Database(str(db.url))
    other.link_events(CHAIN)

    def write(into: Database) -> None:
        for number in range(20):
            into.write_now(told, f"{number}", "and")

    threads = [threading.Thread(target=write, args=(into,)) for into in (db, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert [e.seq for e in events(db)] == list(range(1, 82))


def test_content_has_one_spelling_before_and_after_it_was_stored(db: Database):
    data = {"z": 1.5, "a": {"2": [None, True], 1: ("x", "ü\ud800")}, "n": 10**20}
    kept = AuditEvent(action="x", data=data, subject="s")
    before = canonical(kept)
    db.write_now(lambda s: promise(s, [kept]))
    (row,) = events(db)
    assert canonical(row) == before


@pytest.mark.parametrize("statement", ["UPDATE audit_events SET action = 'y'", "DELETE FROM audit_events"])
def test_the_database_refuses_to_change_or_delete_events(db: Database, statement: str):
    db.link_events(CHAIN)
    with pytest.raises(IntegrityError, match="never changed or deleted"):
        db.write_now(lambda s: s.connection().exec_driver_sql(statement))
    assert [e.action for e in events(db)] == ["begin_audit_chain"]


@pytest.mark.parametrize("linked", [True, False])
def test_many_events_that_are_stored_at_once_are_read_as_they_were_said(db: Database, linked: bool):
    if linked:
        db.link_events(CHAIN)
    odd = {"b": '\u00e4\u20ac"\\', "a": None, "z": 1.5, "list": ("x", True), "by": {2: "two", 1: []}}
    facts = [Fact("use", odd | {"n": n}, now(), actor="J\u00f6rg", subject=f"s{n}") for n in range(2 * AT_ONCE + 1)]
    db.write_now(lambda session: promise(session, facts))
    rows = [row for row in events(db) if row.action == "use"]
    assert len(rows) == len(facts)
    for fact, row in zip(facts, rows, strict=True):
        assert (row.time, row.actor, row.subject, row.content, row.seq) == (
            (fact.time, "J\u00f6rg", fact.subject, None, fact.seq)
        )
        assert row.data == json.loads(json.dumps(fact.data))
        assert canonical(row) == canonical(fact)
        said = [row.seq, row.time.isoformat(timespec="microseconds"), *(getattr(row, name) for name in COVERED)]
        assert canonical(row) == json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        assert (row.mac is not None) is linked
