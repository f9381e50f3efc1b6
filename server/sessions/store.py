"""Queries over browser sessions and the credentials that identify callers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from server.db.clock import now
from server.db.models import (
    ApiKey,
    BrowserSession,
    ClaimToken,
    Content,
    Group,
    Integration,
    Membership,
    ToolClient,
    ToolCode,
    ToolDevice,
    ToolSignIn,
    ToolToken,
    User,
    VisitorKey,
)
from server.web.caller import RANK, Caller

# A claimed token that is not used for so long ends.
UNUSED = timedelta(days=90)


def person(user: User, *, via: str, credential: str, role: str | None = None, content: str | None = None) -> Caller:
    """The caller a credential stands for; a key's role never exceeds its owner's (S-09)."""
    effective = user.role if role is None or RANK[role] > RANK[user.role] else role
    assert user.id is not None
    name = f"{user.first_name} {user.last_name}".strip() or user.username
    return Caller(
        user_id=user.id,
        guid=user.guid,
        username=user.username,
        name=name,
        email=user.email,
        role=effective,
        via=via,  # type: ignore[arg-type]
        credential=credential,
        content_guid=content,
    )


@dataclass(frozen=True)
class Standing:
    """What a person may by her account: her role, and the groups she is in (GUID to name, by name)."""

    role: str
    groups: dict[str, str]

    def of(self, caller: Caller) -> Caller:
        """`caller` as she stands now; a credential that was given less keeps less."""
        role = caller.role if RANK.get(caller.role, 0) < RANK.get(self.role, 0) else self.role
        return replace(caller, role=role, groups=frozenset(self.groups), group_names=tuple(self.groups.values()))


def standings(session: Session, user_guids: Iterable[str]) -> dict[str, Standing]:
    """How these people stand now. One statement; who is not found may nothing."""
    query = (
        select(User.guid, User.role, Group.guid, Group.name)
        .join(Membership, col(Membership.user_id) == User.id, isouter=True)
        .join(Group, col(Group.id) == Membership.group_id, isouter=True)
        .where(col(User.guid).in_(set(user_guids)))
        .order_by(col(Group.name_key))
    )
    found: dict[str, Standing] = {}
    for user_guid, role, guid, name in session.exec(query).all():
        standing = found.setdefault(user_guid, Standing(role, {}))
        if guid is not None:
            standing.groups[guid] = name
    return found


def with_groups(session: Session, caller: Caller) -> Caller:
    """`caller` with the groups she is in."""
    standing = standings(session, [caller.guid]).get(caller.guid)
    return caller if standing is None else standing.of(caller)


def open_session(session: Session, row: BrowserSession) -> None:
    """Add a browser session and note that the person was here."""
    session.add(row)
    user = session.get(User, row.user_id)
    if user is not None:
        user.active_time = now()
        session.add(user)


def session_row(session: Session, token_hash: str) -> tuple[BrowserSession, User] | None:
    """A browser session with its person."""
    query = select(BrowserSession, User).join(User).where(BrowserSession.token_hash == token_hash)
    return session.exec(query).first()


def session_by_guid(session: Session, guid: str) -> tuple[BrowserSession, User] | None:
    """A browser session by its public name."""
    query = select(BrowserSession, User).join(User).where(BrowserSession.guid == guid)
    return session.exec(query).first()


def key_row(session: Session, key_hash: str) -> tuple[ApiKey, User] | None:
    """An API key with its person."""
    query = select(ApiKey, User).join(User).where(ApiKey.key_hash == key_hash)
    return session.exec(query).first()


def key_by_id(session: Session, key_id: int) -> tuple[ApiKey, User] | None:
    """An API key by its number."""
    return session.exec(select(ApiKey, User).join(User).where(ApiKey.id == key_id)).first()


def visitor_key(session: Session, key_hash: str) -> tuple[VisitorKey, User, str, str] | None:
    """A visitor key with its person and the GUIDs of its content and integration."""
    query = (
        select(VisitorKey, User, Content.guid, Integration.guid)
        .join(User, col(User.id) == VisitorKey.user_id)
        .join(Content, col(Content.id) == VisitorKey.content_id)
        .join(Integration, col(Integration.id) == VisitorKey.integration_id)
        .where(VisitorKey.key_hash == key_hash)
    )
    return session.exec(query).first()


def newest_visitor_key(
    session: Session, credential: str, content_id: int, integration_id: int, role: str, until: datetime
) -> VisitorKey | None:
    """One that was made for this sign-in, content and integration, with this role, and works beyond `until`."""
    query = (
        select(VisitorKey)
        .where(
            VisitorKey.credential == credential,
            VisitorKey.content_id == content_id,
            VisitorKey.integration_id == integration_id,
            VisitorKey.role == role,
            col(VisitorKey.expires_at) > until,
        )
        .order_by(col(VisitorKey.id).desc())
    )
    return session.exec(query.limit(1)).first()


def drop_visitor_keys(session: Session, credential: str) -> list[int]:
    """Delete the visitor keys that end with this sign-in; returns their numbers."""
    gone = delete(VisitorKey).where(col(VisitorKey.credential) == credential).returning(col(VisitorKey.id))
    return list(session.execute(gone).scalars().all())


def sweep_visitor_keys(session: Session) -> list[int]:
    """Delete visitor keys whose time is over; returns their numbers."""
    gone = delete(VisitorKey).where(col(VisitorKey.expires_at) < now()).returning(col(VisitorKey.id))
    return list(session.execute(gone).scalars().all())


def tool_row(session: Session, token_hash: str) -> tuple[ToolToken, ToolSignIn, User] | None:
    """An access token with the sign-in it belongs to and its person."""
    query = (
        select(ToolToken, ToolSignIn, User)
        .join(ToolSignIn, col(ToolSignIn.id) == col(ToolToken.sign_in_id))
        .join(User, col(User.id) == col(ToolSignIn.user_id))
    )
    return session.exec(query.where(ToolToken.token_hash == token_hash)).first()


def tool_by_guid(session: Session, guid: str) -> tuple[ToolSignIn, User] | None:
    """A tool's sign-in by its public name."""
    return session.exec(select(ToolSignIn, User).join(User).where(ToolSignIn.guid == guid)).first()


