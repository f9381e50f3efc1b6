"""Step 3 of every visit: a pure decision over the caller and the content (architecture.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from server.content.view import ContentView
from server.web.caller import Caller

Standing = Literal["owner", "editor", "viewer", "none"]


@dataclass(frozen=True)
class Allowed:
    """The caller may see the content, with this standing."""

    caller: Caller
    view: ContentView
    standing: Standing


@dataclass(frozen=True)
class SignInFirst:
    """Nobody is signed in and the content is not for everybody."""


@dataclass(frozen=True)
class Denied:
    """The caller is known and may not see the content."""

    caller: Caller


def _entries(caller: Caller, view: ContentView) -> set[str]:
    """What the access list says of the caller: by her own entry, and by those of the groups she is in."""
    if not caller.signed_in:
        return set()
    found = {view.groups[group] for group in caller.groups if group in view.groups}
    if caller.guid in view.people:
        found.add(view.people[caller.guid])
    return found


def standing(caller: Caller, view: ContentView) -> Standing:
    """What the caller is to the content: `app_role` on the wire. An administrator without rights is `none`.

    Of several entries that name the caller, herself or by a group, the strongest counts. A collaborator whose
    account is only a viewer's keeps viewing rights: editing takes a publisher.
    """
    if caller.via == "content" and caller.content_guid != view.guid:
        return "none"
    if caller.via == "link":
        return "viewer" if caller.content_guid == view.guid else "none"
    if caller.signed_in and caller.guid == view.owner_guid:
        return "owner"
    listed = _entries(caller, view)
    if "owner" in listed:
        return "editor" if caller.has("publisher") else "viewer"
    if "viewer" in listed or view.access_type == "all":
        return "viewer"
    if view.access_type == "logged_in" and caller.signed_in:
        return "viewer"
    return "none"


def decide(caller: Caller, view: ContentView) -> Allowed | SignInFirst | Denied:
    """Whether the caller may look at the running content."""
    found = standing(caller, view)
    if found != "none":
        return Allowed(caller, view, found)
    return Denied(caller) if caller.signed_in else SignInFirst()


def may_view(caller: Caller, view: ContentView) -> bool:
    """Whether the caller may look at the running content."""
    return standing(caller, view) != "none"


def may_edit(caller: Caller, view: ContentView) -> bool:
    """Whether the caller may change the content: its owner, a collaborator, an administrator.

    Like a collaborator an owner needs a publisher's role for it: not a key of a viewer's role, nor one that lets
    another's app look round in her name (security.md S-09). What her own app may do, its routes say.
    """
    if caller.via == "content":
        return standing(caller, view) == "owner"
    return caller.has("administrator") or (caller.has("publisher") and standing(caller, view) in ("owner", "editor"))


def may_read_record(caller: Caller, view: ContentView) -> bool:
    """Whether the caller may read the content's record by API: as may_view for people, plus administrators."""
    if not caller.signed_in:
        return False
    return may_view(caller, view) or (caller.via != "content" and caller.has("administrator"))
