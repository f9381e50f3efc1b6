"""Who among the publishers may use an integration: its own access list (connect-api.md 3.1)."""

from __future__ import annotations

import re
import uuid
from typing import Any

from sqlmodel import Session

from server.db.models import Integration
from server.groups import store as groups
from server.groups.wire import GUID_PATTERN
from server.oauth import store
from server.web.caller import Caller
from server.web.errors import ApiError, invalid

INVALID_USER_GUID, INVALID_GROUP_GUID = 261, 262
CODES = {"user": INVALID_USER_GUID, "group": INVALID_GROUP_GUID}
MOST = 1000
GUID = re.compile(GUID_PATTERN)


def may_use(caller: Caller, row: Integration) -> bool:
    """Administrators always; publishers when the list is empty or names them or a group they are in."""
    if caller.has("administrator"):
        return True
    people = {entry.get("user_guid") for entry in row.permissions}
    their_groups = {entry.get("group_guid") for entry in row.permissions}
    listed = not row.permissions or caller.guid in people or not caller.groups.isdisjoint(their_groups)
    return caller.has("publisher") and listed


def checked(session: Session, given: Any) -> list[dict[str, Any]]:
    """The stored form of an API request's `permissions`. Raises ApiError 400 (261 user, 262 group)."""
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST or not all(isinstance(item, dict) for item in given):
        raise invalid('permissions must be a list such as [{"user_guid": "..."}, {"group_guid": "..."}].')
    named = list(dict.fromkeys(_named(item) for item in given))
    if store.unknown_users(session, {guid for kind, guid in named if kind == "user"}):
        raise ApiError(400, INVALID_USER_GUID, "A user_guid in permissions names nobody.")
    wanted = {guid for kind, guid in named if kind == "group"}
    if wanted - groups.known(session, wanted):
        raise ApiError(400, INVALID_GROUP_GUID, "A group_guid in permissions names no group.")
    return [
        {"id": str(number), "guid": str(uuid.uuid4()), "user_guid": None, "group_guid": None, f"{kind}_guid": guid}
        for number, (kind, guid) in enumerate(named, start=1)
    ]


def _named(item: dict[str, Any]) -> tuple[str, str]:
    """Whom one entry names: `user` or `group`, and its GUID. Raises ApiError 400 (261 user, 262 group)."""
    user, group = item.get("user_guid"), item.get("group_guid")
    kind = "user" if group is None else "group"
    guid = user if group is None else group
    if not isinstance(guid, str) or not GUID.fullmatch(guid) or (user is not None and group is not None):
        raise ApiError(400, CODES[kind], "Each entry of permissions needs a user_guid or a group_guid, and not both.")
    return kind, guid.lower()
