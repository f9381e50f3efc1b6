"""Everything one browser context was sent and told: answers, console, sockets."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Error, Page, Response, WebSocket


@dataclass
class Record:
    """What one browser context saw: bad answers, console errors, and every text that reached it.

    `heard` is the part of `seen` that an app or a page said, without the scripts and styles it is made of.
    """

    bad: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    bodies: int = 0
    frames: int = 0
    handshakes: int = 0
    opened: int = 0
    closed: int = 0
    _reading: set[asyncio.Task[None]] = field(default_factory=set)

    def watch(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("websocket", self._socket)

    async def watch_handshakes(self, context: BrowserContext, page: Page) -> None:
        """Listen to both sides of WebSocket handshakes, which pages do not show."""
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        for event in ("Network.webSocketWillSendHandshakeRequest", "Network.webSocketHandshakeResponseReceived"):
            session.on(event, self._handshake)

    def _handshake(self, event: dict[str, Any]) -> None:
        self.handshakes += 1
        self.seen.append(repr(event).encode())

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.bad.append(f"{response.status} {response.request.method} {response.url}")
        self._later(self._read(response))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, response: Response) -> None:
        with contextlib.suppress(Error):
            headers = {**await response.request.all_headers(), **await response.all_headers()}
            self.seen.append(f"{response.url} {headers}".encode())
            body = await response.body()
            self.seen.append(body)
            self.bodies += 1
            if response.request.resource_type not in ("script", "stylesheet", "font", "image"):
                self.heard.append(body)

    def _console(self, message: ConsoleMessage) -> None:
        self.seen.append(message.text.encode())
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _socket(self, socket: WebSocket) -> None:
        self.opened += 1
        socket.on("close", self._closed)
        for event in ("framesent", "framereceived"):
            socket.on(event, self._frame)

    def _closed(self, _socket: WebSocket) -> None:
        self.closed += 1

    def _frame(self, payload: str | bytes) -> None:
        self.frames += 1
        data = payload.encode() if isinstance(payload, str) else payload
        self.seen.append(data)
        self.heard.append(data)

    async def until(self, condition: Callable[[Record], bool], what: str, seconds: float = 60) -> None:
        """Poll until the record satisfies `condition`; fail naming `what`."""
        deadline = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
            await asyncio.sleep(0.05)

    async def settle(self) -> None:
        """Wait until every body that was being read has been read."""
        if self._reading:
            await asyncio.wait(set(self._reading), timeout=10)

    def clean(self, *noise: str) -> list[str]:
        """Bad answers and console errors, without those that match one of the `noise` patterns."""
        return [line for line in (*self.bad, *self.errors) if not any(re.search(pattern, line) for pattern in noise)]
