"""Where a request comes from and what it is called, for whatever is written down while it is answered."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from starlette.types import Scope

LONGEST_ADDRESS = 64


class Whence(NamedTuple):
    """The address of the client of the connection, and the request's name; both empty outside of requests."""

    address: str = ""
    request_id: str = ""


NOWHERE = Whence()
_current: ContextVar[Whence] = ContextVar("whence", default=NOWHERE)


def whence() -> Whence:
    """Where the request comes from that is being answered here, also in the threads and tasks it started."""
    return _current.get()


def arrived(scope: Scope, request_id: str) -> None:
    """A request has arrived; what runs from here on in this task belongs to it."""
    client = scope.get("client")
    came_from(client[0] if client else "", request_id)


def came_from(address: str, request_id: str) -> None:
    """As `arrived`, for what has no ASGI scope."""
    _current.set(Whence(address[:LONGEST_ADDRESS], request_id))
