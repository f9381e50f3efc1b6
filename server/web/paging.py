"""Offset paging as every paged list has it: `page_number` from 1, `page_size`, and a reply of exactly three keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field
from starlette.requests import Request

from server.web.described import PageOf, PageQuery
from server.web.errors import invalid
from server.web.routes import whole

DEFAULT_SIZE = 20
# posit-sdk asks for pages of 500; whoever asks for more gets as many.
LARGEST_SIZE = 500
Item = TypeVar("Item")
LONGEST_PREFIX = 256
Prefix = Annotated[str, Field(max_length=LONGEST_PREFIX, pattern=r"^[^\x00]*$")]


class OrderedQuery(PageQuery, total=False):
    """Which page of a list, and in which direction."""

    asc_order: bool


@dataclass(frozen=True)
class Paging:
    """Which page, from 1, and how many rows on it. A page past the end is empty."""

    number: int = 1
    size: int = DEFAULT_SIZE

    @property
    def skipped(self) -> int:
        """How many rows come before this page."""
        return (self.number - 1) * self.size


def paging_of(request: Request, default: int = DEFAULT_SIZE) -> Paging:
    """The page a request asks for; a larger size than is given out counts as the largest. Raises ApiError 400."""
    return Paging(
        whole(request, "page_number", 1, low=1), whole(request, "page_size", default, low=1, high=LARGEST_SIZE)
    )


def ascending(request: Request) -> bool:
    """`asc_order` of the query, true where it is not said. Raises ApiError 400."""
    said = request.query_params.get("asc_order", "").lower()
    if said not in ("", "true", "false"):
        raise invalid("asc_order must be true or false.")
    return said != "false"


def sort_of(request: Request, known: Collection[str]) -> str:
    """`sort` of the query, empty where it is not said. Raises ApiError 400 for what is not among `known`."""
    said = request.query_params.get("sort")
    if said is not None and said not in known:
        raise invalid(f"sort must be one of {', '.join(known)}.")
    return said or ""


def prefix_of(request: Request) -> str:
    """`prefix` of the query: how the names that are looked for begin. Raises ApiError 400."""
    prefix = request.query_params.get("prefix", "")
    if len(prefix) > LONGEST_PREFIX or "\0" in prefix:
        raise invalid(f"prefix must be at most {LONGEST_PREFIX} characters of text.")
    return prefix


def paged(results: list[Item], total: int, paging: Paging) -> PageOf[Item]:
    """The body of a paged list; posit-sdk breaks on a fourth key (connect-api.md 0.3)."""
    return {"results": results, "current_page": paging.number, "total": total}
