"""The ledger and the keys on PostgreSQL: several gateways write one chain, nothing may be changed, and keys rotate."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from server.audit.trail import Trail
from server.audit.verify import Verdict, Verifier
from server.db.chain import Chain
from server.db.engine import Database
from server.db.models import AuditEvent, Meta
from server.db.upgrade import upgrade
from server.keys import columns, keyfile
from server.keys.keyring import Keyring
from tests.harness.postgres import postgres

CHAIN = Chain(b"c" * 32)


@pytest.fixture(scope="module")
def gateways() -> Iterator[tuple[Database, Database]]:
    with postgres() as server:
        url = server.url(server.create())
        found = Database(url), Database(url)
        upgrade(found[0])
        # One gateway has written without links; then both start at once.
        found[0].write_now(lambda session: Trail(found[0]).record(session, None, "before"))
        starts = [threading.Thread(target=each.link_events, args=(CHAIN,)) for each in found]
        for start in starts:
            start.start()
        for start in starts:
            start.join()
        yield found
        for each in found:
            each.close()


def verdict(db: Database) -> Verdict:
    verifier = Verifier(CHAIN)
    while not db.read_now(verifier.step):
        pass
    assert verifier.verdict is not None
    return verifier.verdict


def test_gateways_write_one_chain_side_by_side_and_nobody_waits_for_ever(gateways: tuple[Database, Database]):
    def write(db: Database, name: str) -> None:
        def work(session: Session, number: int) -> None:
            # The rows two transactions touch are the same, in one order; the newest link comes last.
            session.merge(Meta(name="shared", value=str(number).encode()))
            Trail(db).record(session, None, name, number=number, user="ü")
            Trail(db).record(session, None, f"{name}_again")

        for number in range(25):
            db.write_now(work, number)

    gateways[0].write_now(lambda session: session.merge(Meta(name="shared", value=b"")))
    threads = [threading.Thread(target=write, args=(db, f"by_{n}")) for n, db in enumerate((*gateways, *gateways))]
    for thread in threads:
        thread.start()
    seen = [verdict(gateways[0]).ok for _ in range(3)]
    for thread in threads:
        thread.join(60)
    found = verdict(gateways[1])
    assert (found.ok, found.problem, found.events) == (True, None, 2 + 4 * 25 * 2)
    assert seen == [True] * 3


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_events SET actor = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"]
)
def test_the_database_refuses_to_change_events(gateways: tuple[Database, Database], statement: str):
    with pytest.raises(DBAPIError, match="never changed or deleted"):
        gateways[0].write_now(lambda session: session.connection().exec_driver_sql(statement))


def test_tampering_is_found(gateways: tuple[Database, Database]):
    def tamper(session: Session) -> None:
        connection = session.connection()
        connection.exec_driver_sql("ALTER TABLE audit_events DISABLE TRIGGER USER")
        row = session.exec(select(AuditEvent).where(AuditEvent.seq == 2)).one()
        row.actor = "somebody else"
        session.add(row)

    before = verdict(gateways[0])
    assert before.ok
    gateways[0].write_now(tamper)
    assert verdict(gateways[1]).seq == 2


def test_sealed_values_go_under_another_key(gateways: tuple[Database, Database]):
    db, old = gateways[0], Keyring(keyfile.new_keys())
    grown = old.keys.grown()
    new = Keyring(grown.turned(grown.wrapping[-1].id))
    sealed = old.seal("x", purpose="meta", bound_to="key_check")
    db.write_now(lambda session: session.merge(Meta(name="key_check", value=sealed)))
    assert dict(db.read_now(columns.used)[old.key_id]) == {"meta.value": 1}
    assert [*columns.rewrap(db.write_now, new, lambda *_: None)] == []
    assert set(db.read_now(columns.used)) == {new.key_id}
