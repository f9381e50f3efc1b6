"""Programs outside any environment that some kinds need, looked for where an administrator installs them."""

from __future__ import annotations

import shutil
from pathlib import Path

FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/opt/quarto/bin")


def find(name: str) -> Path | None:
    """The full path of a program, or None where this server has none of that name."""
    found = shutil.which(name, path=":".join(FOLDERS))
    return Path(found).absolute() if found else None
