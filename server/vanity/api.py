"""Paths of content's own by API (connect-api.md 2.2)."""

from __future__ import annotations

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.db.engine import Database
from server.vanity import store
from server.vanity.vanities import Vanities
from server.vanity.wire import NewVanity, VanityObject, vanity_object
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import invalid
from server.web.routes import Routes, empty_reply, guid_in, json_reply


class VanityApi:
    """/v1/content/{guid}/vanity and /v1/vanities."""

    def __init__(self, db: Database, vanities: Vanities, guard: Guard) -> None:
        self._db, self._vanities, self._guard = db, vanities, guard

    async def one(self, request: Request, caller: Caller) -> Response:
        """The path of a content item; 404 where it has none."""
        view = await self._guard.readable(caller, guid_in(request))
        row = await self._db.read(store.of_content, view.id)
        return json_reply(vanity_object(row, view.guid))

    async def put(self, request: Request, caller: Caller) -> Response:
        """Give content a path, with slashes around it; `force` takes it from content the caller may change."""
        view = await self._guard.editable(caller, guid_in(request))
        given = Fields(await read_object(request))
        if not isinstance(given.data.get("path"), str):
            raise invalid("Send the path that the content shall have, such as /my-app/.")
        return json_reply(await self._vanities.put(caller, view, given.text("path"), force=given.flag("force", False)))

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Take the path of a content item away; 404 where it has none."""
        await self._vanities.remove(caller, await self._guard.editable(caller, guid_in(request)))
        return empty_reply()

    async def everything(self, _request: Request, _caller: Caller) -> Response:
        """Every path and whose it is."""

        def read(session: Session) -> list[VanityObject]:
            return [vanity_object(row, guid) for row, guid in store.everything(session)]

        return json_reply(await self._db.read(read))

    def routes(self) -> Routes:
        """The declared routes."""
        routes, path = Routes(), "/v1/content/{guid}/vanity"
        routes.get(path, says=Says(reply=VanityObject))(self.one)
        own = "path must not be one of the server's own, such as /connect/ (code 52)."
        given = Says(reply=VanityObject, body=NewVanity, fails=(409,), refuses=own)
        routes.put(path, role="publisher", says=given)(self.put)
        routes.delete(path, role="publisher", says=Says(status=204))(self.remove)
        routes.get("/v1/vanities", role="administrator", says=Says(reply=list[VanityObject]))(self.everything)
        return routes
