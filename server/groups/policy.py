"""Who may see a group and who may change it: pure decisions (docs/decisions, "People and groups")."""

from __future__ import annotations

from server.web.caller import Caller


def sees_all(caller: Caller) -> bool:
    """Whether the caller may see every group: whoever publishes may share with any of them."""
    return caller.has("publisher")


def may_see(caller: Caller, group_guid: str) -> bool:
    """Whether the caller may see one group and who is in it; viewers see those they are in."""
    return sees_all(caller) or group_guid in caller.groups


def may_manage(caller: Caller, owner_id: int | None) -> bool:
    """Whether the caller may rename, fill and delete a group: an administrator, or its owner while she publishes."""
    return caller.has("administrator") or (caller.has("publisher") and owner_id == caller.user_id)
