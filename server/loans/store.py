"""Queries over loans. Every function takes the session of one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select

from server.db.models import Content, Integration, Loan, User


@dataclass(frozen=True)
class LoanView:
    """One loan with the names that people know its parts by. `role` is empty for the lender's default role."""

    guid: str
    content_guid: str
    content_title: str
    integration_id: int
    integration_guid: str
    integration_name: str
    lender_id: int
    lender_guid: str
    lender_username: str
    lender_name: str
    lender_locked: bool
    role: str
    to_viewers: bool
    to_schedules: bool
    created_time: datetime
    until: datetime


def _views(session: Session, *conditions: Any) -> tuple[LoanView, ...]:
    query = (
        select(Loan, Content, Integration, User)
        .join(Content, col(Content.id) == Loan.content_id)
        .join(Integration, col(Integration.id) == Loan.integration_id)
        .join(User, col(User.id) == Loan.user_id)
        .where(*conditions)
        .order_by(col(Loan.id))
    )
    return tuple(_view(*found) for found in session.exec(query).all())


def _view(loan: Loan, content: Content, integration: Integration, lender: User) -> LoanView:
    return LoanView(
        guid=loan.guid,
        content_guid=content.guid,
        content_title=content.title or content.name,
        integration_id=loan.integration_id,
        integration_guid=integration.guid,
        integration_name=integration.name or integration.template,
        lender_id=loan.user_id,
        lender_guid=lender.guid,
        lender_username=lender.username,
        lender_name=f"{lender.first_name} {lender.last_name}".strip() or lender.username,
        lender_locked=lender.locked,
        role=loan.role_key,
        to_viewers=loan.to_viewers,
        to_schedules=loan.to_schedules,
        created_time=loan.created_time,
        until=loan.until,
    )


def of_content(session: Session, content_guid: str) -> tuple[LoanView, ...]:
    """The loans to those who look at a content item, ended ones too."""
    return _views(session, Content.guid == content_guid)


def of_lender(session: Session, user_id: int) -> tuple[LoanView, ...]:
    """What one person lends, ended loans too."""
    return _views(session, Loan.user_id == user_id)


def row_of(session: Session, content_id: int, integration_id: int) -> Loan | None:
    """The one loan at an integration to those who look at a content item."""
    query = select(Loan).where(Loan.content_id == content_id, Loan.integration_id == integration_id)
    return session.exec(query.with_for_update()).first()


def drop(session: Session, guid: str) -> bool:
    """Delete a loan; whether there was one."""
    gone = session.execute(delete(Loan).where(col(Loan.guid) == guid).returning(col(Loan.id)))
    return gone.first() is not None
