"""Delegated authorizations on the wire (seed 003)."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from server.db.clock import wire
from server.delegations.delegations import Revoked
from server.delegations.store import Authorization
from server.oauth.wire import Guid, RoleName
from server.web.described import PageQuery


class AuthorizationObject(TypedDict):
    """Somebody lets an integration act for her, in a role: she connected, or need not be asked before she does.

    `role` is empty for the vendor's default role. `status` is `connected` or `reauth_required` for a connection,
    `active` for a pre-authorization. `created_by` names the administrator who pre-authorized; else it is empty.
    """

    guid: str
    kind: Literal["connection", "pre-authorized"]
    created_on: str
    user_guid: str
    user_name: str
    role: str
    integration_guid: str
    integration_name: str
    status: str
    created_by: str


class RevokedObject(AuthorizationObject):
    """An authorization that was ended; `vendor` and `message` say what becomes of it at the vendor."""

    vendor: Literal["told", "no_endpoint", "changed", "unreadable", "nothing"]
    message: str


class NewAuthorization(TypedDict):
    """Whom not to ask, at which integration, in which role (left out: the default one)."""

    user_guid: Guid
    integration_guid: Guid
    role: NotRequired[RoleName | None]


class AuthorizationQuery(PageQuery, total=False):
    """Whose, at which integration, in which role (empty: the default one), and of which kind."""

    user: Guid
    integration: Guid
    role: RoleName
    kind: Literal["connection", "pre-authorized"]


class RevocationQuery(TypedDict, total=False):
    """What to end: at least one of user, integration and role."""

    user: Guid
    integration: Guid
    role: RoleName
    kind: Literal["connection", "pre-authorized"]


def authorization_object(row: Authorization) -> AuthorizationObject:
    """One row."""
    return {
        "guid": row.guid,
        "kind": row.kind,
        "created_on": wire(row.created) or "",
        "user_guid": row.user_guid,
        "user_name": row.user_name,
        "role": row.role,
        "integration_guid": row.integration_guid,
        "integration_name": row.integration_name,
        "status": row.status,
        "created_by": row.by,
    }


def revoked_object(ended: Revoked) -> RevokedObject:
    """One row that is no more."""
    shown = authorization_object(ended.authorization)
    shown["status"] = "revoked"
    return {**shown, "vendor": ended.vendor, "message": ended.message}  # type: ignore[typeddict-item]
