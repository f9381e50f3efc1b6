"""Files as a web server of repute answers them: types, ranges, validators, methods, caches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from runners.published import Published
from server.gateway import files
from server.gateway.visit import Shelved
from tests.unit.server.web.asking import asking

BASE = "/content/g"
TEXT = "<h1>0123456789</h1>"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for name in ("index.html", "docs/index.html", "a.js", "data.bin"):
        (tmp_path / name).write_text(TEXT)
    return tmp_path


async def ask(
    root: Path, inside: str = "/", method: str = "GET", *, mark: str = "m", public: bool = False, **headers: str
) -> Answer | None:
    site = Published(root, frozenset({"index.html", "docs/index.html", "a.js", "data.bin", "gone"}), "index.html", mark)
    request = asking(method, BASE + inside, **headers)
    reply = await files.answer(request.scope, Shelved(site, BASE, inside, "a=1"), public=public)
    if reply is None:
        return None
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    request.scope["asgi"] = {"spec_version": "2.4"}
    await reply(request.scope, request.receive, send)
    given = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], given, b"".join(m.get("body", b"") for m in sent))


async def asked(*terms: Any, **named: Any) -> Answer:
    found = await ask(*terms, **named)
    assert found is not None
    return found


async def test_a_page(root: Path) -> None:
    found = await asked(root)
    assert (found.status, found.body.decode()) == (200, TEXT)
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"] == "private, no-cache"
    assert "content-disposition" not in found.headers
    assert "last-modified" not in found.headers
    assert (await asked(root, public=True)).headers["cache-control"] == "no-cache"
    assert (await asked(root, "/a.js")).headers["content-type"] == "text/javascript; charset=utf-8"
    head = await asked(root, "/data.bin", "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(TEXT)))
    assert head.headers["content-type"] == "application/octet-stream"


async def test_what_is_known_is_not_sent_again(root: Path) -> None:
    tag = (await asked(root)).headers["etag"]
    for sent in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = await asked(root, if_none_match=sent)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "private, no-cache"
    assert (await asked(root, if_none_match='"other"')).status == 200
    assert (await asked(root, mark="another version")).headers["etag"] != tag


async def test_ranges(root: Path) -> None:
    part = await asked(root, range="bytes=4-13")
    assert (part.status, part.body) == (206, b"0123456789")
    assert part.headers["content-range"] == f"bytes 4-13/{len(TEXT)}"
    tag = part.headers["etag"]
    assert (await asked(root, range="bytes=0-0", if_range=tag)).status == 206
    for stale in ('"other"', "Sat, 21 Nov 2026 00:00:00 GMT"):
        assert (await asked(root, range="bytes=0-0", if_range=stale)).status == 200
    assert (await asked(root, range=f"bytes={len(TEXT)}-")).status == 416
    assert (await asked(root, range="items=0-1")).status == 200
    many = ",".join(f"{n}-{n}" for n in range(2000))
    assert (await asked(root, range=f"bytes={many}")).status == 200


async def test_folders_and_what_is_not_there(root: Path) -> None:
    moved = await asked(root, "/docs")
    assert (moved.status, moved.headers["location"]) == (307, f"{BASE}/docs/?a=1")
    assert (await asked(root, "/docs/")).status == 200
    assert await ask(root, "/nothing") is None
    assert await ask(root, "/gone") is None
    (root / "a.js").unlink()
    (root / "a.js").symlink_to(root / "index.html")
    assert await ask(root, "/a.js") is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_files_are_only_read(root: Path, method: str) -> None:
    found = await asked(root, "/", method)
    assert (found.status, found.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html"), ("a.svg", "image/svg+xml"), ("a.tar.gz", "application/gzip"), ("A.PNG", "image/png"),
        ("a.json", "application/json"), ("a.wasm", "application/wasm"), ("a", "application/octet-stream"),
        ("a.css", "text/css"), ("a.woff2", "font/woff2"), ("a.pdf", "application/pdf"),
        ("a.csv", "text/csv"), ("a.xyz123", "application/octet-stream"),
    ],
)  # fmt: skip
def test_types(name: str, kind: str) -> None:
    assert files.media_type(name) == kind
