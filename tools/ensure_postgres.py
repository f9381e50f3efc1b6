"""Makes sure that PostgreSQL's server programs are there for the store's tests: finds them, or installs Debian's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("initdb", "postgres")
INSTALL = ("apt-get", "install", "-y", "--no-install-recommends")
# Debian's package would make a cluster of its own and start it; the tests make theirs.
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")


def missing() -> list[str]:
    """The programs that are neither on PATH nor where Debian keeps them."""
    places = Path("/usr/lib/postgresql")
    return [name for name in PROGRAMS if not shutil.which(name) and not any(places.glob(f"*/bin/{name}"))]


def _apt(*line: str) -> str | None:
    """Run one apt command quietly; its last words when it failed, else None."""
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(line, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return None if done.returncode == 0 else "\n".join(done.stdout.splitlines()[-8:])


def _install() -> str | None:
    _apt("apt-get", "update")
    trouble = _apt(*INSTALL, "postgresql-common")
    if trouble is not None:
        return trouble
    NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
    kept = NO_CLUSTER.read_text() if NO_CLUSTER.exists() else None
    NO_CLUSTER.write_text("create_main_cluster = false\n")
    try:
        return _apt(*INSTALL, "postgresql")
    finally:
        if kept is not None:
            NO_CLUSTER.write_text(kept)


def main() -> int:
    """Returns 0 when the programs are there, else 1 after a sentence that says what to install."""
    if not missing():
        return 0
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(
            f"The store's tests need PostgreSQL's {' and '.join(missing())}. Install the server (on Debian or Ubuntu, "
            f"as root: {' '.join(INSTALL)} postgresql), or put its programs on PATH; then run this again.",
            file=sys.stderr,
        )
        return 1
    print("Installing PostgreSQL for the store's tests (about 60 MB) ...", flush=True)
    trouble = _install()
    if trouble is None and not missing():
        return 0
    print(
        f"PostgreSQL could not be installed by {' '.join(INSTALL)} postgresql:\n"
        f"{trouble or 'its programs are still missing'}\nInstall it by hand, and run this again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
