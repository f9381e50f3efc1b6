"""Extra parameters that an administrator adds to requests, one ``name=value`` a line (security O-40)."""

from __future__ import annotations

import re
from typing import Final

from integrations.endpoints import RESERVED_PARAMETERS

MOST: Final = 20
_NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def read_parameters(text: str) -> tuple[dict[str, str], str | None]:
    """The parameters in the lines of a text, and what is wrong with them as a predicate, or None.

    Names that each request sets itself are refused: an extra parameter never changes who asks, for what, and
    where the answer goes.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, given, value = (part.strip() for part in line.partition("="))
        if not given or not _NAME.fullmatch(name):
            return {}, "must have one parameter a line, written name=value"
        if name.lower() in RESERVED_PARAMETERS:
            return {}, f"must not set {name.lower()}; each request sets that itself"
        if name in found:
            return {}, f"must not name {name} twice"
        if not value.isprintable():
            return {}, "must not contain control characters"
        found[name] = value
    return (found, None) if len(found) <= MOST else ({}, f"must have at most {MOST} parameters")
