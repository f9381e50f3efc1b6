"""Repository settings by API, and making a version of what a repository holds (connect-api.md 2.2)."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from runners.repositories.location import Location
from server.access.guard import Guard
from server.audit.trail import Trail
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Repository
from server.repository import store
from server.repository.address import changes_from
from server.repository.fetching import Fetching
from server.repository.wire import (
    BundleRequest,
    FetchedBundle,
    NewRepository,
    RepositoryChange,
    RepositoryObject,
    repository_object,
)
from server.tasks.tasks import Tasks
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import invalid
from server.web.routes import Routes, empty_reply, guid_in, json_reply


class RepositoryApi:
    """The repository of one content item, for those who may edit it."""

    def __init__(self, db: Database, fetching: Fetching, tasks: Tasks, guard: Guard, trail: Trail) -> None:
        self._db, self._fetching, self._tasks, self._guard, self._trail = db, fetching, tasks, guard, trail

    async def one(self, request: Request, caller: Caller) -> Response:
        """Which repository a content item is deployed from; 404 with code 143 where that is none."""
        view = await self._guard.editable(caller, guid_in(request))
        return json_reply(repository_object(await self._db.read(store.get, view.id)))

    async def put(self, request: Request, caller: Caller) -> Response:
        """Deploy a content item from a repository from now on; nothing is fetched before it is deployed."""
        return await self._change(request, caller, must_exist=False)

    async def patch(self, request: Request, caller: Caller) -> Response:
        """Change some of a content item's repository settings."""
        return await self._change(request, caller, must_exist=True)

    async def _change(self, request: Request, caller: Caller, *, must_exist: bool) -> Response:
        view = await self._guard.editable(caller, guid_in(request))
        self._fetching.check_available()
        fields = changes_from(Fields(await read_object(request)), allow_local=self._fetching.allow_local)

        def write(session: Session) -> Repository:
            known = store.get(session, view.id) if must_exist else store.find(session, view.id)
            if known is None and "repository" not in fields:
                raise invalid("repository must be the address of a git repository.")
            row = store.put(session, view.id, fields)
            self._trail.record(session, caller, "edit_repository", content_guid=view.guid, fields=sorted(fields))
            return row

        return json_reply(repository_object(await self._db.write(write)))

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Deploy a content item from uploads again; what is served stays."""
        view = await self._guard.editable(caller, guid_in(request))

        def write(session: Session) -> None:
            session.delete(store.get(session, view.id))
            self._trail.record(session, caller, "remove_repository", content_guid=view.guid)

        await self._db.write(write)
        return empty_reply()

    async def bundle(self, request: Request, caller: Caller) -> Response:
        """Fetch a repository now and make a version of it, without deploying it."""
        view = await self._guard.editable(caller, guid_in(request))
        self._fetching.check_available()
        data = await read_object(request)
        asked = changes_from(
            Fields(
                {"repository": data.get("repository"), "branch": data.get("ref"), "directory": data.get("directory")}
            ),
            allow_local=self._fetching.allow_local,
        )
        location = await self._location(view, asked)
        lines: list[str] = []
        row = await self._fetching.fetch(caller, view, location, lines.append)

        async def work(report: Callable[[str], None]) -> None:
            for line in lines:
                report(line)

        # Clients want the version's number with the answer, so it is there before the task is.
        task_id = await self._tasks.start(caller.guid, view.guid, work)
        commit = row.details["metadata"]["source_commit"]
        answer: FetchedBundle = {
            "bundle_id": str(row.id),
            "task_id": task_id,
            "location": {
                "repository": location.repository,
                "ref": location.branch,
                "directory": location.directory,
                "commit": commit,
            },
        }
        return json_reply(answer)

    async def _location(self, view: ContentView, asked: dict[str, str]) -> Location:
        if "repository" in asked:
            return Location(asked["repository"], asked.get("branch", "main"), asked.get("directory", "."))
        row = await self._db.read(store.get, view.id)
        return Location(row.repository, asked.get("branch", row.branch), asked.get("directory", row.directory))

    def routes(self) -> Routes:
        """The declared routes."""
        routes, path = Routes(), "/v1/content/{guid}/repository"
        terms = {"role": "publisher"}
        routes.get(path, says=Says(reply=RepositoryObject), **terms)(self.one)
        routes.put(path, says=Says(body=NewRepository, reply=RepositoryObject), **terms)(self.put)
        routes.patch(path, says=Says(body=RepositoryChange, reply=RepositoryObject), **terms)(self.patch)
        routes.delete(path, says=Says(status=204), **terms)(self.remove)
        fetched = "The repository must be one that can be fetched, with a manifest.json in the folder (code 38)."
        makes = Says(body=BundleRequest, optional_body=True, reply=FetchedBundle, fails=(409, 507), refuses=fetched)
        routes.post(f"{path}/bundle", says=makes, **terms)(self.bundle)
        return routes
