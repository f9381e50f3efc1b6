"""Addresses of older dashboards, which publishing tools print: the page that reads what follows the `#`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.views.account import HashRedirect
from server.web.screens import caller_of


class OldAddresses:
    """`/connect/`, for anybody: signing in first would lose what follows the `#`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """The page."""
        page = self._desk.page(request, caller_of(request), "Older address")
        return self._desk.show("connect_hash", HashRedirect(page=page))

    def routes(self) -> list[Route]:
        """Both spellings, since no slash is added for anybody."""
        return [Route(path, self.show, methods=["GET"]) for path in ("/connect/", "/connect")]
