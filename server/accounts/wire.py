"""People and keys as the API shows them (connect-api.md 1.2, 1.4)."""

from __future__ import annotations

from typing import Any

from server.db.clock import wire
from server.db.models import ApiKey, User


def user_object(user: User) -> dict[str, Any]:
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


def key_object(key: ApiKey, value: str | None = None) -> dict[str, Any]:
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
