"""Verifying the trail: every way of tampering is found, and where it begins is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from server.audit.trail import Trail
from server.audit.verify import Place, Verdict, Verifier
from server.db.chain import Chain
from server.db.engine import Database
from tests.harness.database import fresh_database

CHAIN = Chain(b"c" * 32)
COPY = "INSERT INTO audit_events (time, actor, action, data"
OF, LAST = "SELECT time, actor, 'z', data", "FROM audit_events WHERE seq = 10"
SEVENTH = "(SELECT mac FROM audit_events WHERE seq = 7)"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = fresh_database(tmp_path)
    made.link_events(CHAIN)
    for number in range(9):
        made.write_now(lambda s, n=number: Trail(made).record(s, None, f"act_{n}", number=n))
    yield made
    made.close()


def verdict(db: Database, kept: Place | None = None, chain: Chain = CHAIN) -> Verdict:
    verifier = Verifier(chain, kept=kept)
    while not db.read_now(verifier.step):
        pass
    assert verifier.verdict is not None
    return verifier.verdict


def tamper(db: Database, *statements: str) -> None:
    """As somebody with the database file would."""

    def change(session: Session) -> None:
        for statement in (
            "DROP TRIGGER audit_events_no_update",
            "DROP TRIGGER audit_events_no_delete",
            *statements,
        ):
            session.connection().exec_driver_sql(statement)

    db.write_now(change)


def test_an_untouched_trail_is_good_in_steps_too(db: Database, monkeypatch: pytest.MonkeyPatch):
    found = verdict(db)
    assert (found.ok, found.events, found.head.seq) == (True, 10, 10)
    for batch in (1, 5, 10):
        monkeypatch.setattr("server.audit.verify.BATCH", batch)
        assert verdict(db) == found
    assert verdict(db, Place.read(str(found.head))).ok


@pytest.mark.parametrize(
    ("statements", "seq"),
    [
        (["UPDATE audit_events SET action = 'y' WHERE seq = 4"], 4),
        (["UPDATE audit_events SET data = '{}' WHERE seq = 4"], 4),
        (["UPDATE audit_events SET time = '2020-01-01 00:00:00.000000' WHERE seq = 4"], 4),
        (["UPDATE audit_events SET subject = 'x' WHERE seq = 4"], 4),
        (["UPDATE audit_events SET address = 'x' WHERE seq = 4"], 4),
        (["UPDATE audit_events SET mac = x'00' WHERE seq = 4"], 4),
        (["DELETE FROM audit_events WHERE seq = 4"], 4),
        (["DELETE FROM audit_events WHERE seq = 1"], 1),
        (["DELETE FROM audit_events WHERE seq = 4", "UPDATE audit_events SET seq = seq - 1 WHERE seq > 4"], 4),
        (["DELETE FROM audit_events WHERE seq > 7"], 8),
        (["DELETE FROM audit_events"], 1),
        (["UPDATE audit_events SET seq = 99 WHERE seq = 4", "UPDATE audit_events SET seq = 4 WHERE seq = 5",
          "UPDATE audit_events SET seq = 5 WHERE seq = 99"], 4),
        (["UPDATE audit_events SET id = 99 WHERE seq = 4"], 5),
        ([f"{COPY}, seq, mac) {OF}, 11, mac {LAST}"], 11),
        ([f"{COPY}) {OF} {LAST}"], None),
        (["DELETE FROM audit_head"], 11),
        (["DELETE FROM audit_events WHERE seq > 7", f"UPDATE audit_head SET seq = 7, mac = {SEVENTH}"], 8),
    ],
)  # fmt: skip
def test_tampering_is_found_where_it_begins(db: Database, statements: list[str], seq: int | None):
    tamper(db, *statements)
    found = verdict(db)
    assert not found.ok
    assert found.seq == seq
    assert seq is None or str(seq) in (found.problem or "") or "newest link" in (found.problem or "")


def test_an_older_copy_is_found_by_a_place_that_was_kept(db: Database, tmp_path: Path):
    (tmp_path / "later").mkdir()
    db.write_now(lambda s: Trail(db).record(s, None, "more"))
    kept = Place(11, verdict(db).head.mac)
    older = fresh_database(tmp_path / "later")
    older.link_events(CHAIN)
    for _ in range(3):
        older.write_now(lambda s: Trail(older).record(s, None, "other"))
    assert verdict(older).ok
    assert verdict(older, kept).seq == 5
    for _ in range(20):
        older.write_now(lambda s: Trail(older).record(s, None, "other"))
    assert "written anew" in (verdict(older, kept).problem or "")
    older.close()


def test_another_key_fits_nothing(db: Database):
    assert verdict(db, chain=Chain(b"d" * 32)).seq == 1


@pytest.mark.parametrize("text", ["", "1", "1:", "1:zz", f"x:{'00' * 32}", f"-1:{'00' * 32}", f"1:{'00' * 31}"])
def test_what_is_no_place(text: str):
    assert Place.read(text) is None
