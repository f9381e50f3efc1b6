"""One gzip member, decompressed as a stream under limits: no second member, no garbage, no bomb."""

from __future__ import annotations

import time
import zlib
from typing import BinaryIO

from runners.bundles.refusal import BundleRefused, Limits

CHUNK = 64 * 1024


class Gunzip:
    """Reads exactly as many expanded bytes as asked, counting both sides as it goes."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        """`source` is read from its current position; its size, when it can be told, is the ratio's base."""
        self._source = source
        self._limits = limits
        self._inflate = zlib.decompressobj(wbits=31)
        self._ready = bytearray()
        self._input = b""
        self._size = _remaining(source)
        self._deadline = time.monotonic() + limits.seconds
        self.compressed = 0
        self.expanded = 0
        if self._size is not None and self._size > limits.compressed:
            raise BundleRefused("", f"The bundle is larger than {limits.compressed} bytes.", too_large=True)

    def read(self, count: int) -> bytes:
        """`count` bytes, or fewer at the end of the gzip member."""
        while len(self._ready) < count and self._fill():
            pass
        taken = bytes(self._ready[:count])
        del self._ready[:count]
        return taken

    def finish(self) -> None:
        """Refuse a truncated member and anything but zeros behind it."""
        rest = self._inflate.unused_data
        while rest:
            if rest.strip(b"\0"):
                raise BundleRefused("", "Data follows the end of the gzip stream; send one plain tar.gz file.")
            rest = self._take()

    def _fill(self) -> bool:
        if self._inflate.eof:
            return False
        if time.monotonic() > self._deadline:
            raise BundleRefused("", f"Unpacking took longer than {self._limits.seconds:g} seconds.", too_large=True)
        data = self._input or self._take()
        try:
            got = self._inflate.decompress(data, CHUNK)
        except zlib.error as error:
            raise BundleRefused("", "The bundle is not a gzip-compressed tar file; send a .tar.gz.") from error
        self._input = self._inflate.unconsumed_tail
        if not data and not got and not self._inflate.eof:
            raise BundleRefused("", "The bundle is cut off before its end; upload it again.")
        self._ready += got
        self.expanded += len(got)
        self._check()
        return True

    def _take(self) -> bytes:
        data = self._source.read(CHUNK)
        self.compressed += len(data)
        if self.compressed > self._limits.compressed:
            raise BundleRefused("", f"The bundle is larger than {self._limits.compressed} bytes.", too_large=True)
        return data

    def _check(self) -> None:
        limits = self._limits
        if self.expanded > limits.expanded:
            raise BundleRefused("", f"The bundle unpacks to more than {limits.expanded} bytes.", too_large=True)
        base = self._size if self._size is not None else self.compressed
        if self.expanded > max(limits.ratio_floor, limits.ratio * base):
            raise BundleRefused(
                "",
                f"The bundle unpacks to more than {limits.ratio} times its compressed size.",
                too_large=True,
            )


def _remaining(source: BinaryIO) -> int | None:
    if not source.seekable():
        return None
    here = source.tell()
    end = source.seek(0, 2)
    source.seek(here)
    return end - here
