"""Runs uv: as a list of arguments, with only the variables it is given, its output passed on line by line."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Report = Callable[[str], None]
_USERINFO = re.compile(r"://[^/\s@]+@")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


async def run(
    command: Sequence[str], *, folder: Path, variables: Mapping[str, str], report: Report, timeout: float
) -> tuple[int | None, list[str]]:
    """Run a command in `folder`; returns its exit code (None: it took longer than `timeout` seconds) and output.

    Names and passwords in addresses are taken out of every line before anybody sees it.
    """
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=dict(variables),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert child.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(timeout):
            while raw := await _line(child.stdout):
                line = _ANSI.sub("", _USERINFO.sub("://", raw.decode("utf-8", "replace"))).rstrip()
                lines.append(line)
                report(line)
            return await child.wait(), lines
    except TimeoutError:
        return None, lines
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:
        return b"(a line too long to show)\n"
