"""Starts one process of an instance: in a session of its own, with three descriptors and no more (I-07)."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Mapping
from pathlib import Path

from runners import output

_OOM_SCORE = "500"  # when memory runs out, an app goes before the gateway


def spawn(command: list[str], *, folder: Path, run_dir: Path, environment: Mapping[str, str]) -> int:
    """Start `command` in `folder`, its output below `run_dir`; returns its pid. Raises OSError.

    Whoever watches the pid has to reap it.
    """
    out, err = output.create(run_dir)
    try:
        child = subprocess.Popen(  # noqa: S603 - a list, never a shell
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            close_fds=True,
            start_new_session=True,
            umask=0o077,
        )
    finally:
        os.close(out)
        os.close(err)
    with contextlib.suppress(OSError):
        resource.prlimit(child.pid, resource.RLIMIT_CORE, (0, 0))
        Path(f"/proc/{child.pid}/oom_score_adj").write_text(_OOM_SCORE)
    # From here on the pid's watcher reaps it; Popen must not warn or wait for it when it is collected.
    child.returncode = 0
    return child.pid
