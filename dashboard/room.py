"""The dashboard as one room: every screen's routes, as the gateway mounts them."""

from __future__ import annotations

from starlette.routing import BaseRoute, Mount

from dashboard.render import STATIC
from server.services import Services
from server.web.site import CachedStatic


def room(services: Services) -> list[BaseRoute]:
    """The dashboard's routes over a server's services."""
    return [Mount("/dashboard-static", CachedStatic(directory=STATIC))]
