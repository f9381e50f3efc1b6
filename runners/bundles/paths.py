"""Which member names a bundle may hold: plain relative paths that mean one file on every file system."""

from __future__ import annotations

import re
import unicodedata

from runners.bundles.refusal import BundleRefused, Limits

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DRIVE = re.compile(r"^[A-Za-z]:")


def parts(name: str, limits: Limits) -> tuple[str, ...]:
    """The components of a member's path, () for the archive's own root. Raises BundleRefused (B-01)."""
    if _CONTROL.search(name):
        raise BundleRefused(ascii(name)[1:-1], "Its name holds a control character; rename the file.")
    if "\\" in name or _DRIVE.match(name):
        raise BundleRefused(name, "Its name holds a backslash or a drive letter; use / between folders.")
    if name.startswith("/"):
        raise BundleRefused(name, "It is an absolute path; make the bundle from inside the app's folder.")
    if len(name.encode()) > limits.path_bytes:
        raise BundleRefused(name[:120], f"Its path is longer than {limits.path_bytes} bytes; shorten it.")
    found = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in found:
        raise BundleRefused(name, "It points outside the bundle with '..'; make the bundle from inside the folder.")
    if len(found) > limits.depth:
        raise BundleRefused(name[:120], f"It is more than {limits.depth} folders deep; flatten the folders.")
    for part in found:
        if len(part.encode()) > limits.name_bytes:
            raise BundleRefused(name[:120], f"A name in it is longer than {limits.name_bytes} bytes; shorten it.")
    return found


class Names:
    """Every path seen so far, so that two members never mean the same file (B-04)."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._spelling: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._folders: set[tuple[str, ...]] = set()
        self._files: set[tuple[str, ...]] = set()

    def add(self, path: tuple[str, ...], *, folder: bool) -> None:
        """Record a member and the folders above it. Raises BundleRefused for duplicates and collisions."""
        for depth in range(1, len(path) + 1):
            self._spell(path[:depth])
            if depth < len(path) or folder:
                self._folders.add(path[:depth])
        if not folder and path in self._files:
            raise BundleRefused("/".join(path), "It is in the archive twice; make the bundle again.")
        if not folder:
            self._files.add(path)
        for clash in (path[:depth] for depth in range(1, len(path) + 1)):
            if clash in self._files and clash in self._folders:
                raise BundleRefused("/".join(clash), "It is both a file and a folder; make the bundle again.")

    def _spell(self, path: tuple[str, ...]) -> None:
        folded = tuple(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", p).casefold()) for p in path)
        known = self._spelling.setdefault(folded, path)
        if known != path:
            raise BundleRefused(
                "/".join(path),
                f"Its name differs from {'/'.join(known)!r} only in case or letter encoding; rename one.",
            )
