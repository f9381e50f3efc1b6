"""A group made with the keyboard lets a viewer in, the app is told its name, and leaving it shuts her out at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Page, WebSocket, expect

from tests.browser.conftest import Newcomer
from tests.browser.house import House
from tests.harness.people import add_person

APPS = Path(__file__).parents[1] / "apps"


async def typed(page: Page, label: str, text: str) -> None:
    """Type into a field and send its form, as somebody without a mouse does."""
    await page.get_by_label(label).focus()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def test_a_viewer_is_let_in_by_a_group_and_out_at_once(house: House, visitors: Newcomer) -> None:
    house.people["wendy"] = add_person(house.gateway, "wendy")
    guid = house.publish("streamlit", APPS / "streamlit_probe", "For a group")
    pat, wendy = await visitors(house, "pat", signed_in=True), await visitors(house, "wendy", signed_in=True)
    page, url = pat.page, house.gateway.url
    await wendy.open(guid)
    await wendy.shows("You do not have access")

    await page.goto(f"{url}/")
    await page.get_by_role("link", name="Groups").focus()
    await page.keyboard.press("Enter")
    await typed(page, "Name", "Sales, Europe")
    await expect(page.get_by_role("heading", name="Sales, Europe")).to_be_visible()
    await typed(page, "Add a person", "wendy")
    await expect(page.locator(".notice").first).to_contain_text("Wendy Example is in Sales, Europe now.")
    group = page.url
    await page.goto(f"{url}/apps/{guid}/access")
    await typed(page, "Add a person or group", "sales, europe")
    await expect(page.locator(".notice").first).to_contain_text("Everybody in Sales, Europe can open it now.")

    sockets: list[WebSocket] = []

    def opened(socket: WebSocket) -> None:
        sockets.append(socket)

    wendy.page.on("websocket", opened)
    await wendy.open(guid)
    await wendy.shows("Viewer: wendy")
    await wendy.shows("Groups: Sales%2C Europe")

    closed = asyncio.ensure_future(sockets[-1].wait_for_event("close"))
    await page.goto(group)
    await page.get_by_role("button", name="Remove Wendy Example").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice").first).to_contain_text("Removed. Pages they had open are closed.")
    await asyncio.wait_for(closed, 20)
    await wendy.open(guid)
    await wendy.shows("You do not have access")
    assert pat.record.clean() == []
