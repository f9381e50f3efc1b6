"""Which files of a bundle or of a rendering viewers may open, and what a path below the content's address means.

Only names found here before anybody asked can be asked for, so no path, however spelt, reaches another file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from runners.bundles.manifest import Manifest
from runners.kinds.entrypoint import EntrypointProblem

PAGES = (".html", ".htm")
INDEX = ("index.html", "index.htm")
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Published:
    """Files below `root` by their names ("plots/a.png"), the page at the address itself, and `mark`: a text that no
    other version or rendering has."""

    root: Path
    names: frozenset[str]
    primary: str
    mark: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The page is at another path below the base path ("/docs/"), percent-encoded."""

    path: str


def of_bundle(code: Path, manifest: Manifest, mark: str) -> Published:
    """What a static bundle shows: the files its manifest lists, or that lie beneath a folder it lists.

    manifest.json and names that begin with a dot are never among them. Raises EntrypointProblem where no page is
    named and none can be guessed.
    """
    listed = {name.removeprefix("./").rstrip("/") for name in manifest.files}
    there = set(walk(code))
    wanted = manifest.primary_html or manifest.entrypoint or ""
    primary = _primary(wanted.removeprefix("./"), there)
    names = {name for name in there if name == primary or _lists(listed, name)}
    return Published(code, frozenset(names), primary, mark)


def of_rendering(folder: Path, primary: str, mark: str) -> Published:
    """What a rendering shows: everything in its folder."""
    return Published(folder, frozenset(walk(folder)), primary, mark)


def find(published: Published, inside: str) -> str | Moved | None:
    """The name of the file that the raw path `inside` ("/a%20b.html") means; a redirect; None for no such file."""
    if inside in ("", "/"):
        folder, _, _ = published.primary.rpartition("/")
        # The page's own links are relative to its folder.
        return Moved("/" + quote(published.primary)) if folder else published.primary
    if "%2f" in inside.lower():
        return None
    try:
        path = unquote_to_bytes(inside.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        return None
    name = path.removeprefix("/")
    if name in published.names:
        return name
    if name.endswith("/"):
        return next((name + index for index in INDEX if name + index in published.names), None)
    beneath = any(f"{name}/{index}" in published.names for index in INDEX)
    return Moved(inside + "/") if beneath else None


def walk(root: Path) -> Iterator[str]:
    """The regular files below `root`, by name; links, dotfiles, the manifest at the top and what is not named in UTF-8
    are left out."""
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(root / prefix) as entries:
            for entry in entries:
                if entry.name.startswith(".") or prefix + entry.name == MANIFEST or not _is_text(entry.name):
                    continue
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    waiting.append(f"{prefix}{entry.name}/")
                elif stat.S_ISREG(mode):
                    yield prefix + entry.name


def _is_text(name: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _lists(listed: set[str], name: str) -> bool:
    parts = name.split("/")
    return any("/".join(parts[:depth]) in listed for depth in range(1, len(parts) + 1))


def _primary(wanted: str, there: set[str]) -> str:
    if wanted:
        if wanted not in there:
            raise EntrypointProblem(f"The bundle has no file {wanted!r}, which its manifest names as its page.")
        return wanted
    found = [name for name in INDEX if name in there]
    found = found or [name for name in there if "/" not in name and name.lower().endswith(PAGES)]
    if len(found) == 0 or (len(found) > 1 and found[0] not in INDEX):
        raise EntrypointProblem("The manifest names no page; publish again and name one, or call it index.html.")
    return found[0]
