"""Unpacks a bundle: regular files and folders only, under limits, into place in one atomic step.

Nothing of `tarfile.extract*` is used: every path component is opened with O_NOFOLLOW below a fresh folder,
links are never made, modes are 0644 and 0755, owners are ignored (security.md 3.6, B-01 to B-06).
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runners.bundles.gunzip import Gunzip
from runners.bundles.members import Member, members
from runners.bundles.paths import Names, parts
from runners.bundles.refusal import BundleRefused, Limits, ManifestMissing

MANIFEST = "manifest.json"
_PARTIAL = ".partial"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLDEST = 315532800  # 1980-01-01: zip files and some build tools fail on anything older


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was unpacked: the number of files, their bytes, and the folder that holds manifest.json."""

    files: int
    bytes: int
    manifest_dir: Path


def extract(archive: BinaryIO, destination: Path, limits: Limits | None = None) -> Extracted:
    """Unpack a tar.gz into `destination`, which must not exist yet; its parent must.

    Blocks (run it in a thread). Raises BundleRefused for anything not acceptable and FileExistsError when the
    destination is taken; either way nothing is left on disk.
    """
    limits = limits or Limits()
    if destination.exists() or destination.is_symlink():
        raise FileExistsError(str(destination))
    staging = destination.parent / f".{destination.name}.{secrets.token_hex(6)}{_PARTIAL}"
    os.mkdir(staging, 0o700)
    try:
        root = os.open(staging, _FOLDER)
        try:
            unpacking = _Unpacking(root, limits)
            home = unpacking.run(archive)
            os.fchmod(root, 0o755)
            _flush(root)
        finally:
            os.close(root)
        os.rename(staging, destination)
        _sync_folder(destination.parent)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return Extracted(unpacking.files, unpacking.bytes, destination.joinpath(*home))


class _Unpacking:
    """One extraction under way: the counts so far and the names seen."""

    def __init__(self, root: int, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._names = Names()
        self._tops: set[str] = set()
        self._manifests: set[tuple[str, ...]] = set()
        self.files = 0
        self.bytes = 0

    def run(self, archive: BinaryIO) -> tuple[str, ...]:
        """Write every member; returns the path of the manifest's folder below the root."""
        stream = Gunzip(archive, self._limits)
        for entries, member in enumerate(members(stream, self._limits), start=1):
            if entries > 2 * self._limits.files:
                raise BundleRefused("", f"The bundle holds more than {self._limits.files} files.", too_large=True)
            self._write(member, stream)
        return self._home()

    def _write(self, member: Member, stream: Gunzip) -> None:
        path = parts(member.name, self._limits)
        if not path and member.folder:
            return
        if not path or (member.name.endswith("/") and not member.folder):
            raise BundleRefused(member.name, "A file needs a name; make the bundle again.")
        self._names.add(path, folder=member.folder)
        self._tops.add(path[0])
        if member.folder:
            os.close(self._folder(path, member.name))
            return
        self._count(member)
        if path[-1] == MANIFEST and len(path) <= 2:
            self._manifests.add(path[:-1])
        folder = self._folder(path[:-1], member.name)
        try:
            target = os.open(path[-1], _NEW_FILE, 0o600, dir_fd=folder)
        except OSError as error:
            raise BundleRefused(member.name, f"It cannot be written ({error.strerror}); rename it.") from error
        finally:
            os.close(folder)
        try:
            _copy(stream, target, member)
        finally:
            os.close(target)

    def _count(self, member: Member) -> None:
        self.files += 1
        self.bytes += member.size
        limits = self._limits
        if self.files > limits.files:
            raise BundleRefused(member.name, f"The bundle holds more than {limits.files} files.", too_large=True)
        if member.size > limits.file_bytes:
            raise BundleRefused(member.name, f"It is larger than {limits.file_bytes} bytes.", too_large=True)
        if self.bytes > limits.expanded:
            raise BundleRefused(
                member.name, f"The bundle unpacks to more than {limits.expanded} bytes.", too_large=True
            )

    def _folder(self, path: tuple[str, ...], member: str) -> int:
        """Open a folder below the root, making what is missing; the caller closes the descriptor."""
        here = os.dup(self._root)
        try:
            for part in path:
                try:
                    os.mkdir(part, 0o755, dir_fd=here)
                except FileExistsError:
                    pass
                else:
                    _mode(part, here)
                below = os.open(part, _FOLDER, dir_fd=here)
                os.close(here)
                here = below
        except OSError as error:
            os.close(here)
            raise BundleRefused(member, f"Its folder cannot be made ({error.strerror}); rename it.") from error
        return here

    def _home(self) -> tuple[str, ...]:
        if () in self._manifests:
            return ()
        if len(self._tops) == 1 and self._manifests:
            return next(iter(self._manifests))
        raise ManifestMissing(
            MANIFEST, "The bundle has no manifest.json at its top; publish with rsconnect or write one first."
        )


def _mode(part: str, folder: int) -> None:
    made = os.open(part, _FOLDER, dir_fd=folder)
    try:
        os.fchmod(made, 0o755)  # whatever the umask is
    finally:
        os.close(made)


def _copy(stream: Gunzip, target: int, member: Member) -> None:
    left = member.size
    while left:
        data = stream.read(min(left, 256 * 1024))
        if not data:
            raise BundleRefused(member.name, "The bundle is cut off inside it; upload it again.")
        left -= len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]
    os.fchmod(target, 0o644)
    moment = min(max(member.mtime, _OLDEST), time.time())
    os.utime(target, (moment, moment))


def _flush(root: int) -> None:
    """Write the whole tree to disk with one call; twenty thousand fsyncs would take minutes."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None or syncfs(root) != 0:
        os.sync()


def _sync_folder(path: Path) -> None:
    folder = os.open(path, _FOLDER)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
