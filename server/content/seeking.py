"""What a person types to find content, taken apart: words, phrases and filters such as `owner:@me`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# A filter's values may be quoted one by one: tag:"R and D",Sales
_PIECE = re.compile(r'(?:(?P<filter>[a-z]+):(?=\S))?(?P<value>(?:"[^"]*"?|[^\s"])+)')
_VALUE = re.compile(r'"([^"]*)"?|([^,"]+)')
LONGEST = 500
MOST_WORDS = 16
_TRUTHS = {"true": True, "false": False}
_STATES = {
    "published": ("published", True),
    "unpublished": ("published", False),
    "locked": ("locked", True),
    "unlocked": ("locked", False),
}


@dataclass
class Sought:
    """What content must meet. Every word; and of each filter that was given, one of its values.

    `owners` are usernames in lower case or `@me`; `kinds` are app modes or content categories; `tags` are names.
    """

    words: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    published: bool | None = None
    locked: bool | None = None


def sought(text: str) -> Sought:
    """The parts of a search. What is no filter is a word; a filter's value that means nothing is passed over."""
    found = Sought()
    for piece in _PIECE.finditer(text[:LONGEST]):
        values = [quoted or bare for quoted, bare in _VALUE.findall(piece["value"]) if quoted or bare]
        if not _filter(found, piece["filter"] or "", values):
            found.words.append(piece.group().replace('"', "").casefold())
    found.words = [word for word in found.words if word][:MOST_WORDS]
    return found


def _filter(found: Sought, name: str, values: list[str]) -> bool:
    """Whether `name` is a filter; its values are then noted."""
    match name:
        case "owner":
            found.owners += [value.casefold() for value in values]
        case "type":
            found.kinds += [value.lower() for value in values]
        case "tag":
            found.tags += [value.casefold() for value in values]
        case "published" | "locked":
            _state(found, name, _TRUTHS.get(values[0].lower()) if values else None)
        case "is":
            for value in values:
                _state(found, *_STATES.get(value.lower(), ("", None)))
        case _:
            return False
    return True


def _state(found: Sought, name: str, value: bool | None) -> None:
    if value is not None:
        setattr(found, name, value)
