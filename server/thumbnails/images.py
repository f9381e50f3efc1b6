"""Which sort of picture some bytes are, by what they hold and not by what somebody calls them.

Only still and moving rasters are known; SVG can carry scripts and is none of them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from server.web.errors import ApiError, invalid

LARGEST = 5 * 1024 * 1024
# More pixels a side than any screen has would only cost the browsers that show it.
LONGEST_SIDE = 10_000
Size = tuple[int, int]
# Markers of JPEG that say how large the picture is: start of frame, all kinds (ITU T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


def _png(data: bytes) -> Size | None:
    """W3C PNG, sections 5.2 and 11.2.1: the signature, IHDR first, IEND last."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") or data[-8:-4] != b"IEND":
        return None
    return struct.unpack(">II", data[16:24]) if len(data) > 45 else None


def _gif(data: bytes) -> Size | None:
    """GIF89a: header, logical screen, and the trailer at the end."""
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 14 or data[-1:] != b";":
        return None
    return struct.unpack("<HH", data[6:10])


def _jpeg(data: bytes) -> Size | None:
    """ITU T.81, annex B: from marker to marker until one that begins a frame; padding may follow the end."""
    if not data.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in data[-1024:]:
        return None
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        if marker in _FRAMES and at + 9 <= len(data):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _webp(data: bytes) -> Size | None:
    """RFC 9649: a RIFF container of its whole length, with one of three first chunks."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    if not 0 <= len(data) - 8 - int.from_bytes(data[4:8], "little") <= 1:
        return None
    first = data[12:16]
    if first == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if first == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if first == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


_KINDS: dict[str, tuple[str, Callable[[bytes], Size | None]]] = {
    "image/png": (".png", _png),
    "image/jpeg": (".jpg", _jpeg),
    "image/gif": (".gif", _gif),
    "image/webp": (".webp", _webp),
}


def media_type(data: bytes) -> str:
    """The media type of a picture. Raises ApiError 400 for anything else, and 413 for what is too large."""
    if len(data) > LARGEST:
        raise ApiError(413, 25, f"A thumbnail has at most {LARGEST} bytes.")
    for kind, (_ending, size_of) in _KINDS.items():
        size = size_of(data)
        if size is not None and min(size) > 0 and max(size) <= LONGEST_SIDE:
            return kind
    raise invalid(f"Send a whole PNG, JPEG, GIF or WebP picture of at most {LONGEST_SIDE} pixels a side.")


def ending(kind: str) -> str:
    """The usual ending of a file of one of our media types."""
    return _KINDS[kind][0]
