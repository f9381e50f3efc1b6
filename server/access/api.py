"""The access list of a content item by API (connect-api.md 2.9)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.access import store
from server.access.guard import Guard
from server.access.people import ContentPeople
from server.audit.trail import Trail
from server.content.directory import Directory
from server.db.engine import Database
from server.db.models import Permission
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.errors import ApiError, invalid
from server.web.routes import Routes, empty_reply, guid_in, json_reply, number_in

PRINCIPAL_TYPE = 152


def permission_object(row: Permission, content_guid: str) -> dict[str, Any]:
    """One entry on the wire."""
    return {
        "id": str(row.id),
        "content_guid": content_guid,
        "principal_guid": row.principal_guid,
        "principal_type": row.principal_type,
        "role": row.role,
    }


class AccessApi:
    """GET, POST /v1/content/{guid}/permissions and one entry's GET, PUT, DELETE."""

    def __init__(self, db: Database, directory: Directory, guard: Guard, trail: Trail) -> None:
        self._db, self._directory, self._guard, self._trail = db, directory, guard, trail
        self._people = ContentPeople(db, directory, trail)

    async def listing(self, request: Request, caller: Caller) -> Response:
        """Every entry but the owner's, oldest first."""
        view = await self._guard.editable(caller, guid_in(request))
        rows = await self._db.read(store.entries, view.id)
        return json_reply([permission_object(r, view.guid) for r in rows])

    async def add(self, request: Request, caller: Caller) -> Response:
        """Give a person access, or change what she has."""
        view = await self._guard.editable(caller, guid_in(request))
        principal, role = _principal(Fields(await read_object(request)))

        def write(session: Session) -> dict[str, Any]:
            row = store.put(session, view.id, view.owner_guid, principal, role)
            self._trail.record(
                session, caller, "add_permission", content_guid=view.guid, user_guid=principal, role=role
            )
            return permission_object(row, view.guid)

        answer = await self._db.write(write)
        self._directory.forget(view.guid)
        return json_reply(answer)

    async def one(self, request: Request, caller: Caller) -> Response:
        """One entry."""
        view = await self._guard.editable(caller, guid_in(request))
        row = await self._db.read(store.entry, view.id, number_in(request, "id"))
        return json_reply(permission_object(row, view.guid))

    async def change(self, request: Request, caller: Caller) -> Response:
        """Change the role of one entry."""
        view = await self._guard.editable(caller, guid_in(request))
        number = number_in(request, "id")
        principal, role = _principal(Fields(await read_object(request)))

        def write(session: Session) -> dict[str, Any]:
            row = store.entry(session, view.id, number)
            if row.principal_guid != principal:
                raise invalid("principal_guid cannot be changed; remove this entry and add another.")
            row = store.put(session, view.id, view.owner_guid, principal, role)
            self._trail.record(
                session, caller, "edit_permission", content_guid=view.guid, user_guid=principal, role=role
            )
            return permission_object(row, view.guid)

        answer = await self._db.write(write)
        self._directory.forget(view.guid)
        return json_reply(answer)

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Take access away; open pages of that person close."""
        view = await self._guard.editable(caller, guid_in(request))
        await self._people.remove(caller, view, number_in(request, "id"))
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        routes.get("/v1/content/{guid}/permissions")(self.listing)
        routes.post("/v1/content/{guid}/permissions")(self.add)
        routes.get("/v1/content/{guid}/permissions/{id}")(self.one)
        routes.put("/v1/content/{guid}/permissions/{id}")(self.change)
        routes.delete("/v1/content/{guid}/permissions/{id}")(self.remove)
        return routes


def _principal(given: Fields) -> tuple[str, str]:
    kind = given.text("principal_type", "user")
    if kind != "user":
        raise ApiError(400, PRINCIPAL_TYPE, "principal_type must be user; groups are not available on this server.")
    return given.text("principal_guid").lower(), given.choice("role", ("viewer", "owner"), "viewer")
