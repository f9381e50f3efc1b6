"""Uploads over a real socket: what is cut off, slow, too large or damaged leaves neither a row nor a file."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.gateway import Gateway, until
from tests.harness.publishing import bundle, new_content

DATA = bundle({"app.py": "print(1)"})
LIMIT = 200_000
PATIENCE = 1.0


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    environ = {
        "TABARD_DASHBOARD": "",
        "TABARD_MAX_BUNDLE_SIZE": str(LIMIT),
        "TABARD_UPLOAD_PATIENCE": str(PATIENCE),
    }
    with Gateway(tmp_path_factory.mktemp("uploads") / "data", environ=environ) as made:
        made.bootstrap()
        yield made


@pytest.fixture
def guid(gateway: Gateway) -> Iterator[str]:
    made = new_content(gateway)
    yield made
    gateway.api("DELETE", f"/v1/content/{made}")


def left(gateway: Gateway) -> tuple[int, int, list[str]]:
    """How many rows and folders of bundles there are, and what lies where archives arrive."""
    place = gateway.data_dir / "bundles"
    rows = gateway.rows("select count(*) from bundles")[0][0]
    folders = [path for path in place.iterdir() if path.name != "incoming"]
    return rows, len(folders), [path.name for path in (place / "incoming").iterdir()]


class Wire:
    """A connection that sends an upload byte by byte as a test wants it."""

    def __init__(self, gateway: Gateway, guid: str, *fields: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", gateway.port), timeout=30)
        head = [
            f"POST /__api__/v1/content/{guid}/bundles HTTP/1.1",
            f"Host: localhost:{gateway.port}",
            f"Authorization: Key {gateway.admin_key}",
            *fields,
        ]
        self.send(("\r\n".join(head) + "\r\n\r\n").encode())

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def chunk(self, data: bytes) -> None:
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def answer(self) -> tuple[int, dict[str, object]]:
        """The status and the JSON of the reply; what the server sends until it closes or has answered."""
        got = b""
        while b"\r\n\r\n" not in got or not got.rstrip().endswith(b"}"):
            more = self.socket.recv(65536)
            if not more:
                break
            got += more
        head, _, body = got.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)

    def close(self) -> None:
        self.socket.close()


def test_an_upload_that_is_cut_off(gateway: Gateway, guid: str):
    for fields in (("Transfer-Encoding: chunked",), (f"Content-Length: {len(DATA)}",)):
        wire = Wire(gateway, guid, *fields)
        if "chunked" in fields[0]:
            wire.chunk(DATA[:200])
        else:
            wire.send(DATA[:200])
        until(lambda: left(gateway)[2], "the upload to begin", 10)
        wire.close()
        until(lambda: left(gateway) == (0, 0, []), "nothing to be left", 10)


def test_an_upload_that_all_but_stands_still(gateway: Gateway, guid: str):
    wire = Wire(gateway, guid, "Transfer-Encoding: chunked")
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.1):
            try:
                wire.chunk(b"x")
            except OSError:
                return

    dripping = threading.Thread(target=drip)
    began = time.monotonic()
    dripping.start()
    try:
        status, error = wire.answer()
    finally:
        stop.set()
        dripping.join()
        wire.close()
    assert (status, error["code"]) == (408, 135)
    assert time.monotonic() - began < PATIENCE + 5
    until(lambda: left(gateway) == (0, 0, []), "nothing to be left", 10)


def test_an_upload_that_is_too_large(gateway: Gateway, guid: str):
    path = f"/v1/content/{guid}/bundles"
    whole = gateway.api("POST", path, content=b"\x1f\x8b" + b"x" * LIMIT)
    assert (whole.status_code, whole.json()["code"]) == (413, 135)
    wire = Wire(gateway, guid, "Transfer-Encoding: chunked")
    for _ in range(LIMIT // 50_000 + 1):
        wire.chunk(b"x" * 50_000)
    assert wire.answer()[0] == 413
    wire.close()
    until(lambda: left(gateway) == (0, 0, []), "nothing to be left", 10)


def test_an_upload_that_was_damaged_on_its_way(gateway: Gateway, guid: str):
    path = f"/v1/content/{guid}/bundles"
    wrong = gateway.api("POST", path, content=DATA, headers={"X-Content-Checksum": "0" * 32})
    assert (wrong.status_code, wrong.json()["code"]) == (400, 104)
    cut = gateway.api("POST", path, content=DATA[:-20])
    assert (cut.status_code, cut.json()["code"]) == (400, 135)
    assert left(gateway) == (0, 0, [])
    right = {"X-Content-Checksum": hashlib.md5(DATA, usedforsecurity=False).hexdigest()}
    assert gateway.api("POST", path, content=DATA, headers=right).status_code == 200


def test_the_same_upload_twice_at_once(gateway: Gateway, guid: str):
    path = f"/v1/content/{guid}/bundles"
    found: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda: found.append(gateway.api("POST", path, content=DATA))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status_code for reply in found] == [200, 200]
    first, second = (reply.json() for reply in found)
    assert first["id"] != second["id"]
    assert left(gateway) == (2, 2, [])
    for one in (first, second):
        assert gateway.api("GET", f"{path}/{one['id']}/download").content == DATA


def test_an_archive_from_an_address_on_this_machine(gateway: Gateway, guid: str, tmp_path: Path):
    served = socket.create_server(("127.0.0.1", 0))
    port = served.getsockname()[1]

    def serve() -> None:
        connection, _peer = served.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(DATA)}\r\n\r\n".encode() + DATA)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    reply = gateway.api("POST", f"/v1/content/{guid}/bundles", params={"url": f"http://localhost:{port}/b.tar.gz"})
    served.close()
    assert reply.status_code == 200, reply.text
    assert reply.json()["size"] == len(DATA)
