"""What a process takes from itself, seen from inside a process of its own; this one stays as it is."""

import resource
import sys

import pytest

from server.cli import hardening


def test_no_core_dumps_and_no_reading_by_others(monkeypatch):
    asked: list[tuple[object, ...]] = []

    class Kernel:
        def prctl(self, *numbers: int) -> int:
            asked.append(numbers)
            return 0

    monkeypatch.setattr(hardening.resource, "setrlimit", lambda *given: asked.append(given))
    monkeypatch.setattr(hardening.ctypes, "CDLL", lambda *_a, **_t: Kernel())
    monkeypatch.setattr(hardening.sys, "platform", "linux")
    assert hardening.harden() is True
    assert asked == [(resource.RLIMIT_CORE, (0, 0)), (hardening.PR_SET_DUMPABLE, 0, 0, 0, 0)]


@pytest.mark.parametrize(("platform", "answer"), [("linux", -1), ("darwin", 0)])
def test_it_says_when_the_kernel_did_not_take_it(monkeypatch, platform: str, answer: int):
    kernel = type("Kernel", (), {"prctl": lambda *_: answer})
    monkeypatch.setattr(hardening.resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(hardening.ctypes, "CDLL", lambda *_a, **_t: kernel())
    monkeypatch.setattr(sys, "platform", platform)
    assert hardening.harden() is False
