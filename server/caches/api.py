"""Runtime caches by API: which environments there are, and deleting those of one Python (connect-api.md 2.12)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from packaging.version import Version
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from runners.environments.store import EnvironmentStore
from server.audit.trail import Trail
from server.caches import store
from server.caches.wire import IMAGE, LANGUAGE, CacheChoice, CacheDeletion, Caches, cache_object
from server.db.engine import Database
from server.tasks.tasks import Tasks
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import NOT_FOUND, ApiError, invalid
from server.web.routes import Routes, json_reply


class CachesApi:
    """The environments of this server, by Python version. An environment that is deleted is built again when needed."""

    def __init__(self, db: Database, environments: EnvironmentStore, tasks: Tasks, trail: Trail) -> None:
        self._db, self._environments, self._tasks, self._trail = db, environments, tasks, trail

    async def listing(self, _request: Request, _caller: Caller) -> Response:
        """The Python versions that environments were built for, newest first."""
        found = await asyncio.to_thread(self._environments.stored)
        versions = sorted({version for _key, version in found}, key=Version, reverse=True)
        shown: Caches = {"caches": [cache_object(version) for version in versions]}
        return json_reply(shown)

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Delete the environments of one Python version, but for those that running apps use."""
        given = Fields(await read_object(request))
        language, version = given.text("language", limit=64), given.text("version", limit=64)
        image, dry = given.text("image_name", limit=256), given.flag("dry_run", False)
        for name, value in (("language", language), ("version", version), ("image_name", image)):
            if not value:
                raise invalid(f"{name} must be given, as GET /v1/system/caches/runtime lists it.")
        found = await asyncio.to_thread(self._environments.stored)
        keys = [key for key, of in found if of == version]
        if language.lower() != LANGUAGE or image.lower() != IMAGE.lower() or not keys:
            raise ApiError(404, NOT_FOUND, "Cache does not exist")
        task_id = None if dry else await self._begin(caller, version, keys)
        answer: CacheDeletion = {"language": language, "version": version, "image_name": image, "task_id": task_id}
        return json_reply(answer)

    async def _begin(self, caller: Caller, version: str, keys: list[str]) -> str:
        def held(session: Session) -> set[str]:
            self._trail.record(session, caller, "remove_cache", language=LANGUAGE, version=version)
            return store.in_use(session)

        async def work(report: Callable[[str], None]) -> None:
            kept = await self._db.write(held)
            gone = [key for key in keys if key not in kept]
            report(f"Deleting {len(gone)} environment(s) of Python {version}.")
            for key in gone:
                await self._environments.remove(key)
            if len(gone) < len(keys):
                report(f"{len(keys) - len(gone)} stay(s), because running apps use them.")
            report("Done.")

        return await self._tasks.start(caller.guid, None, work)

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        path = "/v1/system/caches/runtime"
        routes.get(path, role="administrator", says=Says(reply=Caches))(self.listing)
        deletes = Says(body=CacheChoice, reply=CacheDeletion, fails=(404,))
        routes.delete(path, role="administrator", says=deletes)(self.remove)
        return routes
