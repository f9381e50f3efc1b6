"""Scopes as sentences: what a person reads on the connect screen and on Connected accounts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from integrations.template import Template

_EVERYTHING: Final = re.compile(r"(?:[a-z]+://)?(?P<host>[A-Za-z0-9.-]+)(?:/[^ ]*)?/\.default")


@dataclass(frozen=True)
class Said:
    """A scope in words; `raw` is the scope itself, empty where the words are nothing but it, or it would need some."""

    words: str
    raw: str = ""


def in_words(scope: str, template: Template | None) -> Said:
    """What this scope of this vendor lets an app do: the words are in the vendor's template, or of a standard."""
    if template is not None and (words := template.in_words(scope)):
        return Said(words, "" if "token" in scope else scope)
    everything = _EVERYTHING.fullmatch(scope)
    if everything is not None:
        return Said(f"Use {everything['host']} as far as you may", scope)
    return Said(scope)
