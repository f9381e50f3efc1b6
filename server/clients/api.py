"""The API of registered tools, for administrators: /v1/oauth/clients (connect-api.md 1.7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from server.clients.tools import Tools
from server.clients.wire import ClientObject, ClientPage, client_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.routes import Routes, empty_reply, json_reply, whole

PAGE_LIMIT = 500


class PageQuery(TypedDict, total=False):
    """Which page."""

    page_number: int
    page_size: int


class ClientsApi:
    """List, read and remove."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def listing(self, request: Request, _caller: Caller) -> Response:
        """A page of the tools that registered, oldest first."""
        page = whole(request, "page_number", 1, low=1)
        size = whole(request, "page_size", 20, low=1, high=PAGE_LIMIT)
        rows, total = await self._tools.clients(page, size)
        shown: ClientPage = {"results": [client_object(row) for row in rows], "current_page": page, "total": total}
        return json_reply(shown)

    async def one(self, request: Request, _caller: Caller) -> Response:
        """One registered tool."""
        return json_reply(client_object(await self._tools.client(request.path_params["client_id"])))

    async def drop(self, request: Request, caller: Caller) -> Response:
        """Remove a tool; whoever signed it in, it is signed out at once."""
        await self._tools.drop_client(caller, request.path_params["client_id"])
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, one = Routes(), "/v1/oauth/clients/{client_id}"
        terms = {"role": "administrator"}
        routes.get("/v1/oauth/clients", **terms, says=Says(reply=ClientPage, query=PageQuery))(self.listing)
        routes.get(one, **terms, says=Says(reply=ClientObject))(self.one)
        routes.delete(one, **terms, says=Says(status=204))(self.drop)
        return routes
