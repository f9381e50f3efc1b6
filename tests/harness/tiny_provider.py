"""An authorization server of a page, in a thread: its token endpoint rotates, notices reuse, and fails as told.

It writes the bytes of its answers itself, so that an answer can be cut, dripped, or never come.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

Form = dict[str, str]
Fault = Callable[["Answering"], Awaitable[None]]


@dataclass(frozen=True)
class Seen:
    """A request, as the provider logged it."""

    path: str
    form: Form
    at: float


@dataclass
class Answering:
    """One exchange in the hands of a fault: what a good answer would be, and where to write."""

    form: Form
    body: bytes
    writer: asyncio.StreamWriter

    def head(self, *fields: str, status: str = "200 OK") -> bytes:
        """The head of an answer, with these fields."""
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close", *fields, "", ""]
        return "\r\n".join(lines).encode()

    async def whole(self) -> None:
        """The good answer."""
        self.writer.write(self.head(f"Content-Length: {len(self.body)}") + self.body)
        await self.writer.drain()

    async def say(self, status: str, body: bytes, *fields: str) -> None:
        """Another answer."""
        self.writer.write(self.head(f"Content-Length: {len(body)}", *fields, status=status) + body)
        await self.writer.drain()

    def reset(self) -> None:
        """End the connection with RST."""
        self.writer.transport.abort()


@dataclass
class TinyProvider:
    """Running between `with` and its end. `fault` answers token requests in the place of the provider."""

    lifetime: float | None = 3600
    delay: float = 0.0
    grace: bool = False
    """Whether the token before the newest still works, as with Okta."""
    fault: Fault | None = None
    rotates: bool = True
    """Whether a fault comes after the provider has done its work, or instead of it."""
    tls: ssl.SSLContext | None = None
    arrived: Callable[[Form], None] | None = None
    """Told in the provider's thread when a token request is there, and when its answer is on the wire."""
    answered: Callable[[Form], None] | None = None
    revoke_status: str = "200 OK"
    revoke_body: bytes = b""
    log: list[Seen] = field(default_factory=list)
    newest: dict[str, str] = field(default_factory=dict)
    """Family to its newest refresh token."""
    before: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    port: int = 0

    def __post_init__(self) -> None:
        self._number = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="provider", daemon=True)

    def __enter__(self) -> TinyProvider:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Its origin."""
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    @property
    def refreshes(self) -> list[str]:
        """The refresh tokens it was sent, in order."""
        return [seen.form["refresh_token"] for seen in self.log if seen.form.get("grant_type") == "refresh_token"]

    @property
    def revoked(self) -> list[str]:
        """The tokens it was asked to revoke."""
        return [seen.form["token"] for seen in self.log if seen.path == "/revoke"]

    def consent(self, family: str) -> str:
        """A new grant; returns its first refresh token."""
        token = self.newest[family] = f"rt-{family}-{next(self._number)}"
        self.ended.discard(family)
        self.before.pop(family, None)
        return token

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._serving: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._exchange(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(1)
            if first == b"\x16" and self.tls is None:  # a TLS handshake: as web servers do
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return
            head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(
                (
                    int(v)
                    for k, _, v in (line.partition(":") for line in head.split("\r\n"))
                    if k.lower() == "content-length"
                ),
                0,
            )
            form = {k: v[0] for k, v in parse_qs((await reader.readexactly(length)).decode()).items()}
            await self._answer(head.split(" ", 2)[1], form, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1)

    async def _answer(self, path: str, form: Form, writer: asyncio.StreamWriter) -> None:
        self.log.append(Seen(path, form, time.monotonic()))
        if path == "/revoke":
            await Answering(form, b"", writer).say(self.revoke_status, self.revoke_body)
            return
        if self.arrived is not None:
            self.arrived(form)
        if self.delay:
            await asyncio.sleep(self.delay)
        fault = self.fault
        if fault is not None and not self.rotates:
            await fault(Answering(form, b"", writer))
            return
        status, body = self._token(form)
        if fault is not None:
            await fault(Answering(form, body, writer))
            return
        await Answering(form, body, writer).say(status, body)
        if self.answered is not None:
            self.answered(form)

    def _token(self, form: Form) -> tuple[str, bytes]:
        if form.get("grant_type") == "client_credentials":
            return "200 OK", self._tokens(None)
        old = form.get("refresh_token", "")
        family = old.split("-")[1] if old.count("-") == 2 else ""
        if family in self.ended or family not in self.newest:
            return "400 Bad Request", b'{"error": "invalid_grant"}'
        if old != self.newest[family] and not (self.grace and old == self.before.get(family)):
            self.ended.add(family)
            return "400 Bad Request", b'{"error": "invalid_grant"}'
        self.before[family] = self.newest[family]
        fresh = self.newest[family] = f"rt-{family}-{next(self._number)}"
        return "200 OK", self._tokens(fresh)

    def _tokens(self, refresh: str | None) -> bytes:
        answer = {"access_token": f"at-{next(self._number)}", "token_type": "Bearer", "refresh_token": refresh}
        if self.lifetime is not None:
            answer["expires_in"] = self.lifetime
        return json.dumps({k: v for k, v in answer.items() if v is not None}).encode()
