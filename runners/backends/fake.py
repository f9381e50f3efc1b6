"""A back end for tests: instances are entries in a dictionary, and do at once whatever a test scripts."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runners import output
from runners.contract import Capabilities, Endpoint, Exit, Handle, LaunchSpec, StartFailed

NOWHERE = Endpoint("127.0.0.1", 9)  # the discard port: nothing answers there


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What an instance does: prints `prints`; ends at once with `exit_code`; never gets `ready`."""

    prints: str = ""
    exit_code: int | None = None
    ready: bool = True


@dataclass(slots=True)
class _Entry:
    handle: Handle
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    exit: Exit | None = None


class FakePlace:
    """The "machine" fake instances run on; two runners sharing one are two gateways, one after the other."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self.running: dict[str, _Entry] = {}
        self.pids = itertools.count(100_000)


class FakeRunner:
    """Keeps the runner contract without a process."""

    def __init__(
        self,
        behaviours: Mapping[str, Behaviour] | None = None,
        *,
        place: FakePlace | None = None,
        endpoint: Endpoint = NOWHERE,
    ) -> None:
        """`behaviours` are looked up by entry point, the default runs well; every instance says `endpoint`."""
        self._behaviours = behaviours or {}
        self._place = place or FakePlace()
        self._endpoint = endpoint
        self.started: list[LaunchSpec] = []

    @property
    def capabilities(self) -> Capabilities:
        """As the local back end, without its processes."""
        return Capabilities(name="fake", survives_gateway=True, isolation="none")

    async def start(self, spec: LaunchSpec) -> Handle:
        """An instance that is ready at once, or StartFailed as scripted."""
        self.started.append(spec)
        behaviour = self._behaviours.get(spec.entrypoint, Behaviour())
        log = output.folder(spec.run_dir)
        await asyncio.to_thread(_print, log, behaviour.prints)
        if behaviour.exit_code is not None:
            reason = f"The app ended with exit code {behaviour.exit_code}."
            raise StartFailed(f"The app ended while it was starting. {reason}", output.tail(log))
        if not behaviour.ready:
            raise StartFailed(f"The app did not answer within {spec.start_timeout:g} seconds.", output.tail(log))
        pid = next(self._place.pids)
        handle = Handle(spec.key, pid, pid, self._endpoint, log)
        self._place.running[spec.key] = _Entry(handle)
        return handle

    async def poll(self, handle: Handle) -> Exit | None:
        """None while the instance runs."""
        entry = self._entry(handle)
        return entry.exit if entry else Exit(None, "The app ended while no gateway watched it.")

    async def wait(self, handle: Handle) -> Exit:
        """Return when `stop` or `crash` ended the instance."""
        entry = self._entry(handle)
        if entry is None:
            return Exit(None, "The app ended while no gateway watched it.")
        await entry.ended.wait()
        assert entry.exit is not None
        return entry.exit

    async def stop(self, handle: Handle, grace: float = 5.0) -> None:
        """End the instance."""
        self._end(handle, Exit(0, "The server stopped it."))

    async def adopt(self, handle: Handle) -> Handle | None:
        """The handle, when exactly this instance runs at this place."""
        entry = self._entry(handle)
        return handle if entry is not None and entry.exit is None else None

    def output(self, handle: Handle) -> Path:
        """The folder that `runners.output` reads."""
        return handle.log

    def crash(self, handle: Handle, code: int = 1) -> None:
        """End an instance as if it had crashed."""
        self._end(handle, Exit(code, f"The app ended with exit code {code}."))

    def _entry(self, handle: Handle) -> _Entry | None:
        entry = self._place.running.get(handle.key)
        return entry if entry is not None and entry.handle == handle else None

    def _end(self, handle: Handle, how: Exit) -> None:
        entry = self._entry(handle)
        if entry is not None and entry.exit is None:
            entry.exit = how
            entry.ended.set()


def _print(log: Path, text: str) -> None:
    log.mkdir(mode=0o700, parents=True, exist_ok=True)
    for stream in output.STREAMS:
        (log / stream).touch()
    with (log / "stdout").open("a") as file:
        file.write(text)
