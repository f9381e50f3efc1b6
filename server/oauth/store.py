"""Queries over integrations and associations. Every function takes the session of one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, delete, select

from server.db.models import Association, Content, Integration, User
from server.web.errors import not_found


@dataclass(frozen=True)
class AssociationView:
    """One integration that a content item may use, as it is configured now."""

    integration_id: int
    guid: str
    name: str | None
    description: str | None
    template: str
    auth_type: str
    fingerprint: str
    config_version: int
    created_time: datetime
    max_role: str = ""
    """The highest role of the keys that a Visitor API Key integration gives; else empty."""
    role: str = ""
    """The vendor role that the publisher pinned; empty: each viewer chooses."""
    takes_roles: bool = False
    """Whether a connection at this vendor is made for a role."""
    minted: bool = False
    """Whether this server signs the tokens itself: nobody consents, and nothing is stored."""
    issues: str = "access_token"
    """What an app gets in the end: `access_token`, or `aws_credentials`."""

    @property
    def label(self) -> str:
        """What to call it on a screen."""
        return self.name or self.template


@dataclass(frozen=True)
class Usage:
    """One content item that uses an integration."""

    content_guid: str
    created_time: datetime
    role: str = ""


def by_guid(session: Session, guid: str, *, lock: bool = False) -> Integration:
    """The integration. Raises ApiError 404."""
    query = select(Integration).where(Integration.guid == guid)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise not_found("OAuth integration")
    return row


def by_id(session: Session, integration_id: int) -> Integration | None:
    """The integration, or None."""
    return session.get(Integration, integration_id)


def everything(session: Session) -> list[Integration]:
    """All integrations in the order of their creation (connect-api.md 0.23)."""
    return list(session.exec(select(Integration).order_by(col(Integration.id))).all())


def counts(session: Session) -> dict[int, int]:
    """How many content items use each integration, by its id."""
    rows = session.exec(select(Association.integration_id, func.count()).group_by(col(Association.integration_id)))
    return dict(rows.all())


def usages(session: Session, integration_id: int) -> list[Usage]:
    """The content items that use an integration, oldest association first."""
    query = (
        select(Content.guid, Association.created_time, Association.role)
        .join(Association, col(Association.content_id) == Content.id)
        .where(Association.integration_id == integration_id)
        .order_by(col(Association.created_time), col(Content.id))
    )
    return [Usage(*row) for row in session.exec(query).all()]


def associations(session: Session, content_guid: str) -> tuple[AssociationView, ...]:
    """What a content item may use, in the order of the integrations' creation."""
    query = (
        select(Integration, Association)
        .join(Association, col(Association.integration_id) == Integration.id)
        .join(Content, col(Content.id) == Association.content_id)
        .where(Content.guid == content_guid)
        .order_by(col(Integration.id))
    )
    return tuple(association_view(row, there) for row, there in session.exec(query).all())


def association_view(row: Integration, there: Association) -> AssociationView:
    """The view of one association."""
    assert row.id is not None
    return AssociationView(
        integration_id=row.id,
        guid=row.guid,
        name=row.name,
        description=row.description,
        template=row.template,
        auth_type=row.auth_type,
        fingerprint=row.fingerprint,
        config_version=row.config_version,
        created_time=there.created_time,
        max_role=str(row.config.get("max_role", "")),
        role=there.role,
    )


def replace_associations(
    session: Session, content_id: int, integration_ids: list[int], roles: Mapping[int, str] | None = None
) -> None:
    """Make the set exactly this; associations that stay keep their age, and their role unless `roles` has another."""
    rows = session.exec(select(Association).where(Association.content_id == content_id)).all()
    there = {row.integration_id: row for row in rows}
    gone = set(there) - set(integration_ids)
    if gone:
        session.exec(
            delete(Association).where(
                col(Association.content_id) == content_id, col(Association.integration_id).in_(gone)
            )
        )
    for integration_id in integration_ids:
        row = there.get(integration_id) or Association(content_id=content_id, integration_id=integration_id)
        row.role = (roles or {}).get(integration_id, row.role)
        session.add(row)
    session.flush()


def unknown_users(session: Session, guids: Iterable[str]) -> set[str]:
    """Those of the GUIDs that name nobody."""
    wanted = set(guids)
    found = session.exec(select(User.guid).where(col(User.guid).in_(wanted))).all() if wanted else []
    return wanted - set(found)
