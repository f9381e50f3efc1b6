"""The systems that integrations are made for, sorted for people who look for one."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.schema import OTHER_GROUP
from integrations.template import Template


def grouped(templates: Iterable[Template]) -> list[tuple[str, list[Template]]]:
    """The templates under the headings that they name, in their own order; those under none come last."""
    found: dict[str, list[Template]] = {}
    for template in templates:
        found.setdefault(template.data.group, []).append(template)
    return sorted(found.items(), key=lambda entry: entry[0] == OTHER_GROUP)


def matching(templates: Iterable[Template], query: str) -> list[Template]:
    """Those whose name, key or description holds every word of `query`."""
    words = query.casefold().split()
    return [
        template
        for template in templates
        if all(word in f"{template.name} {template.key} {template.description}".casefold() for word in words)
    ]
