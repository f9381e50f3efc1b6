"""Makes sure of the programs that tests use (Chromium, what its driver links to, curl, git), or installs them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Playwright drives browsers with a Node.js of its own, which links to this library; small systems lack it.
DRIVER_LIBRARY = "libatomic1"


def find() -> str | None:
    """The path of the first Chromium on PATH, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def driver_runs() -> bool:
    """Whether the Node.js inside the installed playwright package starts."""
    found = importlib.util.find_spec("playwright")
    if found is None or found.origin is None:
        return True
    node = Path(found.origin).parent / "driver" / "node"
    return not node.exists() or subprocess.run([node, "--version"], capture_output=True, check=False).returncode == 0


def missing() -> list[str]:
    """The Debian packages that are needed and not there. Curl is what the customer's own example calls, git
    what content is fetched with."""
    wanted = {
        "chromium": find() is not None,
        DRIVER_LIBRARY: driver_runs(),
        "curl": shutil.which("curl") is not None,
        "git": shutil.which("git") is not None,
    }
    return [name for name, there in wanted.items() if not there]


def _apt(*line: str) -> str | None:
    """Run one apt command quietly; its last words when it failed, else None."""
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(line, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return None if done.returncode == 0 else "\n".join(done.stdout.splitlines()[-8:])


def main() -> int:
    """Returns 0 when everything is there, else 1 after a sentence that says what to install."""
    wanted = missing()
    if not wanted:
        return 0
    install = ("apt-get", "install", "-y", "--no-install-recommends", *wanted)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            f"The tests need {' and '.join(wanted)}. Install it (on Debian or Ubuntu, as root: "
            f"{' '.join(install)}); instead of Chromium, google-chrome on PATH will do. Then run this again.",
            file=sys.stderr,
        )
        return 1
    size = " (about 400 MB, half a minute)" if "chromium" in wanted else ""
    print(f"Installing {' and '.join(wanted)} for the tests{size} ...", flush=True)
    # An old package list is good enough when its versions are still on the mirror, so only the install decides.
    _apt("apt-get", "update")
    trouble = _apt(*install)
    if trouble is None and not missing():
        return 0
    print(
        f"{' '.join(install)} did not help:\n{trouble or 'still missing: ' + ', '.join(missing())}\n"
        "Install these by hand (instead of Chromium, google-chrome will do), and run this again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
