"""Why a bundle was refused: the member at fault and a sentence that names the fix."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one bundle may hold. Sizes in bytes, `seconds` of wall time for the whole extraction.

    A bundle may expand to `ratio` times its compressed size; below `ratio_floor` bytes nobody counts.
    """

    compressed: int = 512 * 1024 * 1024
    expanded: int = 2 * 1024 * 1024 * 1024
    file_bytes: int = 1024 * 1024 * 1024
    files: int = 20_000
    ratio: int = 100
    ratio_floor: int = 16 * 1024 * 1024
    depth: int = 32
    path_bytes: int = 1024
    name_bytes: int = 255
    seconds: float = 60.0


class BundleRefused(Exception):
    """The archive cannot be accepted. `member` names the entry ("" for the archive itself)."""

    def __init__(self, member: str, reason: str, *, too_large: bool = False) -> None:
        """`too_large` marks a size limit, which HTTP answers with 413 instead of 400."""
        self.member = member
        self.reason = reason
        self.too_large = too_large
        super().__init__(f"{member!r}: {reason}" if member else reason)


class ManifestMissing(BundleRefused):
    """The archive is sound, and no manifest.json is where one belongs."""
