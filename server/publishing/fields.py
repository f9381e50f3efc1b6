"""The fields of a content record that a request may set, checked; unknown and protected ones are left alone."""

from __future__ import annotations

import math
from typing import Any

from server.content.store import checked_name
from server.content.wire import FLAGS, NAMES, NUMBERS, WHOLE_NUMBERS
from server.web.body import Fields
from server.web.caller import Caller
from server.web.errors import ApiError, denied, invalid

ACCESS_TYPES = ("all", "logged_in", "acl")
UNKNOWN_ACCESS_TYPE = 117


def access_type_from(value: str) -> str:
    """An access type. Raises ApiError 400, code 117."""
    if value not in ACCESS_TYPES:
        raise ApiError(400, UNKNOWN_ACCESS_TYPE, f"access_type must be one of {', '.join(ACCESS_TYPES)}.")
    return value


def _tuning(given: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (*WHOLE_NUMBERS, *NUMBERS):
        if name not in given:
            continue
        value = given.data[name]
        wanted = (int,) if name in WHOLE_NUMBERS else (int, float)
        if value is not None and (isinstance(value, bool) or not isinstance(value, wanted)):
            raise invalid(f"{name} must be a {'whole ' if name in WHOLE_NUMBERS else ''}number or null.")
        if value is not None and not (0 <= value < 2**53 and math.isfinite(value)):
            raise invalid(f"{name} is out of range.")
        found[name] = value
    for name in FLAGS:
        if name in given:
            found[name] = None if given.data[name] is None else given.flag(name, False)
    for name in NAMES:
        if name in given:
            found[name] = None if given.data[name] is None else given.text(name, limit=256)
    return found


def changes_from(given: Fields, caller: Caller, *, creating: bool = False) -> dict[str, Any]:
    """What a create or patch request changes. Raises ApiError 400, 403 (`locked` is an administrator's)."""
    fields: dict[str, Any] = {}
    if given.data.get("name") is not None:
        fields["name"] = checked_name(given.text("name"))
    if "title" in given:
        fields["title"] = given.text("title", limit=1024) or None
    if "description" in given:
        fields["description"] = given.text("description")
    if given.data.get("access_type") is not None:
        fields["access_type"] = access_type_from(given.text("access_type"))
    tuning = _tuning(given)
    if tuning:
        fields["tuning"] = {name: v for name, v in tuning.items() if v is not None} if creating else tuning
    if creating:
        return fields
    if "content_category" in given:
        fields["content_category"] = given.text("content_category", limit=64)
    if given.data.get("owner_guid") is not None:
        fields["owner_guid"] = given.text("owner_guid").lower()
    if "locked" in given or "locked_message" in given:
        if not caller.has("administrator"):
            raise denied("Only an administrator locks content.")
        if "locked" in given:
            fields["locked"] = given.flag("locked", False)
        if "locked_message" in given:
            fields["locked_message"] = given.text("locked_message")
    return fields
