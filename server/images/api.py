"""Execution environments by API, and who may use them (connect-api.md 2.9, 2.12)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.audit.trail import Trail
from server.db.engine import Database
from server.images import store
from server.images.fields import checked
from server.images.wire import (
    Environment,
    EnvironmentChange,
    NewEnvironment,
    Permission,
    PermissionInput,
    environment_object,
    permission_object,
)
from server.web.body import read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import ApiError
from server.web.routes import Routes, empty_reply, guid_in, json_reply


class ImagesApi:
    """The list is kept for clients that manage it; content on this server runs in its own processes."""

    def __init__(self, db: Database, trail: Trail) -> None:
        self._db, self._trail = db, trail

    async def listing(self, _request: Request, _caller: Caller) -> Response:
        """Every execution environment, oldest first."""
        rows = await self._db.read(store.listing)
        return json_reply([environment_object(row) for row in rows])

    async def one(self, request: Request, _caller: Caller) -> Response:
        """One execution environment."""
        return json_reply(environment_object(await self._db.read(store.by_guid, guid_in(request))))

    async def add(self, request: Request, caller: Caller) -> Response:
        """A new execution environment."""
        fields = checked(await read_object(request), creating=True)

        def write(session: Session) -> Environment:
            row = store.add(session, fields)
            self._trail.record(session, caller, "add_environment", environment_guid=row.guid, name=row.name)
            return environment_object(row)

        return json_reply(await self._db.write(write))

    async def change(self, request: Request, caller: Caller) -> Response:
        """Change an execution environment; what is not sent stays."""
        guid, fields = guid_in(request), checked(await read_object(request), creating=False)

        def write(session: Session) -> Environment:
            row = store.change(session, guid, fields)
            self._trail.record(session, caller, "edit_environment", environment_guid=guid, fields=sorted(fields))
            return environment_object(row)

        return json_reply(await self._db.write(write))

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Delete an execution environment."""
        guid = guid_in(request)

        def write(session: Session) -> None:
            name = store.remove(session, guid)
            self._trail.record(session, caller, "remove_environment", environment_guid=guid, name=name)

        await self._db.write(write)
        return empty_reply()

    async def permissions(self, request: Request, _caller: Caller) -> Response:
        """Who may use it, oldest entry first."""
        guid = guid_in(request)

        def read(session: Session) -> list[Permission]:
            environment = store.by_guid(session, guid)
            return [permission_object(row, guid) for row in store.permissions(session, environment.id or 0)]

        return json_reply(await self._db.read(read))

    async def permission(self, request: Request, _caller: Caller) -> Response:
        """One entry."""
        guid, entry = guid_in(request), guid_in(request, "permission_guid")

        def read(session: Session) -> Permission:
            environment = store.by_guid(session, guid)
            return permission_object(store.permission(session, environment.id or 0, entry), guid)

        return json_reply(await self._db.read(read))

    async def permit(self, request: Request, caller: Caller) -> Response:
        """Let a person or a group use it."""
        guid, given = guid_in(request), await read_object(request)
        user, group = _guid_of(given, "user_guid"), _guid_of(given, "group_guid")
        if (user is None) == (group is None):
            raise ApiError(400, store.INVALID_PERMISSION, "Give either user_guid or group_guid.")

        def write(session: Session) -> Permission:
            environment = store.by_guid(session, guid)
            row = store.permit(session, environment.id or 0, user, group)
            self._trail.record(session, caller, "add_environment_permission", environment_guid=guid, guid=row.guid)
            return permission_object(row, guid)

        return json_reply(await self._db.write(write))

    async def forbid(self, request: Request, caller: Caller) -> Response:
        """Take an entry away."""
        guid, entry = guid_in(request), guid_in(request, "permission_guid")

        def write(session: Session) -> None:
            environment = store.by_guid(session, guid)
            session.delete(store.permission(session, environment.id or 0, entry))
            self._trail.record(session, caller, "remove_environment_permission", environment_guid=guid, guid=entry)

        await self._db.write(write)
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, path, admin = Routes(), "/v1/environments", {"role": "administrator"}
        one, entries = f"{path}/{{guid}}", f"{path}/{{guid}}/permissions"
        routes.get(path, role="publisher", says=Says(reply=list[Environment]))(self.listing)
        routes.post(path, says=Says(body=NewEnvironment, reply=Environment, fails=(409,)), **admin)(self.add)
        routes.get(one, role="publisher", says=Says(reply=Environment))(self.one)
        routes.put(one, says=Says(body=EnvironmentChange, reply=Environment), **admin)(self.change)
        routes.delete(one, says=Says(status=204), **admin)(self.remove)
        routes.get(entries, says=Says(reply=list[Permission]), **admin)(self.permissions)
        whom = "Exactly one of user_guid and group_guid must be given, and name somebody (code 246)."
        adds = Says(body=PermissionInput, reply=Permission, fails=(409,), refuses=whom)
        routes.post(entries, says=adds, **admin)(self.permit)
        entry = f"{entries}/{{permission_guid}}"
        routes.get(entry, says=Says(reply=Permission), **admin)(self.permission)
        routes.delete(entry, says=Says(status=204), **admin)(self.forbid)
        return routes


def _guid_of(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    try:
        return str(uuid.UUID(value)) if isinstance(value, str) and len(value) == 36 else _refuse(name)
    except ValueError:
        return _refuse(name)


def _refuse(name: str) -> str:
    raise ApiError(400, store.INVALID_PERMISSION, f"{name} is not a GUID.")
