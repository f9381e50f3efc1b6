"""Extended names are believed only where a header could not hold the name and says the same."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from runners.bundles.gunzip import Gunzip
from runners.bundles.members import members
from runners.bundles.refusal import BundleRefused, Limits


def header(name: bytes, size: int = 0, kind: bytes = b"0") -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = f"{size:011o}\0".encode()
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def pax(path: str, name: bytes) -> bytes:
    value = path.encode()
    length = len(value) + len(b" path=\n")
    total = length + len(str(length + len(str(length))))
    record = f"{total} path=".encode() + value + b"\n"
    return header(b"PaxHeader", len(record), b"x") + record.ljust(-(-len(record) // 512) * 512, b"\0") + header(name)


def names(archive: bytes) -> list[str]:
    stream = Gunzip(io.BytesIO(gzip.compress(archive + b"\0" * 1024)), Limits())
    return [member.name for member in members(stream, Limits())]


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("café/été.py", b"caf?/?t?.py"),
        ("café/été.py", b"caf/t.py"),
        ("café/été.py", "café/été.py".encode()),
        ("d" * 150, b"d" * 100),
        ("d/" * 60, b"d/" * 50),
    ],
    ids=["python", "go", "raw", "cut", "folder"],
)
def test_names_as_tools_write_them(path: str, short: bytes) -> None:
    assert names(pax(path, short)) == [path]


@pytest.mark.parametrize(
    ("path", "short"), [("other.py", b"app.py"), ("app.py", b"app.py"), ("é.py", b"app.py"), ("d" * 150, b"e" * 100)]
)
def test_renaming_is_refused(path: str, short: bytes) -> None:
    with pytest.raises(BundleRefused, match="renames"):
        names(pax(path, short))


@pytest.mark.parametrize("record", [b"999 path=x\n", b"x path=y\n", b"9 path=xy", b"7 nokey\n", b"0 \n", b"-1 a=b\n"])
def test_damaged_records(record: bytes) -> None:
    archive = header(b"PaxHeader", len(record), b"x") + record.ljust(512, b"\0") + header(b"app.py")
    with pytest.raises(BundleRefused, match="pax header"):
        names(archive)


def test_a_name_without_its_member() -> None:
    with pytest.raises(BundleRefused, match="ends before"):
        names(header(b"././@LongLink", 4, tarfile.GNUTYPE_LONGNAME) + b"abc\0".ljust(512, b"\0"))
