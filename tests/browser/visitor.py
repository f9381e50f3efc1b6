"""One person in one browser context, and everything that context was sent and told."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Response,
    WebSocket,
    expect,
)

from tests.browser.house import House
from tests.harness.people import Someone

# Two cores, several apps and a browser: patience costs nothing when nothing is wrong.
expect.set_options(timeout=45_000)


@dataclass
class Record:
    """What one browser context saw: bad answers, console errors, and every text that reached it."""

    bad: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
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
            self.seen.append(await response.body())
            self.bodies += 1

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
        self.seen.append(payload.encode() if isinstance(payload, str) else payload)

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


@dataclass
class Visitor:
    """A browser context of its own, with one page."""

    house: House
    context: BrowserContext
    page: Page
    record: Record
    name: str

    async def sign_in(self, someone: Someone | None = None) -> None:
        """Fill in the sign-in page that is showing (or open it) as `someone`."""
        person = someone or self.house.people[self.name]
        if "/__login__" not in self.page.url:
            await self.page.goto(f"{self.house.gateway.url}/__login__")
        await self.page.get_by_label("Username").fill(person.username)
        await self.page.get_by_label("Password").fill(person.password)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.wait_for_url(lambda url: urlsplit(url).path != "/__login__")

    async def open(self, content_guid: str, inside: str = "") -> None:
        """Go to a content item."""
        await self.page.goto(f"{self.house.gateway.url}/content/{content_guid}/{inside}")

    async def shows(self, text: str | re.Pattern[str], seconds: float = 60) -> None:
        """Wait until the page shows a text."""
        await expect(self.page.get_by_text(text).first).to_be_visible(timeout=seconds * 1000)

    async def text(self) -> str:
        """All the words on the page, those inside shadow roots too (Panel draws there)."""
        words: str = await self.page.evaluate(
            """() => { const walk = node => node.nodeType === 3 ? node.data
                 : ["SCRIPT", "STYLE"].includes(node.nodeName) ? ""
                 : [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes].map(walk).join(" ");
               return walk(document.body); }"""
        )
        return words


async def new_visitor(browser: Browser, house: House, name: str, **options: Any) -> Visitor:
    """A visitor who has not signed in yet."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True, **options)
    context.set_default_timeout(30_000)
    record = Record()
    page = await context.new_page()
    record.watch(page)
    await record.watch_handshakes(context, page)
    return Visitor(house, context, page, record, name)
