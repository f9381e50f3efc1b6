"""Visits, live connections and processes on the wire (connect-api.md 2.11)."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from server.db.clock import wire
from server.usage.store import Found
from server.web.cursors import Limit, PagingObject

# Connect counts its ways of counting; clients ask for 3, and we have never counted in another way.
VISIT_VERSION, USE_VERSION = 3, 1
ONE = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
Guids = Annotated[str, Field(pattern=rf"^(?:{ONE}(?:\|{ONE}){{0,99}})?$")]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class HitData(TypedDict):
    """What was asked for and by what; a query is never kept, since it may hold secrets."""

    path: str
    user_agent: str


class HitObject(TypedDict):
    """One visit of a page; nobody is named where nobody was signed in."""

    id: int
    user_guid: str | None
    content_guid: str
    timestamp: str
    data: HitData


class VisitObject(TypedDict):
    """One visit of a page, as clients since before hits know it."""

    content_guid: str
    user_guid: str | None
    variant_key: str | None
    rendering_id: int | None
    bundle_id: int | None
    time: str
    data_version: int
    path: str


class UseObject(TypedDict):
    """One live connection to a Shiny app; `ended` is null while it lives."""

    content_guid: str
    user_guid: str | None
    started: str
    ended: str | None
    data_version: int


class VisitPage(TypedDict):
    """A page of visits."""

    paging: PagingObject
    results: list[VisitObject]


class UsePage(TypedDict):
    """A page of live connections."""

    paging: PagingObject
    results: list[UseObject]


# `from` is a keyword, so the class cannot be written as one.
HitQuery = TypedDict(
    "HitQuery",
    {"from": NotRequired[Time], "to": NotRequired[Time], "content_guid": NotRequired[Guids]},
)
PageQuery = TypedDict(
    "PageQuery",
    {
        "from": NotRequired[Time],
        "to": NotRequired[Time],
        "content_guid": NotRequired[Guids],
        "min_data_version": NotRequired[Annotated[int, Field(ge=0, le=10**15 - 1)]],
        "limit": NotRequired[Limit],
        "asc_order": NotRequired[bool],
    },
)


class ProcessObject(TypedDict):
    """One running process of an app: CPU in percent of one core and in seconds, memory in bytes."""

    appId: int
    appGuid: str
    appName: str
    appUrl: str
    appRunAs: str
    type: str
    cpuCurrent: float
    cpuTotal: int
    ram: int


def hit_object(row: Found) -> HitObject:
    """One visit."""
    return {
        "id": row.id,
        "user_guid": row.user_guid,
        "content_guid": row.content_guid,
        "timestamp": wire(row.time) or "",
        "data": {"path": f"/content/{row.content_guid}{row.path}", "user_agent": row.user_agent},
    }


def visit_object(row: Found) -> VisitObject:
    """One visit, as before hits."""
    return {
        "content_guid": row.content_guid,
        "user_guid": row.user_guid,
        "variant_key": None,
        "rendering_id": None,
        "bundle_id": row.bundle_id,
        "time": wire(row.time) or "",
        "data_version": VISIT_VERSION,
        "path": f"/content/{row.content_guid}{row.path}",
    }


def use_object(row: Found) -> UseObject:
    """One live connection."""
    return {
        "content_guid": row.content_guid,
        "user_guid": row.user_guid,
        "started": wire(row.started) or "",
        "ended": wire(row.ended),
        "data_version": USE_VERSION,
    }
