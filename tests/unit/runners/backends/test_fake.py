"""The fake does what a test scripts."""

from __future__ import annotations

from pathlib import Path

from runners.backends.fake import FakeRunner
from runners.contract import BuiltEnvironment, LaunchSpec


async def test_crash_is_seen(tmp_path: Path) -> None:
    runner = FakeRunner()
    spec = LaunchSpec(
        key="k" * 16,
        kind="x",
        code=tmp_path,
        entrypoint="app.py",
        environment=BuiltEnvironment(tmp_path, tmp_path, "3.11.7", "0"),
        run_dir=tmp_path / "run",
        base_path="",
        public_origins=(),
        variables={},
        cookie_secret="",
    )
    handle = await runner.start(spec)
    assert runner.started == [spec]
    runner.crash(handle, 7)
    ended = await runner.wait(handle)
    assert (ended.code, ended.reason) == (7, "The app ended with exit code 7.")
