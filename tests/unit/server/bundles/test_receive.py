"""Receiving uploads: every shape, and nothing left when one is refused."""

import asyncio
import base64
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from starlette.requests import Request

from server.bundles import receive as receiving
from server.bundles.receive import Elsewhere, Limits, Upload, receive
from server.web.errors import ApiError
from tests.unit.server.web.asking import BY_KEY, asking

DATA = b"\x1f\x8b" + os.urandom(300_000)
LIMIT = 1024 * 1024


async def take(folder: Path, body: bytes | Iterable[bytes], *, cut: bool = False, **headers: str) -> Upload:
    found = await receive(asking("POST", caller=BY_KEY, body=body, cut=cut, **headers), folder, Limits(LIMIT))
    assert isinstance(found, Upload)
    return found


async def refused(folder: Path, status: int, code: int, body: bytes | Iterable[bytes], **how: object) -> None:
    with pytest.raises(ApiError) as caught:
        await take(folder, body, **how)  # type: ignore[arg-type]
    assert (caught.value.status, caught.value.code) == (status, code), caught.value
    assert list(folder.iterdir()) == []


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1000, 65536, 10**9])
async def test_raw_bytes_in_pieces_of_any_size(tmp_path: Path, size: int):
    upload = await take(tmp_path, pieces(DATA, size))
    assert upload.path.read_bytes() == DATA
    assert upload.path.stat().st_mode & 0o777 == 0o600
    assert (upload.size, upload.md5) == (len(DATA), hashlib.md5(DATA).hexdigest())
    assert (upload.sha1, upload.sha256) == (hashlib.sha1(DATA).hexdigest(), hashlib.sha256(DATA).hexdigest())
    assert upload.metadata == {}


async def test_checksums(tmp_path: Path):
    digest = hashlib.md5(DATA)
    for text in (
        digest.hexdigest(),
        digest.hexdigest().upper(),
        base64.b64encode(digest.digest()).decode(),
        f" {digest.hexdigest()} ",
    ):
        (await take(tmp_path, DATA, x_content_checksum=text)).path.unlink()
    for text in ("0" * 32, "nonsense", base64.b64encode(b"x" * 16).decode()):
        await refused(tmp_path, 400, 104, DATA, x_content_checksum=text)


async def test_truncated_empty_and_too_large_uploads_leave_nothing(tmp_path: Path):
    await refused(tmp_path, 400, 25, pieces(DATA, 1000), cut=True)
    await refused(tmp_path, 400, 135, b"")
    await refused(tmp_path, 413, 135, [b"x" * 100_000] * 11)
    await refused(tmp_path, 413, 135, b"x" * (LIMIT + 1))


BOUNDARY = "boundary"


def multipart(*parts: tuple[str, bytes], end: bool = True) -> bytes:
    out = b""
    for name, data in parts:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'
        out += head.encode() + data + b"\r\n"
    return out + (f"--{BOUNDARY}--\r\n".encode() if end else b"")


TYPE = f"multipart/form-data; boundary={BOUNDARY}"
METADATA = {"source": "git", "source_commit": "abc"}


@pytest.mark.parametrize("size", [7, 1000, 10**9])
async def test_multipart_in_pieces_of_any_size(tmp_path: Path, size: int):
    data = DATA[:5000] if size == 7 else DATA
    whole = multipart(("archive", data), ("metadata", json.dumps(METADATA).encode()), ("other", b"x"))
    upload = await take(tmp_path, pieces(whole, size), content_type=TYPE)
    assert upload.path.read_bytes() == data
    assert upload.metadata == METADATA
    assert upload.size == len(data)


