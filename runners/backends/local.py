"""Local processes: each instance a session of its own on 127.0.0.1, which a later gateway can take over."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runners import output, process, readiness, variables
from runners.contract import Capabilities, Endpoint, Exit, Handle, LaunchSpec, StartFailed
from runners.ending import end_family
from runners.journal import Journal
from runners.kinds import catalog
from runners.kinds.entrypoint import EntrypointProblem
from runners.kinds.kind import Kind
from runners.spawning import spawn

_POLL = 0.06
_NOTE = 0.5
_ATTEMPTS = 3
_LAST_RESORT = 5.0
_STOPPED = Exit(None, "The server stopped it.")


@dataclass(slots=True)
class _Instance:
    """One instance this gateway watches: its pidfd, and the future its exit arrives in."""

    handle: Handle
    descriptor: int
    journal: Journal
    done: asyncio.Future[Exit]
    stopping: bool = False


class LocalRunner:
    """Runs instances as processes of this machine, as the gateway's own user."""

    def __init__(self, kinds: Callable[[str], Kind | None] = catalog.by_mode, *, timezone: str | None = None) -> None:
        """`kinds` finds a kind by app mode; `timezone` becomes TZ of every app."""
        self._kinds = kinds
        self._timezone = timezone
        self._instances: dict[str, _Instance] = {}
        self._cleaning: set[asyncio.Task[None]] = set()
        self._noting: asyncio.Task[None] | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Processes outlive the gateway; nothing but their user separates them."""
        return Capabilities(name="local", survives_gateway=True, isolation="none")

    async def start(self, spec: LaunchSpec) -> Handle:
        """Start an instance and return once it serves. Raises StartFailed, with no process left."""
        kind = self._kinds(spec.kind)
        if kind is None:
            raise StartFailed(f"This server cannot run {spec.kind!r} content.")
        deadline = time.monotonic() + spec.start_timeout
        for attempt in range(1, _ATTEMPTS + 1):
            port = _free_port()
            handle = self._launch(spec, kind, port)
            try:
                problem = await self._until_ready(spec, kind, handle, deadline)
            except BaseException:
                await self.stop(handle, 0)
                raise
            if problem is None:
                return handle
            await self.stop(handle, 0)
            if not process.is_listened(port) or attempt == _ATTEMPTS or time.monotonic() >= deadline:
                raise StartFailed(problem, output.tail(handle.log))
            # Somebody else took the port between its choice and the app's bind: choose another.
        raise AssertionError("the last attempt returns or raises")

    async def poll(self, handle: Handle) -> Exit | None:
        """None while the instance runs, else how it ended."""
        instance = self._instances.get(handle.key)
        if instance is not None and instance.handle == handle:
            return instance.done.result() if instance.done.done() else None
        if process.runs(handle.pid, handle.start_ticks):
            return None
        return Exit(None, "The app ended while no gateway watched it.")

    async def wait(self, handle: Handle) -> Exit:
        """Return when the instance has ended, saying how; an instance not watched yet is watched from now on."""
        instance = self._instances.get(handle.key)
        if instance is None or instance.handle != handle:
            instance = self._watch(handle)
        if instance is None:
            return Exit(None, "The app ended while no gateway watched it.")
        return await asyncio.shield(instance.done)

    async def stop(self, handle: Handle, grace: float = 5.0) -> None:
        """TERM to everything the instance started, after `grace` seconds KILL; returns when nothing is left."""
        instance = self._instances.get(handle.key)
        if instance is not None:
            instance.stopping = True
        await end_family(handle, grace)
        if instance is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(instance.done), _LAST_RESORT)
            self._instances.pop(handle.key, None)

    async def adopt(self, handle: Handle) -> Handle | None:
        """Watch an instance of an earlier gateway, if pid and start ticks match and it still owns its port."""
        if not process.runs(handle.pid, handle.start_ticks) or not _owns_port(handle):
            return None
        return handle if self._watch(handle) else None

    def output(self, handle: Handle) -> Path:
        """The folder that `runners.output` reads."""
        return handle.log

    async def close(self) -> None:
        """Stop watching; the instances keep running for the next gateway."""
        tasks = [*self._cleaning, *([self._noting] if self._noting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for instance in self._instances.values():
            if not instance.done.done():
                asyncio.get_running_loop().remove_reader(instance.descriptor)
                os.close(instance.descriptor)
                instance.done.cancel()
        self._instances.clear()

    def _launch(self, spec: LaunchSpec, kind: Kind, port: int) -> Handle:
        for place in (spec.run_dir, *variables.folders(spec.run_dir)):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = variables.assemble(
            key=spec.key,
            run_dir=spec.run_dir,
            interpreter=spec.environment.python,
            given=spec.variables,
            kind=kind.variables(spec),
            timezone=self._timezone,
        )
        try:
            pid = spawn(kind.command(spec, port), folder=spec.code, run_dir=spec.run_dir, environment=environment)
        except EntrypointProblem as error:
            raise StartFailed(str(error)) from error
        except OSError as error:
            raise StartFailed(f"The app's interpreter could not be started: {error.strerror}.") from error
        found = process.inspect(pid)
        assert found is not None, "a child not yet reaped has a stat"
        endpoint = Endpoint("127.0.0.1", port)
        handle = Handle(spec.key, pid, found.start_ticks, endpoint, output.folder(spec.run_dir))
        self._watch(handle)
        return handle

    async def _until_ready(self, spec: LaunchSpec, kind: Kind, handle: Handle, deadline: float) -> str | None:
        """None once the app serves from its own process, else a sentence saying why it does not."""
        instance = self._instances[handle.key]
        path = kind.ready(spec)
        answered: int | None = None
        while not instance.done.done():
            left = deadline - time.monotonic()
            if left <= 0:
                seconds = f"{spec.start_timeout:g} seconds"
                if answered is not None:
                    return f"The app did not become ready within {seconds}; it answers {answered} at {path}."
                return f"The app did not answer within {seconds}."
            if process.is_listened(handle.endpoint.port) and _owns_port(handle):
                answered = await readiness.status(
                    handle.endpoint, path, method=kind.ready_method, timeout=min(left, 2.0)
                )
                if answered is not None and answered < kind.ready_below and not instance.done.done():
                    return None
            await asyncio.wait([instance.done], timeout=min(_POLL, max(left, 0)))
        return f"The app ended while it was starting. {instance.done.result().reason}"

    def _watch(self, handle: Handle) -> _Instance | None:
        """Watch a process through a pidfd; None when it is not that process any more."""
        descriptor = process.open_exact(handle.pid, handle.start_ticks)
        if descriptor is None:
            return None
        loop = asyncio.get_running_loop()
        instance = _Instance(handle, descriptor, Journal(handle.log), loop.create_future())
        self._instances[handle.key] = instance
        loop.add_reader(descriptor, self._ended, instance)
        if self._noting is None or self._noting.done():
            self._noting = loop.create_task(self._note_output())
        return instance

    async def _note_output(self) -> None:
        """Note what the instances print until none is left."""
        while running := [one for one in self._instances.values() if not one.done.done()]:
            for instance in running:
                instance.journal.note()
            await asyncio.sleep(_NOTE)

    def _ended(self, instance: _Instance) -> None:
        asyncio.get_running_loop().remove_reader(instance.descriptor)
        os.close(instance.descriptor)
        code = process.reap(instance.handle.pid)
        instance.journal.note()
        if instance.done.done():
            return
        if instance.stopping:
            instance.done.set_result(Exit(code, _STOPPED.reason))
            return
        instance.done.set_result(Exit(code, describe(code)))
        # What it started must not live on without it.
        task = asyncio.get_running_loop().create_task(end_family(instance.handle, 0))
        self._cleaning.add(task)
        task.add_done_callback(self._cleaning.discard)


def describe(code: int | None) -> str:
    """How a process ended, as a sentence for a publisher."""
    if code is None:
        return "The app ended."
    if code == -signal.SIGKILL:
        return "The app was killed (SIGKILL); the machine may have run out of memory."
    if code < 0:
        return f"The app was ended by {signal.Signals(-code).name}."
    return f"The app ended with exit code {code}."


def _owns_port(handle: Handle) -> bool:
    members = process.family(handle.key, handle.pid, handle.start_ticks)
    return process.listens(members, handle.endpoint.port)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
