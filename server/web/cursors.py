"""Keyset paging (connect-api.md 2.11): pages of rows by time and id, flat however many rows there are.

A cursor is opaque: the time and id of the row at the edge of a page. Rows that are added or removed meanwhile never
shift a page.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from pydantic import Field
from sqlalchemy import tuple_
from sqlmodel import col
from starlette.requests import Request
from typing_extensions import TypedDict

from server.web.errors import invalid
from server.web.routes import LARGEST_ID, whole

LARGEST_LIMIT = 500
DEFAULT_LIMIT = 20
LONGEST_CURSOR = 200
Row = TypeVar("Row")
Spot = tuple[datetime, int | str]
Limit = Annotated[int, Field(ge=1, le=10**15 - 1)]


class Cursors(TypedDict):
    """What to send as `previous` or `next` for the page before or after; null at an end."""

    previous: str | None
    next: str | None


class PagingObject(TypedDict):
    """Where other pages are: by cursor, and as whole addresses."""

    cursors: Cursors
    first: str | None
    previous: str | None
    next: str | None
    last: str | None


@dataclass(frozen=True)
class Keyset:
    """Which page: after a spot, or before one. `from_end` is the last page."""

    limit: int
    ascending: bool
    after: Spot | None = None
    before: Spot | None = None
    from_end: bool = False

    @property
    def backwards(self) -> bool:
        """Whether the page is read from its end."""
        return self.before is not None or self.from_end

    def narrow(self, query: Any, time: Any, number: Any) -> Any:
        """A select, in order and with one row more than the page has, so that it shows whether there are others."""
        time, number = col(time), col(number)
        rising = self.ascending != self.backwards
        edge = self.before if self.backwards else self.after
        if edge is not None:
            here, there = tuple_(time, number), tuple_(*edge)
            query = query.where(here > there if rising else here < there)
        return self.ordered(query, time, number).limit(self.limit + 1)

    def ordered(self, query: Any, time: Any, number: Any) -> Any:
        """The select in the order in which a page is read: from its end, where it is the page before a spot."""
        time, number = col(time), col(number)
        rising = self.ascending != self.backwards
        return query.order_by(*((time.asc(), number.asc()) if rising else (time.desc(), number.desc())))


def keyset_of(request: Request, kind: type[int] | type[str], *, order: Sequence[str] = ("asc_order",)) -> Keyset:
    """The page a request asks for; `kind` is the type of the rows' ids. Raises ApiError 400."""
    limit = whole(request, "limit", DEFAULT_LIMIT, low=1, high=LARGEST_LIMIT)
    said = next((request.query_params[name] for name in order if name in request.query_params), "").lower()
    if said not in ("", "true", "false"):
        raise invalid(f"{order[0]} must be true or false.")
    after, before = (request.query_params.get(name) or None for name in ("next", "previous"))
    if after is not None and before is not None:
        raise invalid("Send next or previous, not both.")
    ascending = said != "false"
    if before is not None and before == _END:
        return Keyset(limit, ascending, from_end=True)
    return Keyset(
        limit,
        ascending,
        after=None if after is None else _read(after, kind),
        before=None if before is None else _read(before, kind),
    )


def page(
    request: Request, origin: str, keyset: Keyset, rows: list[Row], spot: Callable[[Row], Spot]
) -> tuple[PagingObject, list[Row]]:
    """The paging object and the rows of the page, in the order that was asked for."""
    more, shown = len(rows) > keyset.limit, rows[: keyset.limit]
    if keyset.backwards:
        shown.reverse()
    has_next = (keyset.before is not None) if keyset.backwards else more
    has_previous = more if keyset.backwards else keyset.after is not None
    after = _write(spot(shown[-1])) if shown and has_next else None
    before = _write(spot(shown[0])) if shown and has_previous else None

    def address(**cursor: str) -> str:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("next", "previous")]
        query = urlencode([*kept, *cursor.items()])
        return f"{origin}{request.url.path}{'?' if query else ''}{query}"

    paging: PagingObject = {
        "cursors": {"previous": before, "next": after},
        "first": address(),
        "previous": None if before is None else address(previous=before),
        "next": None if after is None else address(next=after),
        "last": address(previous=_END),
    }
    return paging, shown


def _write(spot: Spot) -> str:
    text = json.dumps([spot[0].astimezone(UTC).isoformat(), spot[1]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


_END = base64.urlsafe_b64encode(b"[]").rstrip(b"=").decode()


def _read(text: str, kind: type[int] | type[str]) -> Spot:
    try:
        if len(text) > LONGEST_CURSOR:
            raise ValueError
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        time, number = json.loads(raw)
        moment = datetime.fromisoformat(time).astimezone(UTC)
        if type(number) is not kind or (isinstance(number, int) and not 0 <= number <= LARGEST_ID):
            raise ValueError
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        raise invalid("next and previous take what cursors of an earlier reply hold.") from None
    return moment, number
