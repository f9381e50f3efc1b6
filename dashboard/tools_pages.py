"""Signed-in tools: the programs that act as the person looking, and the button that ends each."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.views.account import SignedInTools, ToolRow
from server.web.caller import Caller
from server.web.errors import ApiError


class ToolsPages:
    """`/tools` and its buttons."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._tools, self._claims = desk, desk.services.tools, desk.services.claims

    async def tools(self, request: Request, caller: Caller) -> Response:
        """One row a tool, the newest first."""
        rows = [
            ToolRow(
                kind="sign-in",
                guid=tool.guid,
                name=tool.name,
                since=tool.since,
                ends=tool.expires,
                address=tool.address,
                last_used=tool.last_used,
            )
            for tool in await self._tools.of(caller)
        ]
        rows += [
            ToolRow(
                kind="claim",
                guid=row.guid,
                name=row.name,
                since=row.claimed_time or row.created_time,
                ends=row.expires_at,
                address=row.address,
                last_used=row.last_used_time,
            )
            for row in await self._claims.of(caller)
        ]
        rows.sort(key=lambda row: row.since, reverse=True)
        page = self._desk.page(request, caller, "Signed-in tools", "tools")
        return self._desk.show("tools", SignedInTools(page=page, rows=tuple(rows)))

    async def sign_out(self, request: Request, caller: Caller) -> Response:
        """The button. A tool that has gone already counts as signed out."""
        await self._desk.form(request, caller)
        ends = self._tools if request.path_params["kind"] == "sign-in" else self._claims
        try:
            name = await ends.end(caller, request.path_params["guid"])
        except ApiError as error:
            if error.status != 404:
                raise
            return self._desk.back(caller, "/tools", "That tool was signed out already.", "info")
        return self._desk.back(caller, "/tools", f"{name} is signed out. It cannot act as you any more.")

    def routes(self) -> list[Route]:
        """The addresses of this screen."""
        return [
            self._desk.route("GET", "/tools", self.tools),
            self._desk.route("POST", "/tools/{kind}/{guid}/sign-out", self.sign_out),
        ]
