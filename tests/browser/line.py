"""A network line between one browser context and everything else, which a test can cut (SOCKS 5, RFC 1928)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK = 65536


class Line:
    """Carries connections; `cut` breaks all that are open, as a lost network does. New ones pass at once.

    `forged` are header lines (each ending in CRLF) to put into the first request of every new connection, and so
    into every WebSocket handshake, for which a browser opens one of its own.
    """

    def __init__(self) -> None:
        self.forged = b""
        self.handshakes_forged = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def proxy(self) -> dict[str, str]:
        """The `proxy` option of a browser context."""
        return {"server": f"socks5://127.0.0.1:{self.port}"}

    def cut(self) -> int:
        """Break every open connection without a goodbye; returns how many."""
        broken = [writer for writer in self._writers if not writer.is_closing()]
        for writer in broken:
            writer.transport.abort()
        return len(broken) // 2

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._carry(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _version, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        *_, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(str(part) for part in await reader.readexactly(4))
        port = int.from_bytes(await reader.readexactly(2), "big")
        if host not in ("localhost", "127.0.0.1"):
            return  # Chromium's own errands; the tests stay on this machine
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        if self.forged:
            head = await reader.readuntil(b"\r\n\r\n")
            line, _, rest = head.partition(b"\r\n")
            far_writer.write(line + b"\r\n" + self.forged + rest)
            self.handshakes_forged += b"upgrade: websocket" in rest.lower()
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}
            far_writer.close()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
    if not sink.is_closing():
        sink.write_eof()


@asynccontextmanager
async def laid() -> AsyncIterator[Line]:
    """A line on a free port, taken away at the end."""
    line = Line()
    server = await asyncio.start_server(line._serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.cut()
        if line._tasks:
            await asyncio.wait(line._tasks, timeout=10)
