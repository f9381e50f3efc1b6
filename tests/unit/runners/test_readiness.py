"""Any status line is an answer; silence, nonsense and refusals are not."""

from __future__ import annotations

import asyncio

import pytest

from runners import readiness
from runners.contract import Endpoint


class Writer:
    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nok", 200),
        (b"HTTP/1.0 503\r\n\r\n", 503),
        (b"", None),
        (b"SSH-2.0-x\r\n", None),
        (b"HTTP/1.1 x\r\n", None),
    ],
)
async def test_status(monkeypatch: pytest.MonkeyPatch, answer: bytes, status: int | None) -> None:
    writer = Writer()

    async def connect(host: str, port: int) -> tuple[asyncio.StreamReader, Writer]:
        reader = asyncio.StreamReader()
        reader.feed_data(answer)
        reader.feed_eof()
        return reader, writer

    monkeypatch.setattr(readiness.asyncio, "open_connection", connect)
    assert await readiness.status(Endpoint("127.0.0.1", 8501), "/p/health", method="HEAD") == status
    assert writer.sent.startswith(b"HEAD /p/health HTTP/1.1\r\nHost: 127.0.0.1:8501\r\n")


async def test_a_refusal_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(host: str, port: int) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(readiness.asyncio, "open_connection", connect)
    assert await readiness.status(Endpoint("127.0.0.1", 1), "/") is None
