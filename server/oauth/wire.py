"""Integrations and associations as the API shows them (connect-api.md 3.1, 3.3); secrets have no place here."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from integrations.template import Template
from server.db.clock import wire
from server.db.models import Integration
from server.oauth.integrations import Integrations
from server.oauth.roles import LONGEST
from server.oauth.store import AssociationView, Usage
from server.web.described import Moment

Guid = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]
Line = Annotated[str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Description = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")]
RoleName = Annotated[str, Field(max_length=LONGEST)]
ConfigText = Annotated[str, Field(max_length=4096)]


class PermissionObject(TypedDict):
    """Who among the publishers may use an integration: a person or a group."""

    id: str
    guid: str
    integration_guid: str
    user_guid: str | None
    group_guid: str | None


class PermissionInput(TypedDict, total=False):
    """A person or a group; one of the two is given."""

    user_guid: Guid | None
    group_guid: Guid | None


class IntegrationObject(TypedDict):
    """An integration. Secrets are never in `config`; `content_count` is null but for administrators.

    `own_callback`: the provider sends people back to `.../callback/{guid}`, an address of this integration alone.
    `one_account`: whoever connected with one account of the vendor's cannot change to another by consenting again.
    """

    id: str
    guid: str
    created_time: str
    updated_time: str
    name: str | None
    description: str | None
    template: str
    auth_type: str
    config: dict[str, str | bool]
    permissions: list[PermissionObject]
    environment_variables: list[str]
    content_count: int | None
    secret_expires_at: str | None
    own_callback: bool
    one_account: bool


class NewIntegration(TypedDict):
    """An integration to be made; which keys `config` takes says its template."""

    template: Annotated[str, Field(max_length=64)]
    name: NotRequired[Line | None]
    description: NotRequired[Description | None]
    config: NotRequired[dict[str, ConfigText | bool | None] | None]
    permissions: NotRequired[Annotated[list[PermissionInput], Field(max_length=1000)] | None]
    secret_expires_at: NotRequired[Moment | None]
    own_callback: NotRequired[bool | None]
    one_account: NotRequired[bool | None]


class IntegrationChange(TypedDict, total=False):
    """What changes; `config` is merged key by key, and secrets that are not sent stay."""

    template: str | None
    name: Line | None
    description: Description | None
    config: dict[str, ConfigText | bool | None] | None
    permissions: Annotated[list[PermissionInput], Field(max_length=1000)] | None
    secret_expires_at: Moment | None
    own_callback: bool | None
    one_account: bool | None


class AssociationObject(TypedDict):
    """This content may use that integration; an empty role leaves the choice to each viewer."""

    app_guid: str
    content_guid: str
    oauth_integration_guid: str
    oauth_integration_name: str | None
    oauth_integration_description: str | None
    oauth_integration_template: str | None
    oauth_integration_auth_type: str | None
    oauth_integration_role: str
    created_time: str


class AssociationInput(TypedDict):
    """An integration that content shall use. A role pins it for every viewer, an empty one or null leaves the choice
    to each; left out, what is pinned stays.
    """

    oauth_integration_guid: Guid
    role: NotRequired[RoleName | None]


class Visibility(TypedDict, total=False):
    """When an entry counts: that key has that value, or operands joined by an operator."""

    name: str
    value: str
    operator: Literal["and", "or", "not"]
    operands: list[Visibility]


class SectionObject(TypedDict):
    """A heading of an integration's form."""

    id: int
    order: int
    name: str
    description: str


class OptionObject(TypedDict):
    """A choice: a switch, or one of several values."""

    name: str
    description: str
    order: int
    label: str
    visibility_expression: Visibility | None
    type: Literal["bool", "select"]
    values: list[str]
    default: str


class FieldObject(TypedDict):
    """A text to fill in; a secret one is never shown again."""

    name: str
    description: str
    order: int
    label: str
    visibility_expression: Visibility | None
    default: str
    validation: str
    validation_description: str
    secret: bool
    multiline: bool


class TemplateObject(TypedDict):
    """What integrations of one kind are made from."""

    id: str
    name: str
    description: str
    sections: list[SectionObject]
    options: list[OptionObject]
    fields: list[FieldObject]
    environment_variables: list[str]


def template_object(template: Template) -> TemplateObject:
    """One template."""
    shown: TemplateObject = template.wire()  # type: ignore[assignment]
    return shown


def integration(row: Integration, service: Integrations, *, count: int | None) -> IntegrationObject:
    """An integration; `count` is the number of content items, for administrators only."""
    template = service.catalog.get(row.template)
    return {
        "id": str(row.id),
        "guid": row.guid,
        "created_time": wire(row.created_time) or "",
        "updated_time": wire(row.updated_time) or "",
        "name": row.name,
        "description": row.description,
        "template": row.template,
        "auth_type": row.auth_type,
        "config": dict(row.config),
        "permissions": [permission(entry, row.guid) for entry in row.permissions],
        "environment_variables": list(template.data.environment_variables) if template else [],
        "content_count": count,
        # When the client secret ends is nothing that publishers need to know.
        "secret_expires_at": wire(row.secret_expires_at) if count is not None else None,
        "own_callback": row.own_callback,
        "one_account": row.one_account,
    }


def permission(entry: dict[str, Any], integration_guid: str) -> PermissionObject:
    """One entry of an access list."""
    return {
        "id": entry["id"],
        "guid": entry["guid"],
        "integration_guid": integration_guid,
        "user_guid": entry.get("user_guid"),
        "group_guid": entry.get("group_guid"),
    }


def association(view: AssociationView, content_guid: str) -> AssociationObject:
    """One association of a content item; `app_guid` is deprecated but still read by posit-sdk."""
    return {
        "app_guid": content_guid,
        "content_guid": content_guid,
        "oauth_integration_guid": view.guid,
        "oauth_integration_name": view.name,
        "oauth_integration_description": view.description,
        "oauth_integration_template": view.template,
        "oauth_integration_auth_type": view.auth_type,
        "oauth_integration_role": view.role,
        "created_time": wire(view.created_time) or "",
    }


def usage(row: Integration, used: Usage) -> AssociationObject:
    """One association of an integration."""
    return {
        "app_guid": used.content_guid,
        "content_guid": used.content_guid,
        "oauth_integration_guid": row.guid,
        "oauth_integration_name": row.name,
        "oauth_integration_description": row.description,
        "oauth_integration_template": row.template,
        "oauth_integration_auth_type": row.auth_type,
        "oauth_integration_role": used.role,
        "created_time": wire(used.created_time) or "",
    }
