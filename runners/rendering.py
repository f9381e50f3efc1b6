"""Renders a document once: runs its program to the end, passing its output on, and collects the pages it made.

The process is kept like an instance: a session of its own, private HOME and temporary folder, found again by its
marker, and nothing it started outlives it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from pathlib import Path

from runners import journal, output, process, published, variables
from runners.contract import Endpoint, Exit, Handle, RenderSpec
from runners.durable import sync_folder
from runners.ending import end_family
from runners.journal import Journal
from runners.spawning import spawn

Report = Callable[[str], None]
_FOLLOW = 0.25
_LAST_RESORT = 5.0
_MOST_FILES, _MOST_BYTES = 20_000, 2 * 1024 * 1024 * 1024
# What pages show; a bundle's sources and data are not for viewers, only what was made of them.
SHOWN = (
    *(".apng", ".avif", ".bmp", ".gif", ".ico", ".jpeg", ".jpg", ".png", ".svg", ".webp", ".css", ".js", ".mjs"),
    *(".otf", ".ttf", ".woff", ".woff2", ".m4a", ".mp3", ".mp4", ".oga", ".ogg", ".ogv", ".wav", ".webm"),
)


class RenderingFailed(Exception):
    """There are no pages; the text is one sentence for the publisher."""


async def run(
    spec: RenderSpec, command: list[str], *, report: Report, started: Callable[[Handle], Awaitable[None]]
) -> Exit:
    """Run `command` to its end; `started` is told of the process first, `report` of each line it prints.

    It is ended when `spec.timeout` has passed or the caller is cancelled. Raises RenderingFailed where it cannot be
    started.
    """
    handle = _launch(spec, command)
    done: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    watching = asyncio.create_task(_until_ended(handle, done))
    try:
        await started(handle)
        return await _follow(handle, done, spec.timeout, report)
    finally:
        # A kernel that its notebook left behind ends here, too.
        await asyncio.shield(end_family(handle, 0))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(watching, _LAST_RESORT)


def _launch(spec: RenderSpec, command: list[str]) -> Handle:
    try:
        for place in (spec.run_dir, spec.out, *variables.folders(spec.run_dir)):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        what = f"{error.strerror}: {spec.out.name} must not be a file of the bundle"
        raise RenderingFailed(f"There is no place for the pages ({what}).") from error
    environment = variables.assemble(
        key=spec.key,
        run_dir=spec.run_dir,
        interpreter=spec.environment.python,
        given=spec.variables,
        kind={"NO_COLOR": "1", "QUARTO_PYTHON": str(spec.environment.python)},
        timezone=None,
    )
    try:
        pid = spawn(command, folder=spec.work, run_dir=spec.run_dir, environment=environment)
    except OSError as error:
        raise RenderingFailed(f"The document's program could not be started: {error.strerror}.") from error
    found = process.inspect(pid)
    assert found is not None, "a child not yet reaped has a stat"
    return Handle(spec.key, pid, found.start_ticks, Endpoint("127.0.0.1", 0), output.folder(spec.run_dir))


async def _until_ended(handle: Handle, done: asyncio.Future[int | None]) -> None:
    """Set `done` to the exit code once the process has ended."""
    while True:
        ended = not process.runs(handle.pid, handle.start_ticks)
        # In this order: what has ended by now is there to be reaped.
        code = process.reap(handle.pid)
        if code is not None or ended:
            break
        await asyncio.sleep(0.05)
    if not done.done():
        done.set_result(code)


async def _follow(handle: Handle, done: asyncio.Future[int | None], timeout: float, report: Report) -> Exit:
    written, ends, deadline = Journal(handle.log), (0, 0), time.monotonic() + timeout
    while True:
        await asyncio.wait([done], timeout=_FOLLOW)
        written.note()
        ended = done.done()
        followed = journal.follow(handle.log, ends)
        ends = followed.ends
        for entry in followed.entries:
            report(entry.text)
        if ended and not followed.entries:
            return Exit(done.result(), _why(done.result()))
        if not ended and time.monotonic() > deadline:
            return Exit(None, f"Rendering took longer than {timeout:g} seconds.")


def _why(code: int | None) -> str:
    if code == 0:
        return ""
    if code is None or code < 0:
        return "Rendering was ended by a signal; the machine may have run out of memory."
    return f"Rendering ended with exit code {code}."


def explain(exit_: Exit, log: Path) -> str:
    """Why a rendering failed, as one sentence: with the last thing it printed, which names the error."""
    lines = [line.strip() for line in output.tail(log, 10).splitlines() if line.strip()]
    if exit_.code is None or exit_.code < 0 or not lines:
        return exit_.reason
    return f"{exit_.reason.removesuffix('.')}: {lines[-1][:500]}"


def collect(out: Path, into: Path, *, source: str, assets: Path, listed: Iterable[str]) -> str:
    """Copy the pages in `out` to the new folder `into`, whole and on disk, or raise RenderingFailed and leave nothing.

    Pictures, styles and the like that the bundle's manifest lists (`listed`, below `assets`) come along. Only regular
    files are taken, so a document cannot hand out what a link of its leads to. Returns the name of the first page.
    """
    fresh = into.with_name(f"{into.name}.new")
    try:
        made = sorted(_below(out)) if _is_folder(assets) else []
        primary = _first_page(made, Path(source).stem)
        wanted = {name.removeprefix("./") for name in listed}.difference(made)
        extra = [n for n in _below(assets) if n in wanted and n.lower().endswith(SHOWN)]
        _copy([(out / name, fresh / name) for name in made] + [(assets / name, fresh / name) for name in extra])
        for folder, _folders, _files in os.walk(fresh):
            sync_folder(Path(folder))
        fresh.rename(into)
        sync_folder(into.parent)
    except OSError as error:
        raise RenderingFailed(f"The pages could not be stored: {error.strerror}.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return primary


def _is_folder(path: Path) -> bool:
    """Whether it is a folder and no link to one, which a document could have put in its place."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _below(folder: Path) -> list[str]:
    """The regular files below a folder, by name; nothing behind links. Raises OSError, RenderingFailed."""
    found = list(islice(published.walk(folder), _MOST_FILES + 1)) if _is_folder(folder) else []
    if len(found) > _MOST_FILES:
        raise RenderingFailed(f"Rendering made more than {_MOST_FILES} files.")
    return found


def _first_page(made: list[str], stem: str) -> str:
    for wanted in (*published.INDEX, *(f"{stem}{ending}" for ending in (*published.PAGES, ".pdf", ".docx"))):
        if wanted in made:
            return wanted
    pages = [name for name in made if "/" not in name and name.endswith(published.PAGES)]
    if len(pages) != 1:
        raise RenderingFailed("Rendering made no page to show.")
    return pages[0]


def _copy(pairs: list[tuple[Path, Path]]) -> None:
    left = _MOST_BYTES
    if len(pairs) > _MOST_FILES:
        raise RenderingFailed(f"Rendering made more than {_MOST_FILES} files.")
    for source, target in pairs:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as taken:
            status = os.fstat(descriptor)
            left -= status.st_size
            if left < 0:
                raise RenderingFailed(f"Rendering made more than {_MOST_BYTES} bytes.")
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                continue
            with open(target, "xb") as given:
                shutil.copyfileobj(taken, given, 1024 * 1024)
                given.flush()
                os.fsync(given.fileno())
