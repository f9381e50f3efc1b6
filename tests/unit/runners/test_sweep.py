"""Only processes that carry a marker and live below the given folder are strays."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners import process, sweep
from runners.contract import Handle


async def test_strays(monkeypatch: pytest.MonkeyPatch) -> None:
    def marked() -> list[tuple[process.ProcessStat, dict[str, str]]]:
        def one(pid: int, key: str, home: str) -> tuple[process.ProcessStat, dict[str, str]]:
            return process.ProcessStat(pid, "S", pid, pid, pid), {process.MARKER: key, "HOME": home}

        return [one(1, "kept", "/runs/a/home"), one(2, "stray", "/runs/b/home"), one(3, "stray", "/runs/b/home"),
                one(4, "other", "/runs-of-another/c/home"), one(5, "nohome", "")]  # fmt: skip

    ended: list[Handle] = []

    async def end_family(handle: Handle, grace: float) -> None:
        ended.append(handle)

    monkeypatch.setattr(process, "marked", marked)
    monkeypatch.setattr(sweep, "end_family", end_family)
    assert await sweep.end_strays(Path("/runs"), keep={"kept"}) == ["stray"]
    assert [(one.key, one.pid, one.log) for one in ended] == [("stray", 2, Path("/runs/b/log"))]
