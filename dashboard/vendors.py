"""The systems that integrations are made for, sorted for people who look for one."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.template import Template

OTHER = "Anything else"
# In the order people meet them; a template that no group names is among the others.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Data warehouses", ("snowflake", "external-oauth", "databricks", "databricks-account", "bigquery")),
    ("Microsoft", ("azure", "msgraph", "sharepoint", "azure-openai")),
    ("Google", ("drive", "sheets", "vertex-ai", "google")),
    ("Amazon", ("aws", "aws-sts", "aws-viewer")),
    ("Code and business", ("github", "github-app", "salesforce")),
    ("This server", ("connect",)),
    (OTHER, ("oidc", "okta", "auth0", "keycloak", "custom")),
)


def grouped(templates: Iterable[Template]) -> list[tuple[str, list[Template]]]:
    """The templates by group; groups without any are left out."""
    known = {key: name for name, keys in GROUPS for key in keys}
    places = {key: place for _, keys in GROUPS for place, key in enumerate(keys)}
    found: dict[str, list[Template]] = {name: [] for name, _ in GROUPS}
    for template in templates:
        found[known.get(template.key, OTHER)].append(template)
    return [(name, sorted(group, key=lambda each: places.get(each.key, -1))) for name, group in found.items() if group]


def matching(templates: Iterable[Template], query: str) -> list[Template]:
    """Those whose name, key or description holds every word of `query`."""
    words = query.casefold().split()
    return [
        template
        for template in templates
        if all(word in f"{template.name} {template.key} {template.description}".casefold() for word in words)
    ]
