"""Our own site: the API, the rooms' pages and static files behind one router."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from server.db.engine import CannotStore, DatabaseUnavailable
from server.pages.render import STATIC
from server.pages.views import NotFound, Problem
from server.web.api import Api
from server.web.errors import ApiError, reply
from server.web.screens import Screens, caller_of, request_id, safe_return, wants_page

log = logging.getLogger("tabard.site")
HEADLINES = {
    400: "That request could not be used",
    401: "Please sign in",
    403: "That is not yours to change",
    404: "Not found",
    409: "That does not fit with what is there",
    413: "That is too large",
    429: "Too many tries",
    503: "Not available right now",
}


async def _ping(_request: Request) -> Response:
    """GET /__ping__: 200 as long as the process answers (connect-api.md 1.3)."""
    return JSONResponse({})


class CachedStatic(StaticFiles):
    """Static files that browsers keep for an hour and never sniff."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """As Starlette's, with our headers."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=3600"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class Site:
    """Everything that is not content."""

    def __init__(self, api: Api, routes: Sequence[BaseRoute], screens: Screens) -> None:
        self._api, self._screens = api, screens
        self._pages = Starlette(
            routes=[
                Route("/__ping__", _ping),
                Route("/favicon.svg", self._favicon),
                Route("/favicon.ico", self._favicon),
                Mount("/static", CachedStatic(directory=STATIC)),
                *routes,
            ],
            exception_handlers={
                ApiError: self._api_error,
                DatabaseUnavailable: self._unavailable,
                CannotStore: self._unstorable,
                404: self._missing,
                405: self._missing,
                Exception: self._broken,
            },
        )
        # A missing slash is not redirected: addresses are exact, and a redirect would lose a POST's body.
        self._pages.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == "/__api__" or path.startswith("/__api__/"):
            await self._api(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    def add(self, routes: Sequence[BaseRoute]) -> None:
        """Mount the routes of an outside room, such as the dashboard."""
        self._pages.router.routes.extend(routes)

    def first_names(self) -> set[str]:
        """The first name of every path that is served here: content may have none of them for its own."""
        paths = (getattr(route, "path", "") for route in self._pages.router.routes)
        return {path.lstrip("/").partition("/")[0] for path in paths} - {""}

    async def _favicon(self, _request: Request) -> Response:
        return FileResponse(Path(STATIC) / "favicon.svg", media_type="image/svg+xml")

    def _problem(self, request: Request, status: int, explanation: str, headline: str = "") -> Response:
        headline = headline or HEADLINES.get(status, "Something went wrong")
        page = self._screens.page(request_id(request), caller_of(request), headline)
        shown = Problem(page=page, status=status, headline=headline, explanation=explanation)
        return self._screens.reply("problem", shown, status)

    async def _api_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        if wants_page(request.method, request.scope["headers"]) or "text/html" in request.headers.get("accept", ""):
            return self._problem(request, error.status, error.message)
        return reply(error)

    async def _missing(self, request: Request, _error: Exception) -> Response:
        if not caller_of(request).signed_in and wants_page(request.method, request.scope["headers"]):
            # As content that is not hers: a path of content's own must not be told from one that nobody has.
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            going = quote(safe_return(target), safe="/")
            return RedirectResponse(f"/__login__?next={going}", 303, {"Cache-Control": "no-store"})
        page = self._screens.page(request_id(request), caller_of(request), "Not found")
        return self._screens.reply("not_found", NotFound(page=page, path=request.url.path[:200]), 404)

    async def _unavailable(self, request: Request, _error: Exception) -> Response:
        return self._problem(request, 503, "The database does not answer. Please try again in a moment.")

    async def _unstorable(self, request: Request, _error: Exception) -> Response:
        return self._problem(request, 400, "It holds a character or a number that cannot be stored.")

    async def _broken(self, request: Request, _error: Exception) -> Response:
        name = request_id(request)
        log.error("request %s failed: %s", name, request.url.path)
        return self._problem(
            request, 500, f"The server's log says what, under the name {name}.", "Something went wrong"
        )
