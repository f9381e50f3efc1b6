"""Publishing to a gateway under test: the unmodified rsconnect CLI, and direct API calls for what it cannot do."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.harness.gateway import Gateway, until

RSCONNECT = Path(sys.executable).parent / "rsconnect"


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed on both streams."""

    code: int
    text: str


def rsconnect(*arguments: str, cwd: Path | None = None, home: Path) -> Ran:
    """Run the real CLI with a home folder of its own, so that its server list is the test's alone."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "RSCONNECT_DISABLE_VERSION_CHECK": "1",
        "NO_COLOR": "1",
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(
        [str(RSCONNECT), *arguments], cwd=cwd, env=variables, capture_output=True, text=True, timeout=300, check=False
    )
    return Ran(done.returncode, done.stdout + done.stderr)


def deploy(
    gateway: Gateway, kind: str, folder: Path, *options: str, title: str, home: Path, key: str | None = None
) -> str:
    """`rsconnect deploy KIND FOLDER`; returns the content's GUID."""
    ran = rsconnect(
        "deploy", kind, "-s", gateway.url, "-k", key or gateway.admin_key, "--title", title, *options, str(folder),
        home=home,
    )  # fmt: skip
    assert ran.code == 0, ran.text
    found = [c for c in gateway.api("GET", "/v1/content").json() if c["title"] == title]
    assert found, ran.text
    return str(found[0]["guid"])


def wait_task(gateway: Gateway, task_id: str, key: str | None = None) -> dict[str, object]:
    """Poll a task until it has finished; returns it with all its output."""

    def finished() -> dict[str, object] | None:
        task: dict[str, object] = gateway.api("GET", f"/v1/tasks/{task_id}", key=key, params={"wait": 1}).json()
        return task if task["finished"] else None

    found: dict[str, object] = until(finished, f"task {task_id}", 180)
    return found
