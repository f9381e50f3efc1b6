"""Integrations and associations as the API shows them (connect-api.md 3.1, 3.3); secrets have no place here."""

from __future__ import annotations

from typing import Any

from server.db.clock import wire
from server.db.models import Integration
from server.oauth.integrations import Integrations
from server.oauth.store import AssociationView, Usage


def integration(row: Integration, service: Integrations, *, count: int | None) -> dict[str, Any]:
    """An integration; `count` is the number of content items, for administrators only."""
    template = service.catalog.get(row.template)
    shown: dict[str, Any] = {
        "id": str(row.id),
        "guid": row.guid,
        "created_time": wire(row.created_time),
        "updated_time": wire(row.updated_time),
        "name": row.name,
        "description": row.description,
        "template": row.template,
        "auth_type": row.auth_type,
        "config": dict(row.config),
        "permissions": [{**entry, "integration_guid": row.guid} for entry in row.permissions],
        "environment_variables": list(template.data.environment_variables) if template else [],
        "content_count": count,
    }
    return shown


def association(view: AssociationView, content_guid: str) -> dict[str, Any]:
    """One association of a content item; `app_guid` is deprecated but still read by posit-sdk."""
    return {
        "app_guid": content_guid,
        "content_guid": content_guid,
        "oauth_integration_guid": view.guid,
        "oauth_integration_name": view.name,
        "oauth_integration_description": view.description,
        "oauth_integration_template": view.template,
        "oauth_integration_auth_type": view.auth_type,
        "created_time": wire(view.created_time),
    }


def usage(row: Integration, used: Usage) -> dict[str, Any]:
    """One association of an integration."""
    return {
        "app_guid": used.content_guid,
        "content_guid": used.content_guid,
        "oauth_integration_guid": row.guid,
        "oauth_integration_name": row.name,
        "oauth_integration_description": row.description,
        "oauth_integration_template": row.template,
        "oauth_integration_auth_type": row.auth_type,
        "created_time": wire(used.created_time),
    }
