"""The screens on which people let tools act as them, and the way there through the sign-in page."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.pages.views import AllowTool, DeviceCode, Page, Problem, ToolAnswered
from server.web.caller import Caller
from server.web.screens import LONGEST_RETURN, Screens, request_id

# Neither a code on its way to a tool nor the address it came from goes on to anybody else (security.md O-10).
PRIVATE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


class ToolPages:
    """Builds the screens of this room."""

    def __init__(self, screens: Screens) -> None:
        self._screens = screens

    def sign_in(self, request: Request, caller: Caller) -> Response:
        """To the sign-in page and back here."""
        path, query = request.url.path, request.url.query
        here = quote(path + (f"?{query}" if query else ""), safe="/")
        if len(path) + len(query) >= LONGEST_RETURN:
            return self.problem(request, caller, 400, "That address is too long", "Sign in, and then try again.")
        return RedirectResponse(f"/__login__?next={here}", 303, {"Cache-Control": "no-store"})

    def allow(self, view: AllowTool) -> Response:
        """Who asks to act as whom."""
        return self._screens.reply("allow_tool", view)

    def device(
        self, request: Request, caller: Caller, *, typed: str = "", problem: str = "", status: int = 200
    ) -> Response:
        """The form for the code that a tool shows."""
        page = self._screens.page(request_id(request), caller, "Sign in a tool")
        return self._screens.reply("device", DeviceCode(page=page, typed=typed[:16], problem=problem), status)

    def answered(self, request: Request, caller: Caller, name: str, *, allowed: bool) -> Response:
        """After a decision that leads nowhere else."""
        title = "The tool is signed in" if allowed else "The tool is not signed in"
        view = ToolAnswered(page=self._screens.page(request_id(request), caller, title), tool=name, allowed=allowed)
        return self._screens.reply("tool_answered", view)

    def problem(self, request: Request, caller: Caller, status: int, headline: str, explanation: str) -> Response:
        """Any trouble, in words; nothing that a stranger sent is repeated."""
        page = self._screens.page(request_id(request), caller, headline)
        view = Problem(page=page, status=status, headline=headline, explanation=explanation)
        return self._screens.reply("problem", view, status, **PRIVATE)

    def page(self, request: Request, caller: Caller, title: str) -> Page:
        """The page around a screen."""
        return self._screens.page(request_id(request), caller, title)
