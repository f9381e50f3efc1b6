"""Tells a viewer once, before she opens content, that it acts with somebody else's access (design.md, principle 1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.content.view import ContentView
from server.loans.store import LoanView
from server.pages.views import Lent, LentAccess
from server.sessions.cookies import read_cookie, set_cookie
from server.web.body import read_form
from server.web.caller import Caller
from server.web.csrf import Csrf
from server.web.errors import not_found
from server.web.screens import Screens, caller_of, request_id, safe_return

COOKIE = "tabard_lent"
PATH = "/__lent__/{guid}"
LONGEST = timedelta(days=90)


class Notices:
    """The page, and the cookie that says it was seen: below the content's own path, for those loans alone."""

    def __init__(self, screens: Screens, csrf: Csrf, *, secure: bool) -> None:
        self._screens, self._csrf, self._secure = screens, csrf, secure
        self._cookie = f"__Secure-{COOKIE}" if secure else COOKIE

    def is_due(self, caller: Caller, lent: Sequence[LoanView], headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether she has yet to be told. The lender knows; in our own stage the bar says it."""
        headers = tuple(headers)
        foreign = {loan.guid for loan in lent if loan.lender_guid != caller.guid}
        fields = dict(headers)
        if fields.get(b"sec-fetch-dest") == b"iframe" and fields.get(b"sec-fetch-site") == b"same-origin":
            return False
        seen = set((read_cookie(headers, self._cookie) or "").split("."))
        return not foreign <= seen

    def page(
        self, request: Request, caller: Caller, view: ContentView, lent: Sequence[LoanView], next_path: str
    ) -> Response:
        """The page in place of the content."""
        foreign = [loan for loan in lent if loan.lender_guid != caller.guid]
        shown = Lent(
            page=self._screens.page(request_id(request), caller, view.title),
            content_guid=view.guid,
            content_title=view.title,
            lender=foreign[0].lender_name,
            access=tuple(
                LentAccess(integration=loan.integration_name, role=loan.role, until=loan.until) for loan in foreign
            ),
            loans=".".join(loan.guid for loan in foreign),
            next=next_path,
        )
        return self._screens.reply("lent", shown)

    async def seen(self, request: Request) -> Response:
        """The page's button: on to the content."""
        caller = caller_of(request)
        form = await read_form(request)
        self._csrf.check(request, caller.credential, form.get("csrf"))
        guid = request.path_params["guid"]
        if caller.via != "session" or not _is_guid(guid):
            raise not_found("content item")
        reply = RedirectResponse(safe_return(form.get("next"), f"/content/{guid}/"), 303, {"Cache-Control": "no-store"})
        loans = ".".join(part for part in form.get("loans", "").split(".")[:50] if _is_guid(part))
        life = int(LONGEST.total_seconds())
        path = f"/content/{guid}/"
        reply.headers["set-cookie"] = set_cookie(self._cookie, loans, secure=self._secure, max_age=life, path=path)
        return reply

    def routes(self) -> list[Route]:
        """Where the button leads."""
        return [Route(PATH, self.seen, methods=["POST"])]


def _is_guid(text: str) -> bool:
    return len(text) == 36 and all(character in "0123456789abcdef-" for character in text)
