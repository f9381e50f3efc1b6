"""How a route describes itself, for openapi.json: the shapes it takes and gives, and the statuses it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field
from typing_extensions import TypedDict

# The largest number of a row in PostgreSQL's 4-byte columns.
LARGEST = 2**31 - 1
# The largest whole number that a query may hold.
LARGEST_ASKED = 10**15 - 1
# What Fields.text accepts: no control characters but tab and line ends.
TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"

Item = TypeVar("Item")
Guid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
# A time on the wire: RFC 3339, UTC, whole seconds.
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
# The number of a row in quotes, as clients expect it (connect-api.md 0.16).
RowId = Annotated[str, Field(pattern=r"^[0-9]{1,10}$")]
# The same in a path.
RowNumber = Annotated[int, Field(ge=0, le=LARGEST)]
# The key of a row in a path.
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# A name in a path.
Name = Annotated[str, Field(min_length=1, pattern=r"^[^/\x00-\x1f\x7f\\]+$")]


def text(limit: int = 4096, *, least: int = 0) -> Any:
    """The constraint of a field that `Fields.text` reads: `Annotated[str, text(256)]`; lengths in characters."""
    return Field(min_length=least or None, max_length=limit, pattern=TEXT)


def whole_number(low: int = 0, *, default: int | None = None) -> Any:
    """The constraint of a query's whole number, as `whole` reads it: `Annotated[int, whole_number(1)]`."""
    extra: dict[str, Any] = {} if default is None else {"default": default}
    return Field(ge=low, le=LARGEST_ASKED, json_schema_extra=extra)


class PageQuery(TypedDict, total=False):
    """Which page of a list, and how long pages are; a longer page than the list allows is cut to its most."""

    page_number: Annotated[int, whole_number(1, default=1)]
    page_size: Annotated[int, whole_number(1)]


class PageOf(TypedDict, Generic[Item]):
    """One page of a list: exactly these three keys, or the SDK breaks (connect-api.md 0.3)."""

    results: list[Item]
    current_page: int
    total: int


class ErrorObject(TypedDict):
    """Every refusal."""

    code: Annotated[int, Field(description="Which problem this is; the numbers are Posit Connect's.")]
    error: Annotated[str, Field(description="What is wrong, and what to do about it.")]
    payload: Annotated[dict[str, Any] | None, Field(description="More about it, where there is more to say.")]


@dataclass(frozen=True)
class Says:
    """What a route takes and gives. Shapes are types that pydantic can describe: TypedDicts, lists of them, str, bytes.

    `summary` is one sentence (None: the first line of the endpoint's docstring). `reply` is the shape of the
    body of a success, None for a reply without one, and `status` its status; `reply_type` is its media type.
    `also` maps further statuses that are not refusals to their shapes. A reply's objects have exactly the keys of
    their shapes; an object that may hold more says `__pydantic_config__ = ConfigDict(extra="allow")`.

    `body` is the shape of the request's body of type `body_type`, None where there is none, and `optional_body`
    says that it may be left out; `other_bodies` are pairs of a further type and its shape. Unknown fields of a body
    are ignored, unless its shape says `extra="forbid"`.

    `query` is a TypedDict of the query's parameters; a list there is sent by repeating its name. `path` is a TypedDict
    of those of the path that are neither a GUID (`guid`, `..._guid`) nor the number of a row (`id`), and
    `headers` one of the request's header fields; `_` in a name stands for `-`.

    `fails` lists the statuses of errors beyond those that follow from the route itself: 400 for any request, 401 and
    403 where somebody must sign in, 404 where the path names something, 414 where there is a query, 413 and 415 where
    there is a body, 403 for what a browser's cookie alone may not do, and 503 without the database. `plain_fails` are
    statuses with a reply in plain text.

    What the shapes allow must be accepted. `refuses` is the sentence that says which requests get 400 all the same,
    because of what is on the server or of a rule that no schema can say: "parent_id must name a tag (code 157)."
    """

    summary: str | None = None
    reply: Any = None
    status: int = 200
    reply_type: str = "application/json"
    also: tuple[tuple[int, Any], ...] = ()
    body: Any = None
    body_type: str = "application/json"
    optional_body: bool = False
    other_bodies: tuple[tuple[str, Any], ...] = ()
    query: Any = None
    path: Any = None
    headers: Any = None
    fails: tuple[int, ...] = ()
    plain_fails: tuple[int, ...] = ()
    refuses: str = ""
    deprecated: bool = False
