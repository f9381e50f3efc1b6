"""Queries over tools: clients, codes, sign-ins and device authorizations. Rows that are about to change are locked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, delete, select

from server.db.models import ToolClient, ToolCode, ToolDevice, ToolSignIn, ToolToken, User

MOST_CLIENTS = 10_000
MOST_DEVICES = 1_000
# Access tokens of one sign-in that may live side by side: the newest ones.
MOST_TOKENS = 8
NEVER_USED = timedelta(days=1)
LONG_UNUSED = timedelta(days=400)
# How long a code is remembered after its end, so that a second use of it is noticed.
CODES_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class SignedIn:
    """A tool that a person signed in, for her list."""

    guid: str
    name: str
    since: datetime
    last_used: datetime | None
    expires: datetime
    address: str


def client(session: Session, client_id: str) -> ToolClient | None:
    """The client of this public name."""
    return session.exec(select(ToolClient).where(ToolClient.client_id == client_id)).first()


def add_client(session: Session, row: ToolClient) -> bool:
    """Add a client, after those have gone that never signed anybody in or have not for long.

    Anybody may register: where there is no room, one goes that nobody has used yet. False when all are in use.
    """
    unused = col(ToolClient.last_used_time).is_(None) & (col(ToolClient.created_time) < row.created_time - NEVER_USED)
    idle = col(ToolClient.last_used_time) < row.created_time - LONG_UNUSED
    signed_in = select(ToolSignIn.client_row)
    session.exec(delete(ToolClient).where(unused | idle, col(ToolClient.id).not_in(signed_in)))
    if session.exec(select(func.count()).select_from(ToolClient)).one() >= MOST_CLIENTS:
        oldest = select(ToolClient).where(col(ToolClient.last_used_time).is_(None)).order_by(col(ToolClient.id))
        room = session.exec(oldest.limit(1)).first()
        if room is None:
            return False
        session.delete(room)
    session.add(row)
    session.flush()
    return True


def clients(session: Session, page: int, size: int) -> tuple[list[ToolClient], int]:
    """One page of clients, oldest first, and how many there are."""
    total = session.exec(select(func.count()).select_from(ToolClient)).one()
    query = select(ToolClient).order_by(col(ToolClient.id)).offset((page - 1) * size).limit(size)
    return list(session.exec(query).all()), total


def drop_client(session: Session, row: ToolClient) -> list[str]:
    """Delete a client with all its sign-ins; returns their GUIDs."""
    guids = list(session.exec(select(ToolSignIn.guid).where(ToolSignIn.client_row == row.id)).all())
    session.delete(row)
    return guids


def person(session: Session, user_id: int) -> User | None:
    """A person who may sign tools in."""
    user = session.get(User, user_id)
    return None if user is None or user.locked else user


def add_code(session: Session, row: ToolCode, moment: datetime) -> None:
    """Add a code; those that ended long ago go."""
    session.exec(delete(ToolCode).where(col(ToolCode.expires_at) < moment - CODES_KEPT))
    session.add(row)


def code(session: Session, code_hash: str) -> ToolCode | None:
    """A code."""
    return session.exec(select(ToolCode).where(ToolCode.code_hash == code_hash).with_for_update()).first()


def sign_in_of_family(session: Session, family: str) -> ToolSignIn | None:
    """The sign-in whose refresh tokens share this part."""
    return session.exec(select(ToolSignIn).where(ToolSignIn.family == family).with_for_update()).first()


def sign_in_of_token(session: Session, token_hash: str) -> tuple[ToolToken, ToolSignIn] | None:
    """An access token and its sign-in."""
    query = select(ToolToken, ToolSignIn).join(ToolSignIn, col(ToolSignIn.id) == col(ToolToken.sign_in_id))
    return session.exec(query.where(ToolToken.token_hash == token_hash)).first()


def add_token(session: Session, row: ToolToken) -> None:
    """Add an access token; of its sign-in, the ended ones go, and the oldest beyond MOST_TOKENS."""
    same = col(ToolToken.sign_in_id) == row.sign_in_id
    session.exec(delete(ToolToken).where(same, col(ToolToken.expires_at) <= row.created_time))
    newest = select(ToolToken.token_hash).where(same).order_by(col(ToolToken.created_time).desc())
    extra = session.exec(newest.offset(MOST_TOKENS - 1)).all()
    if extra:
        session.exec(delete(ToolToken).where(col(ToolToken.token_hash).in_(extra)))
    session.add(row)


def sign_ins(session: Session, user_id: int, moment: datetime) -> list[SignedIn]:
    """A person's signed-in tools, newest first."""
    query = (
        select(ToolSignIn, ToolClient.client_name)
        .join(ToolClient, col(ToolClient.id) == col(ToolSignIn.client_row))
        .where(ToolSignIn.user_id == user_id, ToolSignIn.expires_at > moment)
    )
    return [
        SignedIn(row.guid, name, row.created_time, row.last_used_time, row.expires_at, row.address)
        for row, name in session.exec(query.order_by(col(ToolSignIn.id).desc())).all()
    ]


def own_sign_in(session: Session, user_id: int, guid: str) -> ToolSignIn | None:
    """One of a person's own."""
    query = select(ToolSignIn).where(ToolSignIn.guid == guid, ToolSignIn.user_id == user_id)
    return session.exec(query).first()


def add_device(session: Session, row: ToolDevice) -> bool:
    """Add a device authorization; ended ones go. False when too many wait."""
    session.exec(delete(ToolDevice).where(col(ToolDevice.expires_at) < row.created_time - CODES_KEPT))
    waiting = select(func.count()).select_from(ToolDevice).where(col(ToolDevice.expires_at) > row.created_time)
    if session.exec(waiting).one() >= MOST_DEVICES:
        return False
    session.add(row)
    return True


def device(session: Session, device_hash: str) -> ToolDevice | None:
    """A device authorization by the tool's code."""
    return session.exec(select(ToolDevice).where(ToolDevice.device_hash == device_hash).with_for_update()).first()


def device_of_person(session: Session, user_code_hash: str, moment: datetime) -> tuple[ToolDevice, ToolClient] | None:
    """A device authorization that waits for a decision, by the code that a person types."""
    query = select(ToolDevice, ToolClient).join(ToolClient, col(ToolClient.id) == col(ToolDevice.client_row))
    waits = (ToolDevice.user_code_hash == user_code_hash, ToolDevice.decision == "", ToolDevice.expires_at > moment)
    return session.exec(query.where(*waits).with_for_update()).first()