async def test_a_checksum_of_the_multipart_body_is_not_the_archives(tmp_path: Path):
    upload = await take(tmp_path, multipart(("archive", DATA)), content_type=TYPE, x_content_checksum="whatever")
    assert upload.size == len(DATA)


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (multipart(("archive", DATA), ("archive", DATA)), TYPE, 400, 25),
        (multipart(("metadata", b"{}")), TYPE, 400, 25),
        (multipart(("archive", b"")), TYPE, 400, 135),
        (multipart(("archive", DATA), ("metadata", b"{nonsense")), TYPE, 400, 25),
        (multipart(("archive", DATA), ("metadata", b"[1]")), TYPE, 400, 25),
        (multipart(("archive", DATA), ("metadata", b"[" * 60_000)), TYPE, 400, 25),
        (multipart(("archive", DATA), ("metadata", b'{"a": 1}')), TYPE, 400, 25),
        (multipart(("archive", DATA), ("metadata", b"x" * 70_000)), TYPE, 400, 25),
        (multipart(("archive", DATA), *((f"p{n}", b"") for n in range(20))), TYPE, 400, 25),
        (multipart(("archive", b"x" * (LIMIT + 1))), TYPE, 413, 135),
        (multipart(("archive", DATA), end=False), TYPE, 400, 25),
        (b"no parts at all", TYPE, 400, 25),
        (multipart(("archive", DATA)), "multipart/form-data", 400, 25),
    ],
    ids=["archive twice", "no archive", "empty", "metadata no JSON", "metadata no object", "metadata too deep",
         "metadata no texts",
         "metadata too large", "too many parts", "too large", "no end", "no parts", "no boundary"],
)  # fmt: skip
async def test_multipart_that_is_refused(tmp_path: Path, body: bytes, kind: str, status: int, code: int):
    await refused(tmp_path, status, code, body, content_type=kind)


async def test_what_is_beside_the_archive_is_bounded_too(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(receiving, "BESIDES", 1000)
    endless = multipart(("other", b"x" * (LIMIT + 2000)), ("archive", DATA))
    await refused(tmp_path, 413, 135, pieces(endless, 65536), content_type=TYPE)
    await refused(tmp_path, 400, 25, b"", content_type=f"multipart/form-data; boundary={'b' * 300}")


async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch):
    def full(_self: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(receiving.Spool, "finish", full)
    await refused(tmp_path, 507, 134, DATA)


async def test_metadata_is_bounded(tmp_path: Path):
    many = json.dumps({f"{n}" * 100: "v" * 2000 for n in range(10)}).encode()
    upload = await take(tmp_path, multipart(("archive", DATA), ("metadata", many)), content_type=TYPE)
    assert all(len(k) <= 64 and len(v) <= 1024 for k, v in upload.metadata.items())


async def test_an_address_in_place_of_an_archive(tmp_path: Path):
    body = multipart(("url", b"https://example.org/b.tar.gz"), ("metadata", json.dumps(METADATA).encode()))
    asked = asking("POST", caller=BY_KEY, body=body, content_type=TYPE)
    assert await receive(asked, tmp_path, Limits(LIMIT)) == Elsewhere("https://example.org/b.tar.gz", METADATA)
    assert list(tmp_path.iterdir()) == []
    await refused(tmp_path, 400, 232, multipart(("url", b"x" * 3000)), content_type=TYPE)


async def test_an_upload_that_stands_still_ends(tmp_path: Path):
    async def receive_drop() -> dict[str, object]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    asked = Request(asking("POST", caller=BY_KEY).scope, receive_drop)
    with pytest.raises(ApiError) as caught:
        await receive(asked, tmp_path, Limits(LIMIT, patience=0.1))
    assert (caught.value.status, caught.value.code) == (408, 135)
    assert list(tmp_path.iterdir()) == []


async def test_a_long_upload_goes_on_while_it_moves(tmp_path: Path):
    parts = [os.urandom(32 * 1024) for _ in range(8)]
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive_slowly() -> dict[str, object]:
        await asyncio.sleep(0.04)
        return messages.pop(0)

    asked = Request(asking("POST", caller=BY_KEY).scope, receive_slowly)
    found = await receive(asked, tmp_path, Limits(LIMIT, patience=0.2))
    assert isinstance(found, Upload)
    assert found.path.read_bytes() == b"".join(parts)
