"""The page where a person claims a tool's token for herself: `/claim/<secret>`, to which the claim address leads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.authorize.pages import ToolPages
from server.claims.claims import Claims
from server.pages.views import AllowTool
from server.web.body import read_form
from server.web.caller import Caller
from server.web.csrf import Csrf
from server.web.screens import caller_of

CLAIM = "/claim/{secret}"
GONE = "No tool waits here any more. Its address works for fifteen minutes and once; start again in the tool."


class ClaimRoom:
    """GET shows who asks, POST decides."""

    def __init__(self, claims: Claims, pages: ToolPages, csrf: Csrf) -> None:
        self._claims, self._pages, self._csrf = claims, pages, csrf

    async def show(self, request: Request) -> Response:
        """Who asks to act as the signed-in person; first of all she signs in."""
        caller = caller_of(request)
        if caller.via != "session":
            return self._pages.sign_in(request, caller)
        found = await self._claims.look(request.path_params["secret"])
        if found is None:
            return self._gone(request, caller)
        view = AllowTool(
            page=self._pages.page(request, caller, "Let a tool act as you"),
            tool=found.name,
            action=request.url.path,
            fields=(),
            until=found.until,
            asked_from=found.address,
            asked=found.asked,
        )
        return self._pages.allow(view)

    async def decide(self, request: Request) -> Response:
        """The person's decision."""
        caller = caller_of(request)
        fields = await read_form(request)
        if caller.via != "session":
            return self._pages.sign_in(request, caller)
        self._csrf.check(request, caller.credential, fields.get("csrf"))
        allowed = fields.get("decision") == "allow"
        found = await self._claims.decide(request.path_params["secret"], caller, allowed=allowed)
        if found is None:
            return self._gone(request, caller)
        return self._pages.answered(request, caller, found.name, allowed=allowed)

    def _gone(self, request: Request, caller: Caller) -> Response:
        return self._pages.problem(request, caller, 404, "Nothing to sign in", GONE)

    def routes(self) -> list[Route]:
        """The room's address."""
        return [Route(CLAIM, self.show, methods=["GET"]), Route(CLAIM, self.decide, methods=["POST"])]
