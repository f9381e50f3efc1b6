"""Makes twins of a view: in one every text is an attack, in the other it is harmless and of the same shape."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

ATTACK = "\"'><svg onload=alert(1)></textarea></title></script>{{ 7*7 }}"
OURS = {
    "health",
    "role",
    "kind",
    "tab",
    "access_type",
    "auth_type",
    "layout",
    "stream",
    "active",
    "control",
    "by",
    "method",
    "place",
}
"""Fields that hold one of a few words of our own, which the type checker guards."""
HARMLESS = "plain text of nobody"
ADDRESSES = {"back", "logs", "retry", "not_now", "href", "url", "shown_when", "anchor", "slug"}
"""Fields the caller has already made into an address of this server (or, `shown_when`, into JSON)."""


def hostile(value: Any, text: str = ATTACK, name: str = "") -> Any:
    """`value` with every free text in it, however deep, replaced by `text`."""
    if is_dataclass(value) and not isinstance(value, type):
        changes = {
            each.name: hostile(getattr(value, each.name), text, each.name)
            for each in fields(value)
            if each.name not in OURS
        }
        return replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(hostile(item, text, name) for item in value)
    if isinstance(value, dict):
        return {key: hostile(item, text) for key, item in value.items()}
    if isinstance(value, str) and value and name not in ADDRESSES:
        return text
    return value
