"""What a person reads of the API: every route by area, and one area in full."""

from __future__ import annotations

from dataclasses import dataclass

from server.pages.views import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """One route in a list: `who` in words, `href` leads to its description."""

    method: str
    path: str
    summary: str
    who: str
    href: str
    deprecated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLines:
    """The routes of one area that fit the search."""

    name: str
    slug: str
    lines: tuple[RouteLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """`reference.html` at `/__docs__/api`; the fragment `reference_list.html` at `/__docs__/api/list`."""

    page: Page
    query: str
    areas: tuple[AreaLines, ...]
    total: int
    """How many routes there are in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a sentence about a type; `href` leads to the shape that it names."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A parameter, or a member of an object. `rule` says what it may hold, `about` what it means."""

    name: str
    kind: tuple[Piece, ...]
    required: bool
    rule: str = ""
    about: str = ""
    place: str = ""
    """Of a parameter: path, query or header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A body that is sent or answered: its media type, and what it holds."""

    media: str
    kind: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One status that is not a refusal; no payloads: the reply has no body."""

    status: str
    phrase: str
    payloads: tuple[Payload, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteText:
    """One route in full."""

    anchor: str
    method: str
    path: str
    summary: str
    who: str
    refuses: str
    deprecated: bool
    body_required: bool
    parameters: tuple[Member, ...]
    bodies: tuple[Payload, ...]
    replies: tuple[Reply, ...]
    refusals: tuple[Reply, ...]
    example: str
    """A line for the shell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A named shape and its members."""

    name: str
    anchor: str
    about: str
    members: tuple[Member, ...]
    kind: tuple[Piece, ...] = ()
    """What it is, where it is no object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """`reference_area.html` at `/__docs__/api/<slug>`."""

    page: Page
    name: str
    routes: tuple[RouteText, ...]
    shapes: tuple[Shape, ...]
