"""A family ends politely when it can, surely when it must, and strangers live on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runners import process
from runners.contract import Endpoint, Handle
from runners.ending import end_family

POLITE = "import time; print(flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)"
Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def one(code: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code], stdout=subprocess.PIPE, start_new_session=True, env={}
        )
        started.append(child)
        assert child.stdout is not None
        child.stdout.readline()
        return child

    yield one
    for child in started:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def handle_of(child: subprocess.Popen[bytes]) -> Handle:
    found = process.inspect(child.pid)
    assert found is not None
    return Handle(f"{os.getpid():016d}", child.pid, found.start_ticks, Endpoint("127.0.0.1", 0), Path("/nowhere"))


async def test_polite(start: Start) -> None:
    child = start(POLITE)
    began = time.monotonic()
    await end_family(handle_of(child), 10)
    assert time.monotonic() - began < 5
    assert child.wait(5) == -signal.SIGTERM


async def test_stubborn(start: Start) -> None:
    child = start(STUBBORN)
    await end_family(handle_of(child), 0.1)
    assert child.wait(5) == -signal.SIGKILL


async def test_strangers(start: Start) -> None:
    child, stranger = start(POLITE), start(POLITE)
    await end_family(handle_of(child), 10)
    assert stranger.poll() is None
