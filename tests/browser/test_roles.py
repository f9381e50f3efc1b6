"""A vendor's roles in a real browser: picked at the gate, switched on the stage, refused, reached from the app."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import FrameLocator, Page, expect

from integrations.sandbox.settings import ClientSettings, SandboxSettings
from integrations.sandbox.threaded import running
from integrations.sandbox.vendors.snowflake import Snowflake
from tests.browser.conftest import OUTPUT, Newcomer
from tests.browser.house import House
from tests.browser.visitor import Visitor
from tests.harness.gateway import free_port

APPS = Path(__file__).parents[1] / "apps"


@dataclass
class Roles:
    """An app that uses a warehouse with roles."""

    house: House
    app: str
    integration: str

    @property
    def stage(self) -> str:
        return f"{self.house.gateway.url}/open/{self.app}/"


@pytest.fixture(scope="module")
def roles(house: House) -> Iterator[Roles]:
    port = free_port()
    warehouse = f"http://localhost:{port}"
    client = ClientSettings(
        client_id="tabard",
        name="Tabard",
        secret="warehouse-secret",
        vendor="snowflake",
        redirect_uris=(f"{house.gateway.url}/__oauth__/integrations/callback",),
        any_loopback_redirect=True,
        **Snowflake.client,
    )
    with running(SandboxSettings(issuer=warehouse, vendor="snowflake", clients=(client,)), port=port):
        config = {"account_url": warehouse, "client_id": "tabard", "client_secret": "warehouse-secret"}
        body = {"template": "snowflake", "name": "Snowflake", "config": config}
        made = house.gateway.api("POST", "/v1/oauth/integrations", json=body)
        assert made.status_code == 200, made.text
        guid = made.json()["guid"]
        app = house.publish("streamlit", APPS / "roles_probe", "Roles", "-E", f"WAREHOUSE={warehouse}")
        house.allow(app, "alice", "bob")
        path = f"/v1/content/{app}/oauth/integrations/associations"
        put = house.gateway.api("PUT", path, json=[{"oauth_integration_guid": guid}])
        assert put.status_code == 200, put.text
        yield Roles(house, app, guid)


async def agree(page: Page) -> None:
    """Through the warehouse's own pages as Alice."""
    await page.get_by_role("button", name="Continue as Alice").click()
    allow = page.get_by_role("button", name="Allow")
    await expect(allow.or_(page.locator("[data-stage]")).or_(page.get_by_text("Roles probe")).first).to_be_visible()
    if await allow.is_visible():
        await allow.click()


def app_in(page: Page) -> FrameLocator:
    return page.frame_locator("iframe.stage-app")


async def says(page: Page, role: str) -> None:
    await expect(app_in(page).get_by_text(f"The token is alice's, role {role}.")).to_be_visible(timeout=90_000)


