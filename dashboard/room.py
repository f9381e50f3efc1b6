"""The dashboard as one room: every screen's routes, as the gateway mounts them."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount

from dashboard.desk import Desk
from dashboard.home import HomePages
from dashboard.render import STATIC
from server.services import Services
from server.web.site import CachedStatic


def room(services: Services) -> list[BaseRoute]:
    """The dashboard's routes over a server's services."""
    desk = Desk(services)
    # Only these public files are compressed: a page holds a CSRF token, and compressing would tell of it (BREACH).
    static = GZipMiddleware(CachedStatic(directory=STATIC), minimum_size=1024, compresslevel=6)
    return [
        Mount("/dashboard-static", static),
        *HomePages(desk).routes(),
    ]
