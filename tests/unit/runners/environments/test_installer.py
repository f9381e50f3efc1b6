"""Commands run with what they are given, and their output comes line by line without passwords."""

from __future__ import annotations

from pathlib import Path

from runners.environments.installer import run


async def test_lines_and_code(tmp_path: Path) -> None:
    seen: list[str] = []
    script = "printf '\\033[1mget\\033[0m https://u:p@h/x\\n'; echo two >&2; head -c 200000 /dev/zero; echo; exit 3"
    code, lines = await run(["/bin/sh", "-c", script], folder=tmp_path, variables={}, report=seen.append, timeout=20)
    assert code == 3
    assert lines[:2] == ["get https://h/x", "two"]
    assert seen == lines


async def test_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    code, lines = await run(
        ["/bin/sh", "-c", "echo started; sleep 60 & sleep 60"], folder=tmp_path, variables={}, report=print, timeout=0.3
    )
    assert (code, lines) == (None, ["started"])
