"""People and keys as the API shows them and takes them (connect-api.md 1.2, 1.4, 2.10)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, cast

from pydantic import Field
from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import ApiKey, User
from server.web.caller import RANK, Caller
from server.web.described import Moment, text, whole_number
from server.web.paging import OrderedQuery, Prefix

Role = Literal["administrator", "publisher", "viewer"]
Name = Annotated[str, text(256)]
Password = Annotated[str, text(1024, least=8)]
# What connectapi and rsconnect's test bed read of `/me`: what the role lets her do, in Connect's words.
PRIVILEGES: dict[str, tuple[str, ...]] = {
    "viewer": ("view_apps", "edit_own_profile"),
    "publisher": ("publish_apps", "add_groups", "add_vanities"),
    "administrator": (
        "add_users", "edit_any_profile", "lock_users", "change_user_roles", "edit_any_groups", "manage_tags",
        "view_audit_log", "configure_system",
    ),
}  # fmt: skip


class UserObject(TypedDict):
    """A person. `external_id` is what a directory elsewhere calls her, for administrators and herself."""

    guid: str
    username: str
    email: str
    first_name: str
    last_name: str
    user_role: Role
    created_time: Moment
    updated_time: Moment
    active_time: Moment | None
    confirmed: bool
    locked: bool
    external_id: NotRequired[str]


class MeObject(UserObject):
    """The caller as Connect's older address gives her."""

    privileges: list[str]
    preferences: dict[str, str]


class NewUser(TypedDict):
    """What makes an account. Without a password nobody signs in to it until it has one."""

    username: Annotated[str, text(64, least=1)]
    password: NotRequired[Password | None]
    user_must_set_password: NotRequired[bool | None]
    email: NotRequired[Annotated[str, text(254)] | None]
    first_name: NotRequired[Name | None]
    last_name: NotRequired[Name | None]
    user_role: NotRequired[Role | None]
    unique_id: NotRequired[Name | None]
    external_id: NotRequired[Name | None]


class UserChange(TypedDict, total=False):
    """What may change of a person; what is not sent, or null, stays."""

    username: Annotated[str, text(64, least=1)] | None
    email: Annotated[str, text(254)] | None
    first_name: Name | None
    last_name: Name | None
    user_role: Role | None
    password: Password | None


class LockChange(TypedDict, total=False):
    """Whether the account is to be locked; left out, it is."""

    locked: bool | None


class UserQuery(OrderedQuery, total=False):
    """Which people: several roles or statuses are joined by `|`, which means "or"."""

    prefix: Prefix
    user_role: Annotated[
        str, Field(pattern=r"^((administrator|publisher|viewer)(\|(administrator|publisher|viewer))*)?$")
    ]
    account_status: Annotated[str, Field(pattern=r"^((locked|licensed|inactive)(\|(locked|licensed|inactive))*)?$")]
    sort: Literal["first_name", "last_name", "username", "active_time", "created_time", "user_role"]


class RemoteQuery(TypedDict, total=False):
    """Whom to look for in a directory elsewhere, and how many to find."""

    prefix: Prefix
    limit: Annotated[int, whole_number(1)]


class RemoteUser(TypedDict):
    """Somebody in a directory elsewhere, of which this server has none."""

    guid: str | None
    username: str
    temp_ticket: str


def user_object(user: User) -> UserObject:
    """The user object."""
    return {
        "guid": user.guid,
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "user_role": cast(Role, user.role),
        "created_time": wire(user.created_time) or "",
        "updated_time": wire(user.updated_time) or "",
        "active_time": wire(user.active_time),
        "confirmed": user.confirmed,
        "locked": user.locked,
    }


def shown_to(caller: Caller, user: User) -> UserObject:
    """The user object as `caller` sees it: viewers see names of others, not their addresses and activity."""
    shown, herself = user_object(user), user.guid == caller.guid
    if user.unique_id is not None and (herself or caller.has("administrator")):
        shown["external_id"] = user.unique_id
    if not herself and not caller.has("publisher"):
        shown["email"], shown["active_time"] = "", None
    return shown


def me_object(caller: Caller, user: User) -> MeObject:
    """The caller, with the rights of the credential she shows."""
    held = [word for role, words in PRIVILEGES.items() if RANK[role] <= RANK[caller.role] for word in words]
    shown: dict[str, Any] = {**shown_to(caller, user), "user_role": caller.role}
    return cast(MeObject, {**shown, "privileges": held, "preferences": {}})


class KeyObject(TypedDict):
    """An API key. `key` is its value in the reply that made it, and only its beginning later."""

    id: str
    name: str
    key: str
    user_role: Role | None
    created_time: Moment
    last_used_time: Moment | None
    expires_at: Moment | None


class NewKey(TypedDict):
    """What makes a key: a role not above that of its maker (null: hers, now and later), and when it ends."""

    name: Annotated[str, text(256, least=1)]
    user_role: NotRequired[Role | None]
    expires_at: NotRequired[Moment | None]


class BootstrapReply(TypedDict):
    """The key of the first administrator."""

    api_key: str


def key_object(key: ApiKey, value: str | None = None) -> KeyObject:
    """An API key; its value only in the reply that made it."""
    return {
        "id": str(key.id),
        "name": key.name,
        "key": value or f"{key.hint}…",
        "user_role": cast(Role | None, key.role),
        "created_time": wire(key.created_time) or "",
        "last_used_time": wire(key.last_used_time),
        "expires_at": wire(key.expires_at),
    }
