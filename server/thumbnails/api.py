"""Pictures of content by API (connect-api.md 2.2); everybody else finds them at `{content_url}__thumbnail__`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.thumbnails.images import LARGEST
from server.thumbnails.thumbnails import Thumbnails, picture_headers
from server.web.body import read_limited
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import not_found
from server.web.routes import Routes, empty_reply, guid_in


class ThumbnailApi:
    """/v1/content/{guid}/thumbnail."""

    def __init__(self, thumbnails: Thumbnails, guard: Guard) -> None:
        self._thumbnails, self._guard = thumbnails, guard

    async def one(self, request: Request, caller: Caller) -> Response:
        """The picture of a content item; 404 where it has none."""
        view = await self._guard.readable(caller, guid_in(request))
        picture = await self._thumbnails.find(view.id)
        if picture is None:
            raise not_found("thumbnail")
        return Response(picture.data, media_type=picture.media_type, headers=picture_headers(picture))

    async def put(self, request: Request, caller: Caller) -> Response:
        """Give content a picture: the bytes of a PNG, JPEG, GIF or WebP."""
        view = await self._guard.editable(caller, guid_in(request))
        await self._thumbnails.put(caller, view, await read_limited(request, LARGEST))
        return empty_reply()

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Take the picture of a content item away; 404 where it has none."""
        await self._thumbnails.remove(caller, await self._guard.editable(caller, guid_in(request)))
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, path = Routes(), "/v1/content/{guid}/thumbnail"
        routes.get(path, says=Says(reply=bytes, reply_type="image/*"))(self.one)
        whole = "the body must be a whole PNG, JPEG, GIF or WebP."
        given = Says(status=204, body=bytes, body_type="application/octet-stream", fails=(507,), refuses=whole)
        routes.put(path, role="publisher", says=given)(self.put)
        routes.delete(path, role="publisher", says=Says(status=204))(self.remove)
        return routes
