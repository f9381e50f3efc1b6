"""A process of its own session, with its own files for output."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runners import output
from runners.spawning import spawn


def test_a_process_is_alone(tmp_path: Path) -> None:
    script = "ls /proc/$$/fd | wc -l; umask; echo $A; pwd; ulimit -c; cat /proc/$$/oom_score_adj"
    pid = spawn(
        ["/bin/sh", "-c", f"sleep 0.2; {script}"], folder=tmp_path, run_dir=tmp_path / "run", environment={"A": "b"}
    )
    assert os.getsid(pid) == pid
    assert os.waitpid(pid, 0)[1] == 0
    lines = output.tail(output.folder(tmp_path / "run")).split()
    assert int(lines[0]) <= 4  # three, and the one `ls` is read by
    assert lines[1:] == ["0077", "b", str(tmp_path), "0", "500"]


def test_what_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn(["/no/such"], folder=tmp_path, run_dir=tmp_path / "run", environment={})
