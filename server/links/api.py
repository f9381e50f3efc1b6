"""Share links by API: listed, made and revoked by those who may change the content."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.links.entrance import address
from server.links.links import LONGEST_NAME, Links
from server.links.wire import MadeShareLink, NewShareLink, ShareLinkObject, made_share_link, share_link_object
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.routes import Routes, empty_reply, guid_in, json_reply, moment


class LinksApi:
    """/v1/content/{guid}/share_links."""

    def __init__(self, links: Links, guard: Guard, origin: str) -> None:
        self._links, self._guard, self._origin = links, guard, origin

    async def listing(self, request: Request, caller: Caller) -> Response:
        """The share links of a content item, oldest first; their addresses cannot be read again."""
        view = await self._guard.editable(caller, guid_in(request))
        return json_reply([share_link_object(row, view.guid) for row in await self._links.of(view)])

    async def make(self, request: Request, caller: Caller) -> Response:
        """A new share link; the reply holds its address, which is told this once."""
        view = await self._guard.editable(caller, guid_in(request))
        given = Fields(await read_object(request))
        name = "" if given.data.get("name") is None else given.text("name", limit=LONGEST_NAME)
        row, secret = await self._links.make(caller, view, name, _end(given))
        return json_reply(made_share_link(row, view.guid, address(self._origin, secret)))

    async def revoke(self, request: Request, caller: Caller) -> Response:
        """End a share link; pages that it opened are closed."""
        view = await self._guard.editable(caller, guid_in(request))
        await self._links.revoke(caller, view, guid_in(request, "link_guid"))
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, path = Routes(), "/v1/content/{guid}/share_links"
        routes.get(path, role="publisher", says=Says(reply=list[ShareLinkObject]))(self.listing)
        ours = (
            "expires_time must be to come, at most a year away (25); content that acts for its viewers has none (237)."
        )
        made = Says(reply=MadeShareLink, body=NewShareLink, optional_body=True, refuses=ours)
        routes.post(path, role="publisher", says=made)(self.make)
        routes.delete(path + "/{link_guid}", role="publisher", says=Says(status=204))(self.revoke)
        return routes


def _end(given: Fields) -> datetime | None:
    if given.data.get("expires_time") is None:
        return None
    return moment(given.text("expires_time", limit=64), "expires_time")
