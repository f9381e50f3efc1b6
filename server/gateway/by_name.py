"""What is reached by another name: content by a path of its own, and a content item's picture."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from server.access.policy import may_view
from server.content.directory import Directory
from server.content.view import ContentView
from server.thumbnails.thumbnails import Thumbnails, is_known, picture_headers
from server.vanity.vanities import Vanities
from server.web.caller import BadCredential, Caller

METHODS = ("GET", "HEAD")


class ByName:
    """Redirects from paths of content's own, and shows pictures. What is known needs no database."""

    def __init__(self, directory: Directory, vanities: Vanities, thumbnails: Thumbnails) -> None:
        self._directory, self._vanities, self._thumbnails = directory, vanities, thumbnails

    async def elsewhere(self, target: bytes, caller: Caller | BadCredential) -> Response | None:
        """A redirect to the content's own address, with the path below and the query kept.

        None where no content has this path, and for whoever may not look at the content: she is answered as for
        any page that is not there (docs/decisions/0011-vanity-urls.md). The redirect keeps method and body.
        """
        path, _, query = target.partition(b"?")
        led = await self._vanities.find(path.decode("latin-1"))
        if led is None or isinstance(caller, BadCredential):
            return None
        view = await self._directory.by_guid(led.content_guid)
        if view is None or not may_view(caller, view):
            return None
        address = view.path + led.inside + ("?" + query.decode("latin-1") if query else "")
        return RedirectResponse(address, 307, {"Cache-Control": "no-store"})

    async def picture(self, scope: Scope, view: ContentView) -> Response:
        """The picture of content the caller may look at; 204 where it has none, which clients tell from 404."""
        if scope["method"] not in METHODS:
            return Response(status_code=405, headers={"Allow": ", ".join(METHODS)})
        picture = await self._thumbnails.find(view.id)
        if picture is None:
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        headers = picture_headers(picture)
        sent = dict(scope["headers"]).get(b"if-none-match", b"").decode("latin-1")
        if is_known(sent, picture):
            return Response(status_code=304, headers=headers)
        return Response(picture.data, media_type=picture.media_type, headers=headers)
