"""An item's environment variables by API: names are read, values only written (connect-api.md 2.2)."""

from __future__ import annotations

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from runners.variables import refused
from server.access.guard import Guard
from server.audit.trail import Trail
from server.content import store
from server.content.variables import Variables
from server.db.engine import Database
from server.instances.pool import Pool
from server.publishing.wire import VariableSetting
from server.web.body import read_json
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import invalid
from server.web.routes import Routes, guid_in, json_reply


class VariablesApi:
    """GET, PATCH, PUT /v1/content/{guid}/environment. A change recycles the running app (2.8)."""

    def __init__(self, db: Database, variables: Variables, guard: Guard, pool: Pool, trail: Trail) -> None:
        self._db, self._variables, self._guard, self._pool, self._trail = db, variables, guard, pool, trail

    async def names(self, request: Request, caller: Caller) -> Response:
        """The names, never the values."""
        view = await self._guard.editable(caller, guid_in(request))
        return json_reply(await self._db.read(store.variable_names, view.id))

    async def _put(self, request: Request, caller: Caller, *, replace: bool) -> Response:
        view = await self._guard.editable(caller, guid_in(request))
        values = store.checked_variables(await read_json(request, empty=[]))
        for name, value in values.items():
            reason = refused(name)
            if value is not None and reason is not None:
                raise invalid(reason)

        def write(session: Session) -> list[str]:
            names = self._variables.put(session, view.id, values, replace=replace)
            self._trail.record(session, caller, "edit_variables", content_guid=view.guid, names=sorted(values))
            return names

        names = await self._db.write(write)
        if values or replace:
            self._pool.retire(view.guid)
        return json_reply(names)

    async def merge(self, request: Request, caller: Caller) -> Response:
        """Upsert; null deletes. Answers 200 with the names, which the CLI needs (0.8)."""
        return await self._put(request, caller, replace=False)

    async def replace(self, request: Request, caller: Caller) -> Response:
        """Replace all."""
        return await self._put(request, caller, replace=True)

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        path = "/v1/content/{guid}/environment"
        ours = "no name may occur twice (code 149) or change how the server runs the app, as PATH would."
        settings = Says(reply=list[str], body=list[VariableSetting], optional_body=True, refuses=ours)
        routes.get(path, role="publisher", says=Says(reply=list[str]))(self.names)
        routes.patch(path, role="publisher", says=settings)(self.merge)
        routes.put(path, role="publisher", says=settings)(self.replace)
        return routes
