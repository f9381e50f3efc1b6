"""Where a share link leads: it is kept in a cookie for its content alone, and leaves the address bar at once."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.links.links import Links
from server.pages.views import Problem
from server.web.screens import Screens, caller_of, request_id

PATH = "/__share__/"
# Neither pages of the content nor its outside images may learn the secret from a Referer (O-10).
PRIVATE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def address(origin: str, secret: str) -> str:
    """The address to hand on."""
    return f"{origin}{PATH}{secret}"


class Entrance:
    """`/__share__/{secret}`."""

    def __init__(self, links: Links, screens: Screens) -> None:
        self._links, self._screens = links, screens

    async def enter(self, request: Request) -> Response:
        """To the content; or why the link opens nothing."""
        secret = request.path_params["secret"]
        found = await self._links.follow(secret)
        if found is None:
            return self._ended(request)
        reply = RedirectResponse(f"/content/{found.content_guid}/", 303, PRIVATE)
        reply.headers.append("set-cookie", self._links.keep(secret, found))
        return reply

    def _ended(self, request: Request) -> Response:
        headline = "This link does not open anything"
        shown = Problem(
            page=self._screens.page(request_id(request), caller_of(request), headline),
            status=404,
            headline=headline,
            explanation="It has expired or was revoked, or a part of it is missing. Ask the person who sent it for "
            "a new one.",
        )
        return self._screens.reply("problem", shown, 404, **PRIVATE)

    def routes(self) -> list[Route]:
        """The one address."""
        return [Route(PATH + "{secret}", self.enter, methods=["GET"])]
