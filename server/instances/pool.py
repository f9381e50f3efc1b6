"""Step 5 of a visit: the instances of content, started once however many ask, watched, and stopped."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from runners import sweep
from runners.contract import Endpoint, Exit, Handle, LaunchSpec, Runner, StartFailed
from runners.variables import refused
from server.content.variables import Variables
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import Bundle, Instance
from server.instances import store
from server.instances.credentials import Credentials
from server.instances.live import Link, Live, Place, StartProblem
from server.instances.prepare import Preparer
from server.keys.keyring import Keyring, SealBroken

log = logging.getLogger("tabard.instances")
Report = Callable[[str], None]
DRAIN_SECONDS = 30.0
REMEMBER_FAILURE = 10.0
RENEW_TOKENS = 3600.0
KEEP_LOGS = 20


def _silent(_line: str) -> None:
    """Output nobody waits for."""


class Pool:
    """Every instance of this gateway.

    `open_link` makes the proxy's connections to an endpoint; `busy` counts the open sockets under a tag;
    `hang_up` closes them.
    """

    def __init__(
        self,
        db: Database,
        runner: Runner,
        preparer: Preparer,
        credentials: Credentials,
        variables: Variables,
        keyring: Keyring,
        *,
        run_root: Path,
        origins: tuple[str, ...],
        start_timeout: float,
        open_link: Callable[[str, int], Link],
        busy: Callable[[str], int],
        hang_up: Callable[[str, str], object],
    ) -> None:
        self._db, self._runner, self._preparer = db, runner, preparer
        self._credentials, self._variables, self._keyring = credentials, variables, keyring
        self._run_root, self._origins, self._start_timeout = run_root, origins, start_timeout
        self._open_link, self._busy, self._hang_up = open_link, busy, hang_up
        self._live: dict[Place, Live] = {}
        self._starting: dict[Place, asyncio.Task[Live]] = {}
        self._failed: dict[Place, tuple[float, StartProblem]] = {}
        self._progress: dict[Place, list[str]] = {}
        self._jobs: set[asyncio.Task[object]] = set()
        self._closing = False
        # How often a content item's instances were retired: a start that is overtaken is not put on the road.
        self._retired: dict[str, int] = {}

    def warm(self, place: Place) -> Live | None:
        """The ready instance of a place, without waiting."""
        live = self._live.get(place)
        if live is not None:
            live.last_used = time.monotonic()
        return live

    def progress(self, place: Place) -> list[str]:
        """What has been printed while a place starts."""
        return self._progress.get(place, [])

    def forgive(self, place: Place) -> None:
        """Let the next visit try again at once."""
        self._failed.pop(place, None)

    async def acquire(self, view: ContentView, place: Place, report: Report = _silent) -> Live:
        """A ready instance, started if need be; one start serves everybody who waits. Raises StartProblem."""
        live = self.warm(place)
        if live is not None:
            return live
        when, problem = self._failed.get(place, (0.0, None))
        if problem is not None and time.monotonic() - when < REMEMBER_FAILURE:
            raise problem
        task = self._starting.get(place)
        if task is None:
            if self._closing:
                raise StartProblem("The server is stopping; try again shortly.")
            task = asyncio.create_task(self._start(view, place, report), name=f"start {place.base_path}")
            self._starting[place] = task
            task.add_done_callback(lambda done: self._started(place, done))
        return await asyncio.shield(task)

    def _started(self, place: Place, task: asyncio.Task[Live]) -> None:
        self._starting.pop(place, None)
        self._progress.pop(place, None)
        if not task.cancelled():
            problem = task.exception()
            if isinstance(problem, StartProblem):
                self._failed[place] = (time.monotonic(), problem)

    async def _start(self, view: ContentView, place: Place, report: Report) -> Live:
        lines = self._progress[place] = []
        retired = self._retired.get(place.content_guid, 0)

        def tell(line: str) -> None:
            lines.append(line)
            del lines[:-200]
            report(line)

        bundle = await self._db.read(lambda session: session.get(Bundle, place.bundle_id))
        if bundle is None or bundle.content_id != view.id:
            raise StartProblem("This version does not exist any more.")
        # A deployment has reported the build already, so only the starting screen hears of it again.
        prepared = await self._preparer.prepare(bundle, lines.append)
        key = secrets.token_hex(8)
        run_dir = self._run_root / key
        run_dir.mkdir(mode=0o700, parents=True)
        row = Instance(key=key, content_id=view.id, bundle_id=place.bundle_id)
        row.tag = store.TAGS.get(prepared.kind.app_mode, "unknown")
        try:
            await self._db.write(store.begin, row)
            spec = LaunchSpec(
                key=key,
                kind=prepared.kind.app_mode,
                code=prepared.code,
                entrypoint=prepared.entrypoint,
                environment=prepared.environment,
                run_dir=run_dir,
                base_path=place.base_path,
                public_origins=self._origins,
                variables=await self._environment(view, key, run_dir),
                cookie_secret=self._keyring.mac("app cookies", view.guid),
                start_timeout=self._start_timeout,
            )
            tell(f"Starting the {prepared.kind.label} app ...")
            handle = await self._runner.start(spec)
        except BaseException as error:
            await asyncio.shield(self._ended(key, None, f"did not start: {type(error).__name__}"))
            problem = _start_problem(error)
            if problem is None:
                raise
            raise problem from error
        endpoint = handle.endpoint
        await self._db.write(store.running, key, handle.pid, handle.start_ticks, endpoint.port)
        live = Live(key, place, prepared.kind, handle, self._open_link(endpoint.host, endpoint.port), run_dir)
        self._failed.pop(place, None)
        self._background(self._watch(live))
        if retired == self._retired.get(place.content_guid, 0):
            self._live[place] = live
        else:  # variables, version or the content itself changed meanwhile: it serves those who waited, and ends
            self._background(self._drain(live, DRAIN_SECONDS))
        tell("The app is ready.")
        return live

    async def _environment(self, view: ContentView, key: str, run_dir: Path) -> dict[str, str]:
        given = await self._variables.open(view.id)
        allowed = {name: value for name, value in given.items() if refused(name) is None}
        return allowed | await self._credentials.issue(view, key, run_dir)

    async def _watch(self, live: Live) -> None:
        end: Exit = await self._runner.wait(live.handle)
        if self._live.get(live.place) is live:
            del self._live[live.place]
        # The route is bound to the process: nothing is sent to this port any more (security.md G-29).
        await live.link.aclose()
        self._hang_up(live.tag, "The app has ended.")
        await self._ended(live.key, end.code, None if live.retired else end.reason)

    async def _ended(self, key: str, code: int | None, error: str | None) -> None:
        await self._db.write(store.ended, key, code, error)
        await self._credentials.withdraw(key)

    def _background(self, work: Coroutine[None, None, object]) -> None:
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def find(self, content_guid: str) -> list[Live]:
        """The ready instances of a content item."""
        return [live for live in self._live.values() if live.place.content_guid == content_guid]

    def served(self) -> set[str]:
        """The content that has ready instances here."""
        return {place.content_guid for place in self._live}

    def retire(self, content_guid: str, *, but: int | None = None, now: bool = False) -> None:
        """Take a content item's instances off the road, except those of bundle `but`.

        Nobody new is sent to them; they end once their open pages are gone, or after 30 seconds. With `now`
        they end at once.
        """
        self._retired[content_guid] = self._retired.get(content_guid, 0) + 1
        for live in self.find(content_guid):
            if live.place.bundle_id != but or live.place.draft:
                del self._live[live.place]
                self._background(self._drain(live, 0.0 if now else DRAIN_SECONDS))
        for place in [p for p in self._failed if p.content_guid == content_guid]:
            self.forgive(place)

    async def _drain(self, live: Live, longest: float) -> None:
        live.retired = True
        deadline = time.monotonic() + longest
        while time.monotonic() < deadline and (self._busy(live.tag) or live.link.in_flight):
            await asyncio.sleep(0.25)
        self._hang_up(live.tag, "A newer version is being served; reconnect.")
        await self._runner.stop(live.handle, 5.0)

    async def stop_instance(self, key: str) -> bool:
        """End one instance by its key; False when it is not running here."""
        for live in list(self._live.values()):
            if live.key == key:
                del self._live[live.place]
                await self._drain(live, 0.0)
                return True
        return False

    async def renew_tokens(self, content_guid: str) -> None:
        """A content item's associations changed: its instances' token files follow."""
        for live in self.find(content_guid):
            await self._credentials.renew(content_guid, live.key, live.run_dir)

    async def keep_house(self, idle: float) -> None:
        """Run until cancelled: renew token files hourly, end instances nobody has used for `idle` seconds."""
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(5.0)
            moment = time.monotonic()
            for live in list(self._live.values()):
                if self._busy(live.tag) or live.link.in_flight:
                    live.last_used = moment
                elif moment - live.last_used > idle and self._live.get(live.place) is live:
                    del self._live[live.place]
                    self._background(self._drain(live, 0.0))
            if moment - renewed > RENEW_TOKENS:
                renewed = moment
                for live in list(self._live.values()):
                    await self._credentials.renew(live.place.content_guid, live.key, live.run_dir)

    async def recover(self) -> None:
        """At start: end what an earlier server left running, recorded or not, and withdraw its credentials."""
        left = await self._db.read(store.unended)
        await sweep.end_recorded([_handle(row, self._run_root) for row in left if row.pid is not None], 2.0)
        strays = await sweep.end_strays(self._run_root, (), 2.0)
        if left or strays:
            log.warning(
                "ended %d instance(s) that an earlier server had left", len({r.key for r in left} | set(strays))
            )
        for row in left:
            await self._db.write(store.ended, row.key, None, "the server was restarted")
        await self._db.write(self._credentials.withdraw_all)
        await asyncio.to_thread(self._trim_run_dirs)

    def _trim_run_dirs(self) -> None:
        """Keep the logs of the newest runs; delete everything else an ended run left."""
        folders = sorted(self._run_root.glob("*"), key=lambda p: p.stat().st_mtime, reverse=True)
        for place in folders[KEEP_LOGS:]:
            shutil.rmtree(place, ignore_errors=True)

    async def aclose(self) -> None:
        """End every instance and wait until they are gone."""
        self._closing = True
        for task in list(self._starting.values()):
            task.cancel()
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        lives, self._live = list(self._live.values()), {}
        await asyncio.gather(*(self._drain(live, 0.0) for live in lives), return_exceptions=True)
        while self._jobs:
            await asyncio.gather(*self._jobs, return_exceptions=True)


def _handle(row: Instance, run_root: Path) -> Handle:
    return Handle(
        row.key, row.pid or 0, row.start_ticks or 0, Endpoint("127.0.0.1", row.port or 0), run_root / row.key / "log"
    )


def _start_problem(error: BaseException) -> StartProblem | None:
    if isinstance(error, StartFailed):
        return StartProblem(error.message, error.output_tail)
    if isinstance(error, SealBroken):
        return StartProblem("A stored environment variable cannot be read; set the variables again.")
    return None
