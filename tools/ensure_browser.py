"""Makes sure that a Chromium is there for the browser tests: finds it, or installs Debian's as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "chromium")


def find() -> str | None:
    """The path of the first Chromium on PATH, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _apt(*line: str) -> str | None:
    """Run one apt command quietly; its last words when it failed, else None."""
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(line, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return None if done.returncode == 0 else "\n".join(done.stdout.splitlines()[-8:])


def main() -> int:
    """Returns 0 when a browser is there, else 1 after a sentence that says what to install."""
    if find():
        return 0
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            "The browser tests need Chromium. Install it (on Debian or Ubuntu, as root: "
            f"{' '.join(INSTALL)}), or put chromium or google-chrome on PATH; then run this again.",
            file=sys.stderr,
        )
        return 1
    print("Installing Chromium for the browser tests (about 400 MB, half a minute) ...", flush=True)
    # An old package list is good enough when its versions are still on the mirror, so only the install decides.
    _apt("apt-get", "update")
    trouble = _apt(*INSTALL)
    if trouble is None and find():
        return 0
    print(
        f"Chromium could not be installed by {' '.join(INSTALL)}:\n{trouble or 'no chromium on PATH afterwards'}\n"
        "Install chromium or google-chrome by hand, and run this again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
