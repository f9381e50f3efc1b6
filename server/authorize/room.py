"""The page where a person lets a tool act as her: `/oauth/v1/authorize` (RFC 6749 section 4.1).

A GET shows who asks; only the form's POST, from our own page, decides. The request's parameters go through the form
and are checked again, so nothing is kept for those who only look.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.authorize.endpoints import BASE
from server.authorize.pages import PRIVATE, ToolPages
from server.clients.tools import Refusal, Tools
from server.clients.wire import Malformed, Payload, Reply
from server.pages.views import AllowTool
from server.web.body import FORM_FIELDS, read_form
from server.web.caller import Caller
from server.web.csrf import Csrf
from server.web.screens import caller_of

AUTHORIZE = f"{BASE}/authorize"
# What goes through the form; other parameters of a request are ignored (RFC 6749 section 3.1), ours above all.
CARRIED = frozenset(
    {"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}
)
HEADLINE = "This tool cannot sign in here"
ADVICE = (
    "Start again in the tool. If it was removed here, remove this server in the tool and add it anew "
    "(rsconnect remove, then rsconnect login)."
)


class AuthorizeRoom:
    """GET and POST of one address."""

    def __init__(self, tools: Tools, pages: ToolPages, csrf: Csrf) -> None:
        self._tools, self._pages, self._csrf = tools, pages, csrf

    async def show(self, request: Request) -> Response:
        """Who asks to act as the signed-in person; first of all she signs in."""
        caller = caller_of(request)
        try:
            pairs = parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=FORM_FIELDS, errors="strict")
            payload = Payload(pair for pair in pairs if pair[0] in CARRIED)
        except (Malformed, ValueError):
            return self._refused(request, caller, "The address holds parameters that cannot be used.")
        found = await self._tools.look(payload)
        if isinstance(found, Refusal):
            return self._refusal(request, caller, found)
        if caller.via != "session":
            return self._pages.sign_in(request, caller)
        view = AllowTool(
            page=self._pages.page(request, caller, "Let a tool act as you"),
            tool=found.name,
            action=AUTHORIZE,
            fields=tuple(payload.data.items()),
            until=found.until,
            goes_to=found.goes_to,
            on_this_computer=found.on_this_computer,
        )
        return self._pages.allow(view)

    async def decide(self, request: Request) -> Response:
        """The person's decision: back to the tool with a code, or with her refusal."""
        caller = caller_of(request)
        fields = await read_form(request)
        if caller.via != "session":
            return self._refused(request, caller, "You are not signed in here any more.", 403)
        self._csrf.check(request, caller.credential, fields.get("csrf"))
        try:
            payload = Payload((name, value) for name, value in fields.items() if name in CARRIED)
        except Malformed as error:
            return self._refused(request, caller, str(error))
        found = await self._tools.answer(payload, caller, allowed=fields.get("decision") == "allow")
        return self._refusal(request, caller, found) if isinstance(found, Refusal) else _away(found)

    def _refusal(self, request: Request, caller: Caller, found: Refusal) -> Response:
        if found.reply is not None:
            return _away(found.reply)
        return self._refused(request, caller, found.text)

    def _refused(self, request: Request, caller: Caller, text: str, status: int = 400) -> Response:
        return self._pages.problem(request, caller, status, HEADLINE, f"{text} {ADVICE}")

    def routes(self) -> list[Route]:
        """The room's address."""
        return [
            Route(AUTHORIZE, self.show, methods=["GET"]),
            Route(AUTHORIZE, self.decide, methods=["POST"]),
        ]


def _away(reply: Reply) -> Response:
    assert reply.location is not None
    return RedirectResponse(reply.location, reply.status, PRIVATE)
