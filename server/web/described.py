"""How a route describes itself, for openapi.json: the shapes it takes and gives, and the statuses it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Says:
    """What a route takes and gives. Shapes are types that pydantic can describe: TypedDicts, lists of them, str.

    `summary` is one sentence (None: the first line of the endpoint's docstring). `reply` is the shape of the
    body of a success, None for a reply without one, and `status` its status; `reply_type` is its media type.
    `body` is the shape of the request's body of type `body_type`, None where there is none, and `optional_body`
    says that it may be left out. `query` is a TypedDict of the query's parameters. `fails` lists the statuses of
    errors beyond those that follow from the route itself: 401 and 403 where somebody must sign in, 400 and 404
    where the path names something, 400 and 413 where there is a body, 400 where there is a query.
    `also` maps further success statuses to their shapes.
    """

    summary: str | None = None
    reply: Any = None
    status: int = 200
    reply_type: str = "application/json"
    body: Any = None
    body_type: str = "application/json"
    optional_body: bool = False
    query: Any = None
    fails: tuple[int, ...] = ()
    also: tuple[tuple[int, Any], ...] = ()
    deprecated: bool = False
