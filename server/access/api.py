"""The access list of a content item by API (connect-api.md 2.9)."""

from __future__ import annotations

from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.access import store
from server.access.guard import Guard
from server.access.people import ContentPeople
from server.access.wire import NewPermission, PermissionObject, permission_object
from server.audit.trail import Trail
from server.content.directory import Directory
from server.db.engine import Database
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import ApiError
from server.web.routes import Routes, empty_reply, guid_in, json_reply, number_in

PRINCIPAL_TYPE = 152


class Entry(NamedTuple):
    """Who is meant (`user` or `group`), and with which role."""

    kind: str
    principal: str
    role: str


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
        """Give a person or a group access, or change what they have."""
        view = await self._guard.editable(caller, guid_in(request))
        kind, principal, role = _entry(Fields(await read_object(request)))

        def write(session: Session) -> PermissionObject:
            row = store.put(session, view.id, view.owner_guid, principal, role, kind)
            what = {f"{kind}_guid": principal, "role": role}
            self._trail.record(session, caller, "add_permission", content_guid=view.guid, **what)
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
        """Change the role of one entry, or whose it is."""
        view = await self._guard.editable(caller, guid_in(request))
        number = number_in(request, "id")
        kind, principal, role = _entry(Fields(await read_object(request)))

        def write(session: Session) -> PermissionObject:
            row = store.change(session, view.id, number, view.owner_guid, principal, role, kind)
            what = {f"{kind}_guid": principal, "role": role}
            self._trail.record(session, caller, "edit_permission", content_guid=view.guid, **what)
            return permission_object(row, view.guid)

        answer = await self._db.write(write)
        self._directory.forget(view.guid)
        return json_reply(answer)

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Take access away; open pages of those who lose it close."""
        view = await self._guard.editable(caller, guid_in(request))
        await self._people.remove(caller, view, number_in(request, "id"))
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, entries, one = Routes(), "/v1/content/{guid}/permissions", "/v1/content/{guid}/permissions/{id}"
        routes.get(entries, says=Says(reply=list[PermissionObject]))(self.listing)
        refuses = (
            "principal_guid must name a person or a group (code 153), not the content's owner; "
            "collaborators are publishers (code 25)."
        )
        added = Says(reply=PermissionObject, body=NewPermission, refuses=refuses)
        routes.post(entries, says=added)(self.add)
        routes.get(one, says=Says(reply=PermissionObject))(self.one)
        changed = Says(reply=PermissionObject, body=NewPermission, fails=(409,), refuses=refuses)
        routes.put(one, says=changed)(self.change)
        routes.delete(one, says=Says(status=204))(self.remove)
        return routes


def _entry(given: Fields) -> Entry:
    """Raises ApiError 400, code 152 for a kind of principal that there is not."""
    kind = given.text("principal_type", "user")
    if kind not in store.DUPLICATE:
        raise ApiError(400, PRINCIPAL_TYPE, "principal_type must be user or group.")
    given.flag("send_email", False)  # accepted, as Connect has it; this server sends no mail
    principal = given.text("principal_guid", limit=64).lower()
    return Entry(kind, principal, given.choice("role", ("viewer", "owner"), "viewer"))
