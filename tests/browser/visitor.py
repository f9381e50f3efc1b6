"""One person in one browser context: signing in, opening content, reading what is shown."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.house import House
from tests.browser.record import Record
from tests.harness.people import Someone

# Two cores, several apps and a browser: patience costs nothing when nothing is wrong.
expect.set_options(timeout=45_000)


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
        """Wait until the page shows a text, or the app in the stage's frame does."""
        places = (self.page.get_by_text(text), self.page.frame_locator("iframe.stage-app").get_by_text(text))
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            for place in places:
                if await place.first.is_visible():
                    return
            await asyncio.sleep(0.05)
        await expect(places[0].first).to_be_visible(timeout=1000)

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
    house.records.append(record)
    page = await context.new_page()
    record.watch(page)
    await record.watch_handshakes(context, page)
    return Visitor(house, context, page, record, name)
