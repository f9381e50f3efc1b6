"""Queries over people and API keys. Every function takes the session of one transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, false, func, or_
from sqlmodel import Session, col, delete, select

from server.accounts.names import username_key
from server.db.clock import now
from server.db.models import ApiKey, Instance, User
from server.keys.credentials import digest, new_key
from server.web.caller import RANK
from server.web.errors import ApiError, not_found
from server.web.paging import Paging

DUPLICATE_USER = 8
SOLE_ADMIN = 61
ACTIVE_WITHIN = timedelta(days=365)
SORTS = ("first_name", "last_name", "username", "active_time", "created_time", "user_role")
STATUSES = ("locked", "licensed", "inactive")
NO_OTHER_ADMIN = "This is the only administrator; make another person administrator first."


def any_user(session: Session) -> bool:
    """Whether anybody has an account."""
    return session.exec(select(User.id).limit(1)).first() is not None


def by_guid(session: Session, guid: str) -> User:
    """The person with this GUID. Raises ApiError 404."""
    user = session.exec(select(User).where(User.guid == guid)).first()
    if user is None:
        raise not_found("user")
    return user


def by_name(session: Session, name: str) -> User | None:
    """The person with this user name, compared as names are (see names.username_key)."""
    return session.exec(select(User).where(User.username_key == username_key(name))).first()


def add_user(session: Session, **fields: Any) -> User:
    """A new person. Raises ApiError 409, code 8, where her name or her `unique_id` is taken."""
    _free(session, fields)
    user = User(guid=str(uuid.uuid4()), **fields, **_keys(fields))
    session.add(user)
    session.flush()
    return user


def _free(session: Session, fields: dict[str, Any], but: int | None = None) -> None:
    for field, column in (("username", User.username_key), ("unique_id", User.unique_id)):
        given = fields.get(field)
        if given is None:
            continue
        key = username_key(given) if field == "username" else given
        if session.exec(select(User.id).where(col(column) == key, User.id != but)).first() is not None:
            name = "user name" if field == "username" else "unique_id"
            raise ApiError(409, DUPLICATE_USER, f"This {name} is already in use.")


def _keys(fields: dict[str, Any]) -> dict[str, Any]:
    """The folded forms of those names that are given."""
    folded = {"username": "username_key", "first_name": "first_key", "last_name": "last_key"}
    return {key: username_key(fields[name]) for name, key in folded.items() if name in fields}


def _other_admin(session: Session, user: User) -> bool:
    """Whether somebody else is one. Locks the rows, so that two who leave at once do not count on each other."""
    admins = select(User.id).where(User.role == "administrator", col(User.locked).is_(False)).order_by(col(User.id))
    return any(number != user.id for number in session.exec(admins.with_for_update()).all())


def change_user(session: Session, guid: str, changes: dict[str, Any]) -> User:
    """Change fields of a person. Raises ApiError 404; 409 code 8, or 61 when the last administrator would go."""
    user = by_guid(session, guid)
    _free(session, changes, user.id)
    if user.role == "administrator" and changes.get("role", user.role) != user.role and not _other_admin(session, user):
        raise ApiError(409, SOLE_ADMIN, NO_OTHER_ADMIN)
    for name, value in {**changes, **_keys(changes)}.items():
        setattr(user, name, value)
    user.updated_time = now()
    session.add(user)
    return user


def set_locked(session: Session, guid: str, locked: bool) -> User:
    """Lock or unlock; no other field moves (connect-api.md 0.25). Raises as change_user."""
    user = by_guid(session, guid)
    if locked and user.role == "administrator" and not _other_admin(session, user):
        raise ApiError(409, SOLE_ADMIN, NO_OTHER_ADMIN)
    user.locked = locked
    session.add(user)
    return user


@dataclass(frozen=True)
class Wanted:
    """Which people, and in which order. No roles or statuses: all of them; no `sort`: by name, or what fits best."""

    prefix: str = ""
    roles: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    sort: str = ""
    ascending: bool = True


def list_users(session: Session, wanted: Wanted, paging: Paging) -> tuple[list[User], int]:
    """One page of people, and how many match in all."""
    query = select(User)
    begins = username_key(wanted.prefix)
    if begins:
        named = (User.username_key, User.first_key, User.last_key, User.unique_id)
        query = query.where(or_(*(col(name).startswith(begins, autoescape=True) for name in named)))
    if wanted.roles:
        query = query.where(col(User.role).in_(wanted.roles))
    if wanted.statuses:
        query = query.where(or_(*(_has_status(status) for status in sorted(wanted.statuses))))
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    order = _order(wanted, begins)
    rows = session.exec(query.order_by(*order).offset(paging.skipped).limit(paging.size)).all()
    return list(rows), total


def _has_status(status: str) -> Any:
    """`locked`; else `licensed` for who was here within a year, and `inactive` for who was not."""
    if status == "locked":
        return col(User.locked).is_(True)
    here = func.coalesce(col(User.active_time) > now() - ACTIVE_WITHIN, false())
    return col(User.locked).is_(False) & (here if status == "licensed" else ~here)


def _order(wanted: Wanted, begins: str) -> list[Any]:
    by_name = [col(User.first_key), col(User.last_key), col(User.username_key)]
    orders: dict[str, list[Any]] = {
        "first_name": by_name,
        "last_name": [col(User.last_key), col(User.first_key), col(User.username_key)],
        "username": [col(User.username_key)],
        "active_time": [col(User.active_time), col(User.id)],
        "created_time": [col(User.created_time), col(User.id)],
        "user_role": [case(RANK, value=User.role), *by_name],
    }
    chosen = orders[wanted.sort or "first_name"]
    if begins and not wanted.sort:
        # Whoever is called exactly so comes first, then whose username begins so.
        starts = col(User.username_key).startswith(begins, autoescape=True)
        chosen = [case((col(User.username_key) == begins, 0), (starts, 1), else_=2), *by_name]
    return [by.asc().nulls_first() if wanted.ascending else by.desc().nulls_last() for by in chosen]


def add_key(
    session: Session, user: User, name: str, *, role: str | None = None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new API key of a person and its value, which is not kept. Raises ApiError 400 for a role above hers."""
    if role is not None and RANK[role] > RANK[user.role]:
        raise ApiError(400, 234, "A key cannot have a higher role than its owner.")
    value = new_key()
    assert user.id is not None
    key = ApiKey(user_id=user.id, name=name, key_hash=digest(value), hint=value[:8], role=role, expires_at=expires_at)
    session.add(key)
    session.flush()
    return key, value


