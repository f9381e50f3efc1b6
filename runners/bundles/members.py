"""The members of a tar stream: headers, GNU long names and pax records, read so that one reading is possible.

`tarfile` decodes a header block (checksum, octal fields); everything that tarfile would apply silently (pax
overrides, sparse maps, links) is looked at here and refused when it would let two readers disagree.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from runners.bundles.gunzip import Gunzip
from runners.bundles.refusal import BundleRefused, Limits

BLOCK = tarfile.BLOCKSIZE
EXTENSION_BYTES = 64 * 1024
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_WHAT = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.CONTTYPE: "a contiguous file",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
    tarfile.GNUTYPE_LONGLINK: "a link with a long target",
}


@dataclass(frozen=True, slots=True)
class Member:
    """One file or folder. `size` bytes of data follow in the stream, padded to a block by `data_end`."""

    name: str
    folder: bool
    size: int
    mtime: float


def members(stream: Gunzip, limits: Limits) -> Iterator[Member]:
    """Yield each member; the caller reads its data before asking for the next. Raises BundleRefused.

    Ends after the two zero blocks, having seen that only zeros follow (T-131).
    """
    long_name: str | None = None
    while (header := _header(stream)) is not None:
        kind = header.type
        if kind in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE):
            path = _pax_path(_extension(stream, header), shared=kind == tarfile.XGLTYPE)
            long_name = path if path is not None else long_name
            continue
        if kind == tarfile.GNUTYPE_LONGNAME:
            long_name = _text(_extension(stream, header).rstrip(b"\0"), header.name)
            continue
        name = _name(header, long_name, limits)
        long_name = None
        if kind not in (*_FILES, tarfile.DIRTYPE):
            what = _WHAT.get(kind, "of an unknown type")
            raise BundleRefused(name, f"It is {what}; a bundle holds only regular files and folders. Remove it.")
        folder = kind == tarfile.DIRTYPE
        if header.size < 0 or (folder and header.size):
            raise BundleRefused(name, "Its size is not possible; make the bundle again.")
        yield Member(name, folder, header.size, header.mtime)
        _padding(stream, header.size)
    if long_name is not None:
        raise BundleRefused(long_name, "The archive ends before this member; upload it again.")
    while rest := stream.read(64 * 1024):
        if rest.strip(b"\0"):
            raise BundleRefused("", "Data follows the end of the archive; make the bundle again as one tar.gz.")
    stream.finish()


def _block(stream: Gunzip) -> bytes:
    block = stream.read(BLOCK)
    if len(block) != BLOCK:
        raise BundleRefused("", "The archive ends without its end marker; upload it again.")
    return block


def _header(stream: Gunzip) -> tarfile.TarInfo | None:
    block = _block(stream)
    if not block.strip(b"\0"):
        if _block(stream).strip(b"\0"):
            raise BundleRefused("", "The archive's end marker is damaged; make the bundle again.")
        return None
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError, OverflowError) as error:
        raise BundleRefused("", "The archive holds a damaged header; make the bundle again.") from error


def _padding(stream: Gunzip, size: int) -> None:
    if gap := -size % BLOCK:
        stream.read(gap)


def _extension(stream: Gunzip, header: tarfile.TarInfo) -> bytes:
    if not 0 <= header.size <= EXTENSION_BYTES:
        raise BundleRefused(_printable(header.name), "An extended header is too large; make the bundle again.")
    data = stream.read(header.size)
    _padding(stream, header.size)
    if len(data) != header.size:
        raise BundleRefused("", "The archive is cut off before its end; upload it again.")
    return data


def _pax_path(data: bytes, *, shared: bool) -> str | None:
    """The `path` of a pax header, or None. Harmless records (times, owners, comments) are skipped."""
    path: str | None = None
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or len(length) > 6 or not len(length) < int(length) <= len(data):
            raise BundleRefused("", "A pax header is damaged; make the bundle again.")
        record, data = data[: int(length)], data[int(length) :]
        key, found, value = record[len(length) + 1 : -1].partition(b"=")
        if not found or record[-1:] != b"\n":
            raise BundleRefused("", "A pax header is damaged; make the bundle again.")
        if key == b"path" and not shared and path is None:
            path = _text(value, "")
        elif key in (b"path", b"size", b"linkpath") or key.startswith(b"GNU.sparse"):
            keyword = key.decode()
            raise BundleRefused("", f"A pax header overrides {keyword!r}; make the bundle with a plain tar program.")
        elif key == b"hdrcharset" and value not in (b"ISO-IR 10646 2000 UTF-8", b"BINARY"):
            raise BundleRefused("", "File names must be UTF-8; rename the files and make the bundle again.")
    return path


def _text(raw: bytes, member: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = _printable(member or raw.decode("utf-8", "replace"))
        raise BundleRefused(shown, "Its name is not UTF-8; rename the file.") from error


def _name(header: tarfile.TarInfo, long_name: str | None, limits: Limits) -> str:
    """The member's name: the header's, or the long or non-ASCII one that the header could not hold.

    An extended name is accepted only where a header needs one (longer than 100 bytes, or not ASCII) and only
    when the header carries the same name in the shortened form that tar programs write there. So a benign
    header cannot be renamed.
    """
    if long_name is None:
        if any("\udc80" <= char <= "\udcff" for char in header.name):
            raise BundleRefused(_printable(header.name), "Its name is not UTF-8; rename the file.")
        return header.name
    raw = long_name.encode()
    if len(raw) > limits.path_bytes + 1:
        raise BundleRefused(_printable(long_name[:120]), f"Its path is longer than {limits.path_bytes} bytes.")
    needed = len(raw.rstrip(b"/")) >= tarfile.LENGTH_NAME or not long_name.isascii()
    if not needed or not _agrees(header.name, long_name):
        raise BundleRefused(
            _printable(long_name),
            f"A pax header renames {_printable(header.name)!r} to it; make the bundle again.",
        )
    return long_name


def _agrees(short: str, full: str) -> bool:
    shown = short.rstrip("/").encode("utf-8", "surrogateescape")
    forms = (full.encode(), full.encode("ascii", "replace"), full.encode("ascii", "ignore"))
    return any(shown == form.rstrip(b"/") or (shown == form[: tarfile.LENGTH_NAME].rstrip(b"/")) for form in forms)


def _printable(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8", "replace")
