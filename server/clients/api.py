"""The API of registered tools, for administrators: /v1/oauth/clients (connect-api.md 1.7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from server.clients.tools import Tools
from server.clients.wire import ClientObject, client_object
from server.web.caller import Caller
from server.web.described import Key, PageOf, PageQuery, Says
from server.web.paging import paged, paging_of
from server.web.routes import Routes, empty_reply, json_reply


class ClientPath(TypedDict):
    """Which tool: the client_id that it registered under."""

    client_id: Key


class ClientsApi:
    """List, read and remove."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def listing(self, request: Request, _caller: Caller) -> Response:
        """A page of the tools that registered, oldest first."""
        paging = paging_of(request)
        rows, total = await self._tools.clients(paging.number, paging.size)
        return json_reply(paged([client_object(row) for row in rows], total, paging))

    async def one(self, request: Request, _caller: Caller) -> Response:
        """One registered tool."""
        return json_reply(client_object(await self._tools.client(request.path_params["client_id"])))

    async def drop(self, request: Request, caller: Caller) -> Response:
        """Remove a tool; whoever signed it in, it is signed out at once."""
        await self._tools.drop_client(caller, request.path_params["client_id"])
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, one, admin = Routes(), "/v1/oauth/clients/{client_id}", "administrator"
        says = Says(reply=PageOf[ClientObject], query=PageQuery)
        routes.get("/v1/oauth/clients", role=admin, says=says)(self.listing)
        routes.get(one, role=admin, says=Says(reply=ClientObject, path=ClientPath))(self.one)
        routes.delete(one, role=admin, says=Says(status=204, path=ClientPath))(self.drop)
        return routes
