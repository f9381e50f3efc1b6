"""The page for tools on another device: a person types the code it shows, and decides (RFC 8628 section 3.3)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accounts.throttle import Throttle
from server.authorize.pages import ToolPages
from server.clients.server import DEVICE_PAGE
from server.clients.tools import Tools, plain_code
from server.pages.views import AllowTool
from server.web.body import read_form
from server.web.caller import Caller
from server.web.csrf import Csrf
from server.web.screens import caller_of

UNKNOWN = "No tool waits for this code. Codes work for ten minutes and once; start again in the tool for a new one."


class DeviceRoom:
    """GET the form, POST the code, POST the decision. Even a link that holds the code only fills in the form."""

    def __init__(self, tools: Tools, pages: ToolPages, csrf: Csrf) -> None:
        self._tools, self._pages, self._csrf = tools, pages, csrf
        self._guesses = Throttle()

    async def form(self, request: Request) -> Response:
        """The form, with the code of the address filled in."""
        caller = caller_of(request)
        if caller.via != "session":
            return self._pages.sign_in(request, caller)
        return self._pages.device(request, caller, typed=plain_code(request.query_params.get("user_code", "")))

    async def answer(self, request: Request) -> Response:
        """A code shows who asks; a code with a decision decides."""
        caller = caller_of(request)
        fields = await read_form(request)
        if caller.via != "session":
            return self._pages.sign_in(request, caller)
        self._csrf.check(request, caller.credential, fields.get("csrf"))
        typed, decision = fields.get("user_code", ""), fields.get("decision")
        wait = self._guesses.wait(caller.guid)
        if wait > 0:
            text = f"Too many codes that do not fit. Please wait {round(wait + 0.5)} seconds and try again."
            return self._pages.device(request, caller, typed=typed, problem=text, status=429)
        with self._guesses.trying(caller.guid):
            if decision is not None:
                allowed = decision == "allow"
                decided = await self._tools.decide_device(typed, caller, allowed=allowed)
                if decided is not None:
                    return self._pages.answered(request, caller, decided.name, allowed=allowed)
                return self._unknown(request, caller, typed)
            return await self._ask(request, caller, typed)

    async def _ask(self, request: Request, caller: Caller, typed: str) -> Response:
        found = await self._tools.device(typed)
        if found is None:
            return self._unknown(request, caller, typed)
        code = plain_code(typed)
        view = AllowTool(
            page=self._pages.page(request, caller, "Let a tool act as you"),
            tool=found.name,
            action=DEVICE_PAGE,
            fields=(("user_code", code),),
            until=found.until,
            asked_from=found.address,
            asked=found.asked,
            code=code,
        )
        return self._pages.allow(view)

    def _unknown(self, request: Request, caller: Caller, typed: str) -> Response:
        self._guesses.failed(caller.guid)
        return self._pages.device(request, caller, typed=typed, problem=UNKNOWN, status=400)

    def routes(self) -> list[Route]:
        """The room's address."""
        return [
            Route(DEVICE_PAGE, self.form, methods=["GET"]),
            Route(DEVICE_PAGE, self.answer, methods=["POST"]),
        ]