async def looked(page: Page, name: str) -> None:
    """axe finds nothing on our own page (the app in the frame is not ours), and it is as wide as its window."""
    await page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined)))")
    report: Any = (await Axe().run(page, context={"exclude": [["iframe"]]})).response
    assert [(one["id"], one["nodes"][0]["target"]) for one in report["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    OUTPUT.mkdir(exist_ok=True)
    await page.screenshot(path=OUTPUT / f"roles-{name}.png")


async def switch(page: Page, role: str) -> None:
    await page.locator(".stage-who summary").click()
    await page.get_by_role("button", name=role).click()


async def at_the_gate(alice: Visitor, roles: Roles) -> None:
    """A role that the vendor refuses is said, and another one opens the app below the bar."""
    page = alice.page
    await page.goto(f"{roles.house.gateway.url}/")
    await page.get_by_role("link", name="Roles", exact=True).click()
    await expect(page.get_by_text("wants to use")).to_be_visible()
    await page.get_by_role("radio", name="Another role").check()
    await page.get_by_role("textbox", name="Name of the role").fill("LOADER")
    await looked(page, "gate")
    await page.get_by_role("button", name="Continue to Snowflake").click()
    await page.get_by_role("button", name="Continue as Alice").click()
    await expect(page.get_by_text("did not connect you in the role LOADER")).to_be_visible()
    await looked(page, "refused")
    await page.get_by_role("radio", name="Another role").check()
    await page.get_by_role("textbox", name="Name of the role").fill("ANALYST")
    await page.get_by_role("button", name="Try again").click()
    await agree(page)
    await page.wait_for_url(f"{roles.stage}**")
    await says(page, "ANALYST")


async def on_the_stage(page: Page, roles: Roles) -> None:
    """A new role asks the vendor, one that is held does not; the bar says which it is."""
    bar = page.locator(".stage-who summary")
    await expect(bar).to_contain_text("as you (ALICE, role ANALYST)")
    await switch(page, "My default role")
    await agree(page)
    await says(page, "PUBLIC")
    await expect(bar).to_contain_text("your default role")
    await page.locator(".stage-who summary").click()
    await looked(page, "stage")
    await page.keyboard.press("Escape")
    await expect(page.locator(".stage-panel")).to_be_hidden()
    await switch(page, "ANALYST")
    await says(page, "ANALYST")
    assert page.url.startswith(roles.stage)


async def test_roles_are_picked_refused_switched_and_reached_from_the_app(roles: Roles, visitors: Newcomer) -> None:
    alice = await visitors(roles.house, "alice", signed_in=True, reduced_motion="reduce")
    page = alice.page
    await at_the_gate(alice, roles)
    await on_the_stage(page, roles)
    await page.goto(f"{roles.house.gateway.url}/connections")
    await expect(page.get_by_role("heading", name="Snowflake")).to_have_count(2)
    await looked(page, "connections")
    await page.get_by_role("link", name="Who used it (Snowflake in the role ANALYST)").click()
    await expect(page.get_by_text("Roles used your Snowflake connection (role ANALYST)").first).to_be_visible()
    await page.set_viewport_size({"width": 390, "height": 844})
    await looked(page, "uses")
    await page.set_viewport_size({"width": 1280, "height": 900})
    await from_the_app(page, roles)


async def from_the_app(page: Page, roles: Roles) -> None:
    """An app whose viewer lost her connection sends her to connect, and goes on without a new sign-in."""
    gateway = roles.house.gateway
    await page.emulate_media(color_scheme="dark")
    await page.goto(roles.stage)
    await says(page, "ANALYST")
    await ended(page, gateway.url)
    # The app runs on in the first tab; it shows the way, which opens a tab of its own and no frame.
    await app_in(page).get_by_role("button", name="Ask again").click()
    async with page.context.expect_page() as opening:
        await app_in(page).get_by_role("link", name="Connect in a new tab").click()
    tab = await opening.value
    await expect(tab.get_by_role("radio", name="ANALYST")).to_be_checked()
    await tab.get_by_role("button", name="Continue to Snowflake").click()
    await agree(tab)
    await tab.wait_for_url(f"**/content/{roles.app}/?from=consent")
    await tab.close()
    await app_in(page).get_by_role("button", name="Ask again").click()
    await says(page, "ANALYST")
    await page.set_viewport_size({"width": 390, "height": 844})
    await looked(page, "stage-narrow")
    # A plain link in the frame leads the whole window there, and back to the stage.
    await ended(page, gateway.url)
    await app_in(page).get_by_role("button", name="Ask again").click()
    await app_in(page).get_by_role("link", name="Connect from here").click()
    await page.wait_for_url("**/__oauth__/integrations/*/login?**")
    await page.get_by_role("button", name="Continue to Snowflake").click()
    await agree(page)
    await page.wait_for_url(f"{roles.stage}**")
    await says(page, "ANALYST")


async def ended(page: Page, origin: str) -> None:
    """Her connection in the role ends, as by Disconnect in another tab."""
    tab = await page.context.new_page()
    await tab.goto(f"{origin}/connections")
    await tab.get_by_role("button", name="Disconnect Snowflake in the role ANALYST").click()
    await tab.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    await expect(tab.get_by_text("Snowflake is disconnected in the role ANALYST")).to_be_visible()
    await tab.close()
