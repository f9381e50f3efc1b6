"""Packs a fetched folder as a bundle: the same commit always gives the same bytes."""

from __future__ import annotations

import gzip
import os
import stat
import tarfile
from pathlib import Path
from typing import BinaryIO

from runners.repositories.checkout import Checkout


def pack(checkout: Checkout, target: Path) -> None:
    """Write the files of a checkout into the new file `target`, a tar.gz. Blocks. Raises OSError."""
    with (
        open(target, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as raw,
        gzip.GzipFile("", "wb", 6, raw, 0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(checkout.files):
            with _regular(checkout.folder / name) as file:
                info = tarfile.TarInfo(name)
                info.size = os.fstat(file.fileno()).st_size
                archive.addfile(info, file)


def _regular(path: Path) -> BinaryIO:
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{path.name} is not a regular file")
    return file
