"""Where a version is in a repository: which branch, tag or commit, and which folder. Checks the form only."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMIT = re.compile(r"[0-9a-f]{7,64}")
# What git-check-ref-format allows, as far as names that people give go; no name begins with "-".
_CHAR = r"[^\x00-\x20\x7f~^:?*\[\\/.{]"
REF = rf"^[^\x00-\x20\x7f~^:?*\[\\/.{{-]{_CHAR}*(\.{_CHAR}+)*(/{_CHAR}+(\.{_CHAR}+)*)*$"
_PART = r"[^\x00-\x1f\x7f\\/.][^\x00-\x1f\x7f\\/]*"
FOLDER = rf"^(\.|{_PART}(/{_PART})*)?$"
MOST_REF, MOST_FOLDER = 255, 1024


@dataclass(frozen=True)
class Location:
    """One folder of a repository at a branch, tag or commit. `directory` is "." or a relative path, in plain form."""

    repository: str
    branch: str
    directory: str


def checked_branch(text: str) -> str:
    """A branch, tag or commit as it was given. Raises ValueError with a predicate that names the fix."""
    if len(text) > MOST_REF or not re.fullmatch(REF, text):
        raise ValueError("must be the name of a branch or tag, or a commit")
    return text


def checked_directory(text: str) -> str:
    """A folder below the repository's root, without "." and doubled slashes. Raises ValueError."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    bad = text.startswith("/") or "\\" in text or ".." in parts or re.search(r"[\x00-\x1f\x7f]", text)
    if bad or len(text) > MOST_FOLDER or any(part.lower() == ".git" for part in parts):
        raise ValueError('must be a folder inside the repository, such as "apps/sales", or "."')
    return "/".join(parts) or "."