def add_content_key(session: Session, owner_id: int, content_guid: str, instance_key: str) -> str:
    """The key of one running instance; it dies with the instance."""
    value = new_key()
    session.add(
        ApiKey(
            user_id=owner_id,
            name=f"instance {instance_key}",
            key_hash=digest(value),
            hint=value[:8],
            content_guid=content_guid,
            instance_key=instance_key,
        )
    )
    return value


def drop_instance_keys(session: Session, instance_key: str | None = None) -> list[str]:
    """Delete the keys of one instance, or of all that have ended; returns their hashes."""
    named = col(ApiKey.instance_key)
    running = select(Instance.key).where(col(Instance.end_time).is_(None))
    ended = named.is_not(None) & named.not_in(running)
    condition = ended if instance_key is None else named.in_((instance_key,))
    hashes = list(session.exec(select(ApiKey.key_hash).where(condition)).all())
    session.exec(delete(ApiKey).where(condition))
    return hashes


def keys_of(session: Session, user_id: int) -> list[ApiKey]:
    """A person's own keys, oldest first; the keys of running instances are not among them."""
    query = select(ApiKey).where(ApiKey.user_id == user_id, col(ApiKey.content_guid).is_(None))
    return list(session.exec(query.order_by(col(ApiKey.id))).all())


def key_of(session: Session, user_id: int, key_id: int) -> ApiKey:
    """One of a person's own keys. Raises ApiError 404."""
    key = session.get(ApiKey, key_id)
    if key is None or key.user_id != user_id or key.content_guid is not None:
        raise not_found("API key")
    return key


def drop_key(session: Session, user_id: int, key_id: int) -> str:
    """Delete one of a person's keys; returns its hash. Raises ApiError 404."""
    key = key_of(session, user_id, key_id)
    session.delete(key)
    return key.key_hash
