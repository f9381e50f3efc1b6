"""Queries over delegated authorizations: connections and pre-authorizations as one list, paged in SQL."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, union_all, update
from sqlmodel import Session, col, delete
from sqlmodel import select as select_rows

from server.accounts.names import username_key
from server.db.models import Connection, Integration, PreAuthorization, User
from server.web.paging import Paging

Kind = Literal["connection", "pre-authorized"]


@dataclass(frozen=True)
class Wanted:
    """Which authorizations. `role` "" is the vendor's default role, None any; `person` is how a username begins."""

    user_guid: str | None = None
    integration_guid: str | None = None
    role: str | None = None
    kind: Kind | None = None
    person: str = ""

    @property
    def nothing(self) -> bool:
        """Whether this names nobody and nothing."""
        return not self.person and (self.user_guid, self.integration_guid, self.role) == (None, None, None)


@dataclass(frozen=True)
class Authorization:
    """One row. `by` is the administrator who pre-authorized it, as she was called then."""

    guid: str
    kind: Kind
    created: datetime
    user_guid: str
    user_name: str
    role: str
    integration_guid: str
    integration_name: str
    template: str
    status: str
    by: str


def _conditions(wanted: Wanted, role: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.user_guid is not None:
        found.append(col(User.guid) == wanted.user_guid)
    if wanted.integration_guid is not None:
        found.append(col(Integration.guid) == wanted.integration_guid)
    if wanted.role is not None:
        found.append(col(role) == wanted.role)
    if wanted.person:
        found.append(col(User.username_key).startswith(username_key(wanted.person), autoescape=True))
    return found


def _half(kind: Kind, table: type[Connection] | type[PreAuthorization], wanted: Wanted) -> Select[Any]:
    """One kind's rows in the columns of `Authorization`."""
    if table is Connection:
        same = and_(
            col(Connection.fingerprint) == col(Integration.fingerprint),
            col(Connection.config_version) == col(Integration.config_version),
        )
        status: Any = case((same, col(Connection.status)), else_=literal("reauth_required"))
        by: Any = literal("")
    else:
        status, by = literal("active"), col(PreAuthorization.created_by)
    columns: tuple[Any, ...] = (
        col(table.guid).label("guid"),
        literal(kind).label("kind"),
        col(table.created_time).label("created"),
        col(User.guid).label("user_guid"),
        col(User.username).label("user_name"),
        col(table.role_key).label("role"),
        col(Integration.guid).label("integration_guid"),
        func.coalesce(col(Integration.name), col(Integration.template)).label("integration_name"),
        col(Integration.template).label("template"),
        status.label("status"),
        by.label("by"),
    )
    return (
        select(*columns)
        .join(Integration, col(Integration.id) == col(table.integration_id))
        .join(User, col(User.id) == col(table.user_id))
        .where(*_conditions(wanted, table.role_key))
    )


def _all(wanted: Wanted) -> Any:
    halves = []
    if wanted.kind in (None, "connection"):
        halves.append(_half("connection", Connection, wanted))
    if wanted.kind in (None, "pre-authorized"):
        halves.append(_half("pre-authorized", PreAuthorization, wanted))
    return union_all(*halves).subquery()


def listed(session: Session, wanted: Wanted, paging: Paging) -> tuple[list[Authorization], int]:
    """One page, oldest first, and how many there are in all."""
    rows = _all(wanted)
    total: int = session.execute(select(func.count()).select_from(rows)).scalar_one()
    query = select(rows).order_by(rows.c.created, rows.c.guid).offset(paging.skipped).limit(paging.size)
    return [Authorization(*row) for row in session.execute(query).all()], total


@dataclass(frozen=True)
class Extent:
    """What a revocation would end: so many connections and pre-authorizations, of so many people, in so many roles."""

    connections: int = 0
    pre_authorizations: int = 0
    people: int = 0
    integrations: int = 0


def extent(session: Session, wanted: Wanted) -> Extent:
    """How much `wanted` names."""
    rows = _all(wanted)
    counted = select(
        func.count().filter(rows.c.kind == "connection"),
        func.count().filter(rows.c.kind == "pre-authorized"),
        func.count(rows.c.user_guid.distinct()),
        func.count(rows.c.integration_guid.distinct()),
    )
    return Extent(*session.execute(counted.select_from(rows)).one())


def guids(session: Session, wanted: Wanted, kind: Kind) -> list[str]:
    """The GUIDs of what `wanted` names, of one kind."""
    if wanted.kind not in (None, kind):
        return []
    table = Connection if kind == "connection" else PreAuthorization
    rows = _half(kind, table, wanted).subquery()
    return list(session.execute(select(rows.c.guid).order_by(rows.c.created, rows.c.guid)).scalars())


def add(session: Session, user_id: int, integration_id: int, role: str, by: str) -> tuple[PreAuthorization, bool]:
    """The pre-authorization, and whether it is new."""
    found = session.exec(
        select_rows(PreAuthorization).where(
            PreAuthorization.user_id == user_id,
            PreAuthorization.integration_id == integration_id,
            PreAuthorization.role_key == role,
        )
    ).first()
    if found is not None:
        return found, False
    row = PreAuthorization(
        guid=str(uuid.uuid4()), user_id=user_id, integration_id=integration_id, role_key=role, created_by=by
    )
    session.add(row)
    session.flush()
    return row, True


def drop(session: Session, wanted: list[str]) -> None:
    """Delete pre-authorizations by GUID."""
    session.exec(delete(PreAuthorization).where(col(PreAuthorization.guid).in_(wanted)))


def claim(session: Session, user_id: int, integration_id: int, role: str, *, renewing: bool, moment: datetime) -> bool:
    """Note that the explanation is skipped now; False where it may not be.

    It may be for a pre-authorized person who was not sent to the vendor before, or whose last skip led to a
    connection that is there still (`renewing`) but has to be made anew. One statement: of two tabs, one skips.
    """
    fresh = col(PreAuthorization.skipped_time).is_(None)
    again = col(PreAuthorization.connected_time) >= col(PreAuthorization.skipped_time)
    skipped = (
        update(PreAuthorization)
        .where(
            col(PreAuthorization.user_id) == user_id,
            col(PreAuthorization.integration_id) == integration_id,
            col(PreAuthorization.role_key) == role,
            or_(fresh, again) if renewing else fresh,
        )
        .values(skipped_time=moment)
    )
    found: int = session.execute(skipped).rowcount  # type: ignore[attr-defined]
    return found == 1


def connected(session: Session, user_id: int, integration_id: int, role: str, moment: datetime) -> None:
    """Note that the person connected."""
    session.execute(
        update(PreAuthorization)
        .where(
            col(PreAuthorization.user_id) == user_id,
            col(PreAuthorization.integration_id) == integration_id,
            col(PreAuthorization.role_key) == role,
        )
        .values(connected_time=moment, skipped_time=func.coalesce(col(PreAuthorization.skipped_time), moment))
    )
