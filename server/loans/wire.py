"""Loans on the wire: whose connection acts for whom, and until when; there is no token in them."""

from __future__ import annotations

from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from server.content.view import ContentView
from server.db.clock import wire
from server.loans.loans import Loans
from server.loans.store import LoanView
from server.web.described import Moment, text


class LoanObject(TypedDict):
    """A loan. `active` says whether it counts now: the lender owns the content, and it has not ended."""

    guid: str
    content_guid: str
    oauth_integration_guid: str
    lender_guid: str
    lender_name: str
    role: str
    viewers: bool
    schedules: bool
    created_time: str
    until: str
    active: bool


class NewLoan(TypedDict):
    """Until when, to whom (to viewers unless said), and in which of the lender's roles."""

    until: Moment
    viewers: NotRequired[bool | None]
    schedules: NotRequired[bool | None]
    role: NotRequired[Annotated[str, text(255)] | None]


def loan_object(loan: LoanView, active: bool) -> LoanObject:
    """One loan."""
    return {
        "guid": loan.guid,
        "content_guid": loan.content_guid,
        "oauth_integration_guid": loan.integration_guid,
        "lender_guid": loan.lender_guid,
        "lender_name": loan.lender_name,
        "role": loan.role,
        "viewers": loan.to_viewers,
        "schedules": loan.to_schedules,
        "created_time": wire(loan.created_time) or "",
        "until": wire(loan.until) or "",
        "active": active,
    }


def is_active(loans: Loans, loan: LoanView, view: ContentView | None) -> bool:
    """Whether a loan counts now, for anybody."""
    return view is not None and (loans.is_live(loan, view) or loans.is_live(loan, view, "schedules"))
