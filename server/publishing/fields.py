"""The fields of a content record that a request may set, checked; unknown and protected ones are left alone."""

from __future__ import annotations

import math
from typing import Any

from server.content.store import checked_name
from server.content.wire import ELSEWHERE, FLAGS, NUMBERS, PROCESSES, SECONDS, SWITCHES, WHOLE_NUMBERS
from server.publishing.wire import CATEGORIES, LARGEST, LARGEST_32
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


def _number(name: str, value: Any) -> int | float | None:
    """A setting's number within its bounds, or None. Raises ApiError 400."""
    if value is None:
        return None
    whole = name in WHOLE_NUMBERS
    # JSON does not tell 1 from 1.0, and descriptions of whole numbers allow both.
    if whole and isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise invalid(f"{name} must be a {'whole ' if whole else ''}number or null.")
    low = 1 if name in ("max_processes", "max_conns_per_process") else 0
    high = 1 if name == "load_factor" else LARGEST_32 if name in (*SECONDS, *PROCESSES) else LARGEST
    if not (math.isfinite(value) and low <= value <= high):
        raise invalid(f"{name} must be from {low} to {high}, or null for the server's default.")
    return value


def _tuning(given: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (*WHOLE_NUMBERS, *NUMBERS):
        if name in given:
            found[name] = _number(name, given.data[name])
    for name in (*FLAGS, *SWITCHES):
        if name in given:
            found[name] = None if given.data[name] is None else given.flag(name, False)
    return found


def _refuse_elsewhere(given: Fields) -> None:
    """Raises ApiError 400 for what would need users of the machine or container images."""
    for name in ELSEWHERE:
        if given.data.get(name) is not None:
            raise invalid(f"This server runs every app as itself, in no container; leave {name} null.")
    if given.flag("run_as_current_user", False):
        raise invalid("This server runs every app as itself; leave run_as_current_user false.")


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
    _refuse_elsewhere(given)
    tuning = _tuning(given)
    if tuning:
        fields["tuning"] = {name: v for name, v in tuning.items() if v is not None} if creating else tuning
    return fields if creating else fields | _later(given, caller)


def _later(given: Fields, caller: Caller) -> dict[str, Any]:
    """What can be changed of content that is there, and not yet be given when it is made."""
    fields: dict[str, Any] = {}
    if given.data.get("content_category") is not None:
        fields["content_category"] = given.choice("content_category", CATEGORIES, "")
    if given.data.get("owner_guid") is not None:
        fields["owner_guid"] = given.text("owner_guid").lower()
    if "locked" in given or "locked_message" in given:
        if not caller.has("administrator"):
            raise denied("Only an administrator locks content.")
        if given.data.get("locked") is not None:
            fields["locked"] = given.flag("locked", False)
        if "locked_message" in given:
            fields["locked_message"] = given.text("locked_message")
    return fields
