"""How an outside room of pages, such as the dashboard, is found by name and what it is given."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from starlette.routing import BaseRoute

# A room is a function from the server's services to its routes.
Room = Callable[[Any], Sequence[BaseRoute]]


class NoSuchRoom(Exception):
    """The settings name a room that cannot be imported."""


def load(name: str) -> Room:
    """The room of a name such as `dashboard.room:room`, as uvicorn finds an application. Raises NoSuchRoom."""
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise NoSuchRoom(f'The setting dashboard names "{name}", which cannot be imported ({error}).') from None
    room: Room = found
    return room
