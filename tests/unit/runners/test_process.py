"""Processes are told apart by pid and start ticks together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from runners import process

SLEEP = [sys.executable, "-I", "-S", "-c", "import time; print(flush=True); time.sleep(600)"]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(SLEEP, env={process.MARKER: "key-of-this-test"}, stdout=subprocess.PIPE)
    assert started.stdout is not None
    started.stdout.readline()
    yield started
    started.kill()
    started.wait()
    started.stdout.close()


def test_inspect_reads_our_own_stat() -> None:
    found = process.inspect(os.getpid())
    assert found is not None
    assert (found.pid, found.session, found.group) == (os.getpid(), os.getsid(0), os.getpgrp())
    assert not found.ended
    assert process.runs(found.pid, found.start_ticks)
    assert not process.runs(found.pid, found.start_ticks + 1)


def test_no_such_process() -> None:
    assert process.inspect(2**22 - 1) is None
    assert process.open_exact(2**22 - 1, 1) is None


def test_family_is_found_by_marker(child: subprocess.Popen[bytes]) -> None:
    assert [one.pid for one in process.family("key-of-this-test", 2**22 - 1, 0)] == [child.pid]
    assert process.family("another-key", 2**22 - 1, 0) == []
    assert process.family("another-key", child.pid, 12345) == []
    assert [one.pid for one, env in process.marked() if env[process.MARKER] == "key-of-this-test"] == [child.pid]


def test_send_reaches_only_the_exact_process(child: subprocess.Popen[bytes]) -> None:
    found = process.inspect(child.pid)
    assert found is not None
    wrong = process.ProcessStat(child.pid, "S", 0, 0, found.start_ticks - 1)
    process.send([wrong], signal.SIGKILL)
    assert child.poll() is None
    process.send([found], signal.SIGKILL)
    assert child.wait(10) == -signal.SIGKILL


def test_reap_leaves_other_peoples_children() -> None:
    assert process.reap(os.getppid()) is None


def test_has_ended(child: subprocess.Popen[bytes]) -> None:
    descriptor = os.pidfd_open(child.pid)
    assert not process.has_ended(descriptor)
    child.kill()
    child.wait()
    assert process.has_ended(descriptor)
    os.close(descriptor)
