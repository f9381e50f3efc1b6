"""Where bundles lie on disk: one folder a bundle with its archive and its extracted code."""

from __future__ import annotations

import shutil
from pathlib import Path

from runners.bundles import extract as extraction
from runners.bundles import manifest as manifests
from runners.bundles.manifest import Manifest, ManifestProblem
from runners.bundles.refusal import BundleRefused, Limits, ManifestMissing
from runners.durable import sync_folder
from server.bundles.receive import CANNOT_EXTRACT, Upload
from server.web.errors import ApiError

INVALID_MANIFEST = 38
ARCHIVE = "bundle.tar.gz"
CODE = "code"


class Shelf:
    """The bundle folders below one data directory. Methods block: run them in a thread."""

    def __init__(self, root: Path, limit: int) -> None:
        self.root, self.limit = root, limit
        self.incoming = root / "incoming"
        for folder in (root, self.incoming):
            folder.mkdir(mode=0o700, exist_ok=True)

    def shelve(self, upload: Upload, folder: str) -> Manifest:
        """Unpack an upload into the bundle folder `folder`, durable when this returns.

        Raises ApiError (400 code 135 or 38, 413); then neither folder nor upload is left.
        """
        home = self.root / folder
        home.mkdir(mode=0o700)
        try:
            with open(upload.path, "rb") as archive:
                limits = Limits(compressed=self.limit)
                extracted = extraction.extract(archive, home / CODE, limits)
            manifest = manifests.read(extracted.manifest_dir)
            upload.path.rename(home / ARCHIVE)
            for path in (home, self.root):
                sync_folder(path)
        except BundleRefused as refusal:
            shutil.rmtree(home, ignore_errors=True)
            code = INVALID_MANIFEST if isinstance(refusal, ManifestMissing) else CANNOT_EXTRACT
            raise ApiError(413 if refusal.too_large else 400, code, str(refusal)) from None
        except ManifestProblem as problem:
            shutil.rmtree(home, ignore_errors=True)
            raise ApiError(400, INVALID_MANIFEST, str(problem)) from None
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        finally:
            upload.path.unlink(missing_ok=True)
        return manifest

    def code(self, folder: str) -> tuple[Path, Manifest]:
        """The folder that holds a bundle's manifest, and the manifest. Raises ManifestProblem where it is gone."""
        root = self.root / folder / CODE
        inside = root
        if not (root / extraction.MANIFEST).is_file():
            found = next(root.glob(f"*/{extraction.MANIFEST}"), None)
            if found is None:
                raise ManifestProblem("The bundle's files are gone.")
            inside = found.parent
        return inside, manifests.read(inside)

    def archive(self, folder: str) -> Path:
        """The archive as it was uploaded."""
        return self.root / folder / ARCHIVE

    def discard(self, folders: list[str]) -> None:
        """Delete bundle folders."""
        for folder in folders:
            shutil.rmtree(self.root / folder, ignore_errors=True)

    def sweep(self, known: set[str]) -> None:
        """At start: delete uploads and folders that no record knows, left by a killed server."""
        for path in self.root.iterdir():
            if path != self.incoming and path.name not in known:
                shutil.rmtree(path, ignore_errors=True)
        for path in self.incoming.iterdir():
            path.unlink(missing_ok=True)