def claim_row(session: Session, token: str) -> tuple[ClaimToken, User] | None:
    """A claimed token with its person; None for one that nobody claimed."""
    return session.exec(select(ClaimToken, User).join(User).where(ClaimToken.token == token)).first()


def claim_by_guid(session: Session, guid: str) -> tuple[ClaimToken, User] | None:
    """A claimed token by its public name."""
    return session.exec(select(ClaimToken, User).join(User).where(ClaimToken.guid == guid)).first()


def touch(session: Session, touched: dict[str, datetime]) -> None:
    """Write down when credentials were last used: sessions, keys, tools and claims by their names."""
    for credential, moment in touched.items():
        kind, _, name = credential.partition(":")
        if kind == "session":
            session.exec(update(BrowserSession).where(col(BrowserSession.guid) == name).values(seen_time=moment))
        elif kind == "key":
            session.exec(update(ApiKey).where(col(ApiKey.id) == int(name)).values(last_used_time=moment))
        elif kind == "tool":
            session.exec(update(ToolSignIn).where(col(ToolSignIn.guid) == name).values(last_used_time=moment))
            used = select(ToolSignIn.client_row).where(ToolSignIn.guid == name).scalar_subquery()
            session.exec(update(ToolClient).where(col(ToolClient.id) == used).values(last_used_time=moment))
        elif kind == "claim":
            later = {"last_used_time": moment, "expires_at": moment + UNUSED}
            session.exec(update(ClaimToken).where(col(ClaimToken.guid) == name).values(**later))


def end(session: Session, guid: str) -> list[int]:
    """Delete one browser session; returns the numbers of the visitor keys that ended with it."""
    session.exec(delete(BrowserSession).where(col(BrowserSession.guid) == guid))
    return drop_visitor_keys(session, f"session:{guid}")


def end_all(session: Session, user_guid: str) -> None:
    """Delete every browser session of a person, every tool she signed in, and what was made or asked for by them."""
    user = session.exec(select(User).where(User.guid == user_guid)).first()
    if user is not None:
        for table in (BrowserSession, ToolSignIn, ToolCode, ToolDevice, ClaimToken, VisitorKey):
            session.exec(delete(table).where(col(table.user_id) == user.id))


def sweep(session: Session, idle: float) -> list[str]:
    """Delete sessions and tools' sign-ins that have ended by time; returns what Caller.credential called them."""
    moment = now()
    seen = col(BrowserSession.seen_time) < moment - timedelta(seconds=idle)
    ended: list[str] = []
    for kind, table, condition in (
        ("session", BrowserSession, (col(BrowserSession.expires_at) < moment) | seen),
        ("tool", ToolSignIn, col(ToolSignIn.expires_at) < moment),
        ("claim", ClaimToken, col(ClaimToken.expires_at) < moment),
    ):
        gone = session.execute(delete(table).where(condition).returning(col(table.guid)))
        ended += [f"{kind}:{guid}" for guid in gone.scalars().all()]
    return ended
