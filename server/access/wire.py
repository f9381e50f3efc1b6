"""Entries of access lists as the API shows them and takes them (connect-api.md 2.9)."""

from __future__ import annotations

from typing import Literal, NotRequired, cast

from typing_extensions import TypedDict

from server.db.models import Permission
from server.web.described import Guid

Kind = Literal["user", "group"]
Role = Literal["viewer", "owner"]


class PermissionObject(TypedDict):
    """One entry; the role `owner` is a collaborator's, and the owner herself has no entry."""

    id: str
    content_guid: str
    principal_guid: str
    principal_type: Kind
    role: Role


class NewPermission(TypedDict):
    """Who gets access, and which. `send_email` is accepted and sends nothing."""

    principal_guid: Guid
    principal_type: NotRequired[Kind | None]
    role: NotRequired[Role | None]
    send_email: NotRequired[bool | None]


def permission_object(row: Permission, content_guid: str) -> PermissionObject:
    """One entry on the wire."""
    return {
        "id": str(row.id),
        "content_guid": content_guid,
        "principal_guid": row.principal_guid,
        "principal_type": cast(Kind, row.principal_type),
        "role": cast(Role, row.role),
    }
