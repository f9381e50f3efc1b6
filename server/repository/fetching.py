"""Makes versions of what is in a repository: fetched by git in a private folder, packed, taken in like an upload."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from integrations.http import OutboundClient
from runners.bundles.refusal import Limits as BundleLimits
from runners.repositories import archive, checkout
from runners.repositories.checkout import Checkout
from runners.repositories.location import Location
from runners.repositories.program import Git, GitFailed
from server.bundles.intake import Intake, check_unlocked
from server.bundles.receive import Upload, spooled
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Bundle, Repository
from server.repository import store
from server.repository.address import pins
from server.web.caller import Caller
from server.web.errors import ApiError, invalid

Report = Callable[[str], None]
INVALID_MANIFEST = 38
DISABLED = 145
MANIFEST = "manifest.json"
SECONDS = 240.0
MOST_AT_ONCE = 4
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Means:
    """What fetching needs of this machine: the program, a folder, certificates, and whether local places count."""

    program: Path | None
    root: Path
    variables: Mapping[str, str]
    allow_local: bool
    seconds: float = SECONDS


class Fetching:
    """Fetches for one server. `available` is false where the machine has no git."""

    def __init__(self, db: Database, intake: Intake, outbound: OutboundClient, means: Means) -> None:
        self._db, self._intake, self._outbound, self._means = db, intake, outbound, means
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    @property
    def available(self) -> bool:
        """Whether there is a git to fetch with."""
        return self._means.program is not None

    @property
    def allow_local(self) -> bool:
        """Whether repositories may lie on this machine."""
        return self._means.allow_local

    def check_available(self) -> None:
        """Raises ApiError 404, code 145, which clients take for "not enabled here"."""
        if not self.available:
            raise ApiError(404, DISABLED, "This server has no git; an administrator can install it and restart Tabard.")

    async def settings(self, view: ContentView) -> Repository | None:
        """Where a content item's versions come from, or None where they are uploaded."""
        return await self._db.read(store.find, view.id)

    async def fetch(self, caller: Caller | None, view: ContentView, location: Location, report: Report) -> Bundle:
        """Make a version of what is there now, and remember how that went. Raises ApiError."""
        try:
            bundle, commit = await self._fetch(caller, view, location, report)
        except ApiError as error:
            problem = error.message
            await self._db.write(lambda session: store.looked(session, view.id, error=problem))
            raise
        await self._db.write(lambda session: store.looked(session, view.id, commit=commit))
        return bundle

    async def _fetch(
        self, caller: Caller | None, view: ContentView, location: Location, report: Report
    ) -> tuple[Bundle, str]:
        check_unlocked(view)
        report(f"Fetching {location.directory} of {location.branch} from {location.repository} ...")
        limits = BundleLimits()
        most = checkout.Limits(limits.files, min(limits.expanded, self._intake.shelf.limit * 4))
        async with self._git(location, most.bytes) as git:
            try:
                found = await checkout.fetch(git, location, most, report)
            except GitFailed as failure:
                raise invalid(_told(failure)) from None
            if MANIFEST not in found.files:
                raise ApiError(400, INVALID_MANIFEST, _no_manifest(location))
            upload = await self._packed(found, git.home / "bundle.tar.gz", location)
        bundle = await self._intake.keep(caller, view, upload)
        report(f"Made version {bundle.id} of it.")
        return bundle, found.commit

    def making(self, caller: Caller, view: ContentView, location: Location) -> Callable[[Report], Awaitable[int]]:
        """The fetching of a deployment, as a step of its task: gives the number of the version it made."""

        async def make(report: Report) -> int:
            bundle = await self.fetch(caller, view, location, report)
            assert bundle.id is not None
            return bundle.id

        return make

    async def newest(self, location: Location) -> str | None:
        """The commit a branch or tag is at now; None where nothing has that name. Raises ApiError 400."""
        async with self._git(location, CHUNK) as git:
            try:
                return await checkout.newest(git, location)
            except GitFailed as failure:
                raise invalid(_told(failure)) from None

    @contextlib.asynccontextmanager
    async def _git(self, location: Location, file_bytes: int) -> AsyncIterator[Git]:
        """git in a folder of its own, which is gone afterwards."""
        self.check_available()
        assert self._means.program is not None
        protocols = ("https", "http", "file") if self._means.allow_local else ("https",)
        async with self._room:
            pinned = await pins(self._outbound, location)
            home = self._means.root / secrets.token_hex(8)
            home.mkdir(mode=0o700, parents=True)
            try:
                deadline = asyncio.get_running_loop().time() + self._means.seconds
                yield Git(
                    self._means.program, home, protocols, deadline, file_bytes, self._means.variables, pins=pinned
                )
            finally:
                await asyncio.shield(asyncio.to_thread(shutil.rmtree, home, ignore_errors=True))

    async def _packed(self, found: Checkout, target: Path, location: Location) -> Upload:
        try:
            await asyncio.to_thread(archive.pack, found, target)
        except OSError as error:
            raise ApiError(507, 134, f"The repository could not be packed ({error.strerror}).") from None
        metadata = {
            "source": "git",
            "source_repo": location.repository,
            "source_branch": location.branch,
            "source_commit": found.commit,
        }
        shelf = self._intake.shelf
        async with spooled(shelf.incoming, shelf.limit) as spool:
            with await asyncio.to_thread(open, target, "rb") as file:
                while data := await asyncio.to_thread(file.read, CHUNK):
                    spool.feed(data)
                    await spool.drain()
            return await spool.upload(metadata)

    def sweep(self) -> None:
        """At start: delete what a killed server left. Blocks."""
        shutil.rmtree(self._means.root, ignore_errors=True)


def location_of(row: Repository) -> Location:
    """Where the settings of a content item point."""
    return Location(row.repository, row.branch, row.directory)


def _told(failure: GitFailed) -> str:
    return f"{failure.message} git says: {failure.output}" if failure.output else failure.message


def _no_manifest(location: Location) -> str:
    where = "its root" if location.directory == "." else f"the folder {location.directory}"
    return (
        f"The repository has no manifest.json in {where} at {location.branch}. Write one with "
        "`rsconnect write-manifest`, commit it and push, then deploy again."
    )
