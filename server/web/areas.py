"""Sorts the routes of the API into areas, for people who read about them."""

from __future__ import annotations

import re

# A word of the path and the area it puts a route in; the first that occurs in the path decides.
_WORDS = (
    ("environments", "Execution environments"),
    ("oauth/clients", "Signed-in tools"),
    ("tokens", "Signed-in tools"),
    ("oauth/(?:authorizations|sessions|choices)", "Connections"),
    ("issuer|signing-keys|role-mapping|inspect", "Signed tokens"),
    ("oauth", "Integrations"),
    ("share_links", "Access"),
    ("schedules?|variants|render", "Renderings and schedules"),
    ("groups", "Groups"),
    ("tags", "Tags"),
    ("vanit(?:y|ies)", "Content"),
    ("permissions", "Access"),
    ("environment", "Variables"),
    ("bundles|repository|lockfile|packages", "Bundles and packages"),
    ("deploy|build|tasks", "Deployments"),
    ("jobs", "Jobs"),
    ("instrumentation|metrics", "Usage"),
    ("audit_logs|audit|auditlogs", "Audit"),
    ("keys", "API keys"),
    ("users?|me|bootstrap", "People"),
    ("server_settings|system|timezones|openapi.json", "Server"),
    ("content|applications", "Content"),
)
OTHER = "Other"
# In the order people meet them.
AREAS = (
    "Content",
    "Bundles and packages",
    "Deployments",
    "Jobs",
    "Variables",
    "Access",
    "Tags",
    "Renderings and schedules",
    "Integrations",
    "Connections",
    "Signed tokens",
    "People",
    "Groups",
    "API keys",
    "Signed-in tools",
    "Usage",
    "Audit",
    "Server",
    "Execution environments",
    OTHER,
)
_RULES = tuple((re.compile(rf"/(?:{words})(?:/|$)"), name) for words, name in _WORDS)


def area(path: str) -> str:
    """The area of a route's path."""
    return next((name for rule, name in _RULES if rule.search(path)), OTHER)
