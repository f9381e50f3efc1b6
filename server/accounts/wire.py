"""People and keys as the API shows them and takes them (connect-api.md 1.2, 1.4, 2.10)."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import ApiKey, User
from server.web.caller import Caller

Role = Literal["administrator", "publisher", "viewer"]


class UserObject(TypedDict):
    """A person."""

    guid: str
    username: str
    email: str
    first_name: str
    last_name: str
    user_role: str
    created_time: str | None
    updated_time: str | None
    active_time: str | None
    confirmed: bool
    locked: bool


class UserPage(TypedDict):
    """A page of people."""

    results: list[UserObject]
    current_page: int
    total: int


def user_object(user: User) -> UserObject:
    """The user object."""
    return {
        "guid": user.guid,
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "user_role": user.role,
        "created_time": wire(user.created_time),
        "updated_time": wire(user.updated_time),
        "active_time": wire(user.active_time),
        "confirmed": user.confirmed,
        "locked": user.locked,
    }


def shown_to(caller: Caller, user: User) -> UserObject:
    """The user object as `caller` sees it: viewers see names of others, not their addresses and activity."""
    shown = user_object(user)
    if caller.has("publisher") or user.guid == caller.guid:
        return shown
    return {**shown, "email": "", "active_time": None}


class KeyObject(TypedDict):
    """An API key. `key` is its value in the reply that made it, and only its beginning later."""

    id: str
    name: str
    key: str
    user_role: str | None
    created_time: str | None
    last_used_time: str | None
    expires_at: str | None


def key_object(key: ApiKey, value: str | None = None) -> KeyObject:
    """An API key; its value only in the reply that made it."""
    return {
        "id": str(key.id),
        "name": key.name,
        "key": value or f"{key.hint}…",
        "user_role": key.role,
        "created_time": wire(key.created_time),
        "last_used_time": wire(key.last_used_time),
        "expires_at": wire(key.expires_at),
    }
