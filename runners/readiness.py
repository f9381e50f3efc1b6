"""Asks a starting app whether it serves yet: one small HTTP request over a fresh connection."""

from __future__ import annotations

import asyncio

from runners.contract import Endpoint


async def status(endpoint: Endpoint, path: str, *, method: str = "GET", timeout: float = 2.0) -> int | None:
    """The HTTP status `path` answers with, or None while nothing answers within `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            return await _ask(endpoint, path, method)
    except (OSError, TimeoutError, ValueError, EOFError):
        return None


async def _ask(endpoint: Endpoint, path: str, method: str) -> int | None:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        host = f"{endpoint.host}:{endpoint.port}"
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        line = await reader.readline()
        while await reader.read(64 * 1024):
            pass  # to the end, so that the app sees no broken connection
    finally:
        writer.close()
    parts = line.split(b" ", 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1."):
        return None
    return int(parts[1])
