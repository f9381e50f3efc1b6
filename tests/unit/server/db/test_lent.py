"""Loans end for good with what they stood on; the rest is in tests/unit/server/loans."""

from datetime import timedelta
from pathlib import Path

from sqlmodel import Session, select

from server.db.clock import now
from server.db.lent import end_loans
from server.db.models import Content, Integration, Loan, User
from tests.harness.database import fresh_database


def test_only_those_that_still_run_and_are_meant_end(tmp_path: Path):
    db, moment = fresh_database(tmp_path), now()
    past = moment - timedelta(days=1)

    def fill(session: Session) -> None:
        session.add(User(id=1, guid="u", username="maria", username_key="maria", role="publisher", password_hash="x"))
        for number in (1, 2, 3):
            facts = {"template": "custom", "auth_type": "Viewer", "fingerprint": "", "sealed_secrets": b""}
            session.add(Integration(id=number, guid=f"i{number}", **facts))
        session.flush()
        session.add(Content(id=1, guid="c", name="app", owner_id=1))
        session.flush()
        for number, until in ((1, moment + timedelta(days=1)), (2, past), (3, moment + timedelta(days=1))):
            row = Loan(guid=f"l{number}", content_id=1, integration_id=number, user_id=1, until=until)
            session.add(row)

    db.write_now(fill)
    ended = db.write_now(lambda session: end_loans(session, 1, moment, integrations=[1, 2]))
    assert [(one.loan, one.integration, one.user) for one in ended] == [("l1", "i1", "u")]
    assert [one.loan for one in db.write_now(lambda session: end_loans(session, 1, moment))] == ["l3"]
    untils = db.read_now(lambda session: session.exec(select(Loan.until).order_by(Loan.id)).all())
    assert untils == [moment, past, moment]
    db.close()
