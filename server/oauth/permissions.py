"""Who among the publishers may use an integration: its own access list (connect-api.md 3.1)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlmodel import Session

from server.db.models import Integration
from server.oauth import store
from server.web.caller import Caller
from server.web.errors import ApiError, invalid

INVALID_USER_GUID = 261
INVALID_GROUP_GUID = 262
MOST = 1000


def may_use(caller: Caller, row: Integration) -> bool:
    """Administrators always; publishers when the list is empty or names them."""
    if caller.has("administrator"):
        return True
    listed = {entry.get("user_guid") for entry in row.permissions}
    return caller.has("publisher") and (not row.permissions or caller.guid in listed)


def checked(session: Session, given: Any) -> list[dict[str, Any]]:
    """The stored form of an API request's `permissions`. Raises ApiError 400 (261 user, 262 group)."""
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST or not all(isinstance(item, dict) for item in given):
        raise invalid('permissions must be a list such as [{"user_guid": "..."}].')
    guids: list[str] = []
    for item in given:
        user, group = item.get("user_guid"), item.get("group_guid")
        if group is not None:
            raise ApiError(400, INVALID_GROUP_GUID, "There is no such group; name people by user_guid.")
        if not isinstance(user, str):
            raise ApiError(400, INVALID_USER_GUID, "Each entry of permissions needs a user_guid.")
        guids.append(user.lower())
    if store.unknown_users(session, guids):
        raise ApiError(400, INVALID_USER_GUID, "A user_guid in permissions names nobody.")
    return [
        {"id": str(number), "guid": str(uuid.uuid4()), "user_guid": guid, "group_guid": None}
        for number, guid in enumerate(dict.fromkeys(guids), start=1)
    ]
