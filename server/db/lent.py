"""Ends loans for good when what they stand on changes hands, within the transaction that changes it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from server.db.models import Integration, Loan, User


@dataclass(frozen=True)
class EndedLoan:
    """A loan that was ended, as the ledger names it."""

    loan: str
    integration: str
    user: str


def end_loans(
    session: Session, content_id: int, moment: datetime, *, integrations: Collection[int] | None = None
) -> list[EndedLoan]:
    """End the loans of a content item, or those at some of its integrations (ids); those that ended before stay so.

    Their rows stay, so that viewers can be told who lent until when. Content that is given back, or an integration
    that is added again, must not bring a loan back that nobody has made anew.
    """
    query = (
        select(Loan, Integration.guid, User.guid)
        .join(Integration, col(Integration.id) == Loan.integration_id)
        .join(User, col(User.id) == Loan.user_id)
        .where(Loan.content_id == content_id, col(Loan.until) > moment)
        .order_by(col(Loan.id))
    )
    if integrations is not None:
        query = query.where(col(Loan.integration_id).in_(integrations))
    ended = []
    for row, integration, lender in session.exec(query).all():
        row.until = moment
        session.add(row)
        ended.append(EndedLoan(row.guid, integration, lender))
    return ended
