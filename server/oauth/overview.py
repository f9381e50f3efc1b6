"""Who uses and who is connected to integrations, as lists and the page before a deletion count it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from integrations import catalog
from server.content import reach
from server.db.models import Association, Connection, Content, Integration, User
from server.web.caller import Caller


@dataclass(frozen=True)
class App:
    """A content item that uses an integration, in the role its publisher pinned, if any."""

    guid: str
    title: str
    role: str = ""


def connected(session: Session) -> dict[int, int]:
    """How many people are connected, by integration id."""
    query = (
        select(Connection.integration_id, func.count(col(Connection.user_id).distinct()))
        .where(Connection.status == "connected")
        .group_by(col(Connection.integration_id))
    )
    return dict(session.exec(query).all())


def connected_to(session: Session, integration_id: int) -> int:
    """How many people are connected to one integration."""
    query = select(func.count(col(Connection.user_id).distinct())).where(
        Connection.integration_id == integration_id, Connection.status == "connected"
    )
    return session.exec(query).one()


def apps(session: Session, integration_id: int) -> list[App]:
    """The content that uses one integration, by title."""
    query = (
        select(Content)
        .join(Association, col(Association.content_id) == Content.id)
        .where(Association.integration_id == integration_id)
    )
    found = [App(row.guid, row.title or row.name) for row in session.exec(query).all()]
    return sorted(found, key=lambda app: app.title.casefold())


def apps_open_to(session: Session, caller: Caller) -> dict[str, tuple[App, ...]]:
    """The content the caller may open that acts for its viewer, by the GUID of the integration. One statement."""
    query = (
        select(Integration.guid, Content, Association.role)
        .join(Association, col(Association.integration_id) == Integration.id)
        .join(Content, col(Content.id) == Association.content_id)
        .join(User, col(User.id) == Content.owner_id)
        .where(
            Integration.auth_type == "Viewer",
            col(Integration.template).not_in(catalog.load().minted),
            reach.open_to(caller.guid),
        )
        .order_by(col(Content.id))
    )
    found: dict[str, list[App]] = defaultdict(list)
    for guid, row, role in session.exec(query).all():
        found[guid].append(App(row.guid, row.title or row.name, role))
    return {guid: tuple(rows) for guid, rows in found.items()}
