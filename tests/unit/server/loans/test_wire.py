"""A loan on the wire."""

from datetime import UTC, datetime

from server.db.engine import Database
from server.loans.loans import Loans
from server.loans.store import LoanView
from server.loans.wire import is_active, loan_object

MOMENT = datetime(2026, 11, 22, 3, 4, 5, 6, UTC)
LOAN = LoanView(
    guid="l", content_guid="c", content_title="Sales", integration_id=1, integration_guid="i", integration_name="Sf",
    lender_id=2, lender_guid="u",
    lender_username="maria", lender_name="Maria", lender_locked=False, role="ANALYST", to_viewers=True,
    to_schedules=False, created_time=MOMENT, until=MOMENT,
)  # fmt: skip


def test_a_loan():
    assert loan_object(LOAN, active=True) == {
        "guid": "l", "content_guid": "c", "oauth_integration_guid": "i", "lender_guid": "u", "lender_name": "Maria",
        "role": "ANALYST", "viewers": True, "schedules": False, "active": True,
        "created_time": "2026-11-22T03:04:05Z", "until": "2026-11-22T03:04:05Z",
    }  # fmt: skip


def test_what_is_gone_is_not_active(db: Database):
    loans = Loans(db, None, None, None)  # type: ignore[arg-type]
    assert not is_active(loans, LOAN, None)
