"""What every screen of the dashboard shares: who may see it, the page around it, forms, redirects and messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard import forms
from dashboard.flash import Flashes
from dashboard.forms import Form
from dashboard.render import Screen, render
from server.pages.headers import security_headers
from server.pages.views import Contact, Denied, FlashKind, Page
from server.services import Services
from server.web.caller import Caller
from server.web.screens import caller_of, request_id, safe_return

LARGEST_NUMBER = 2**31 - 1
Handler = Callable[[Request, Caller], Awaitable[Response]]


class Refused(Exception):
    """This person may not see this page; `reason` is a sentence, `owner` whom to ask."""

    def __init__(self, reason: str, owner: str = "") -> None:
        super().__init__(reason)
        self.reason, self.owner = reason, owner


class Desk:
    """Made once for all screens."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.screens = services.screens
        self._flashes = Flashes(services.keyring, secure=services.screens.https)

    def route(self, method: str, path: str, handler: Handler, *, role: str = "viewer", refusal: str = "") -> Route:
        """A route for signed-in people of at least `role`; others are told `refusal`."""

        async def endpoint(request: Request) -> Response:
            caller = caller_of(request)
            # Screens are for browsers: an API key does not open them, nor does a running app's own key.
            if caller.via != "session":
                return self._sign_in(request)
            try:
                if not caller.has(role):
                    raise Refused(refusal)
                return await handler(request, caller)
            except Refused as refused:
                return self._denied(request, caller, refused)

        return Route(path, endpoint, methods=[method])

    def page(self, request: Request, caller: Caller, title: str, active: str = "") -> Page:
        """The page around a screen, with the message that a redirect brought."""
        flash = self._flashes.read(request, caller)
        return self.screens.page(request_id(request), caller, title, active=active, flash=flash)

    def show(self, screen: str, view: Screen, status: int = 200) -> Response:
        """A whole page; a message on it is shown this once."""
        headers = security_headers(screen, https=self.screens.https)
        reply = HTMLResponse(render(screen, view), status, headers)
        if view.page.flash is not None:
            reply.headers.append("set-cookie", self._flashes.clear())
        return reply

    def part(self, screen: str, view: Screen) -> Response:
        """A fragment for htmx."""
        return HTMLResponse(render(screen, view), headers=security_headers(screen, https=self.screens.https))

    def back(self, caller: Caller, path: str, text: str, kind: FlashKind = "success") -> Response:
        """After a form: go to a page of ours, which shows `text` once."""
        reply = RedirectResponse(path, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
        reply.headers.append("set-cookie", self._flashes.put(caller, kind, text))
        return reply

    async def form(self, request: Request, caller: Caller) -> Form:
        """The posted form, once it is certain that it came from our own page. Raises ApiError 400, 403, 413."""
        form = await forms.read(request)
        self.services.csrf.check(request, caller.credential, form.get("csrf"))
        return form

    def _sign_in(self, request: Request) -> Response:
        """To the sign-in page and, after it, back to where the person was going or stood."""
        swapped = "hx-request" in request.headers
        path, query = request.url.path, request.url.query
        if swapped or request.method not in ("GET", "HEAD"):
            came = urlsplit(request.headers.get("referer", ""))
            ours = f"{came.scheme}://{came.netloc}" in self.services.settings.origins
            path, query = (came.path, came.query) if ours else ("/", "")
        going = safe_return(path + (f"?{query}" if query else ""))
        address = f"/__login__?next={quote(going, safe='/')}"
        if swapped:
            # A redirect would swap the sign-in page into the middle of this one.
            return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": address})
        return RedirectResponse(address, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})

    def _denied(self, request: Request, caller: Caller, refused: Refused) -> Response:
        page = self.screens.page(request_id(request), caller, "No access")
        owner = Contact(name=refused.owner) if refused.owner else None
        return self.screens.reply("denied", Denied(page=page, reason=refused.reason, owner=owner), 403)


def number_in(request: Request) -> int:
    """The row number in the path. What cannot be one: 404."""
    number: int = request.path_params["number"]
    if number > LARGEST_NUMBER:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return number
