"""Every live page of ours satisfies axe in light and dark, wide and narrow; and the keyboard alone is enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.conftest import OUTPUT, Newcomer
from tests.browser.house import House
from tests.browser.visitor import Visitor
from tests.harness.gateway import Gateway
from tests.harness.integrations import associate, service_integration, viewer_integration
from tests.harness.people import add_person

APPS = Path(__file__).parents[1] / "apps"
LONG = "Quarterly revenue by region and by product family, 2026 (EMEA)"
Look = Callable[[str], Awaitable[None]]


class Places:
    """Content and integrations that give every page something to show."""

    def __init__(self, house: House) -> None:
        gateway = house.gateway
        house.people["amira"] = add_person(gateway, "amira")
        house.people["noah"] = add_person(gateway, "noah")
        self.content = house.publish("streamlit", APPS / "streamlit_probe", LONG)
        self.plain = house.publish("streamlit", APPS / "streamlit_probe", "Open to the keyboard")
        self.viewer = viewer_integration(gateway, house.provider, name="Sales warehouse of the whole group, read only")
        self.service = service_integration(gateway, house.provider, name="Reporting robot")
        viewer_integration(gateway, house.provider, name="Another warehouse")
        associate(gateway, self.content, self.viewer, self.service)
        house.allow(self.content, "amira")
        house.allow(self.plain, "amira")


@pytest.fixture(scope="session")
def places(house: House) -> Places:
    return Places(house)


# Colours do not change with the width, nor the layout with the scheme: two looks see all of both.
LOOKS: list[tuple[Literal["light", "dark"], int]] = [("light", 1280), ("dark", 390)]
# A change of scheme fades; axe is asked about what stays.
SETTLED = """async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const passing = document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime));
  await Promise.all(passing.map((one) => one.finished.catch(() => undefined)));
}"""


class Inspector:
    """Looks at the page a visitor is on and collects what is wrong with it."""

    def __init__(self, visitor: Visitor, kind: str) -> None:
        self._visitor, self._kind = visitor, kind
        self.found: list[str] = []

    async def go(self, name: str, path: str) -> None:
        await self._visitor.page.goto(f"{self._visitor.house.gateway.url}{path}")
        await self.look(name)

    async def look(self, name: str) -> None:
        page = self._visitor.page
        await page.wait_for_load_state()
        await page.evaluate(SETTLED)
        report: Any = (await Axe().run(page)).response
        for violation in report["violations"]:
            where = "; ".join(str(node["target"]) for node in violation["nodes"][:3])
            self.found.append(f"{name} ({self._kind}): {violation['id']}: {violation['help']}: {where}")
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            self.found.append(f"{name} ({self._kind}): {wide} px wider than the window")
        OUTPUT.mkdir(exist_ok=True)
        await page.screenshot(path=OUTPUT / f"page-{name}-{self._kind}.png", full_page=True)


async def publisher_pages(inspector: Inspector, page: Page, places: Places) -> None:
    at = f"/apps/{places.content}"
    await inspector.go("home", "/")
    await inspector.go("home-table", "/?view=table")
    await inspector.go("home-none", "/?q=zebra")
    await page.locator("details.menu summary").click()
    await inspector.look("menu")
    await inspector.go("info", f"{at}/info")
    await inspector.go("access", f"{at}/access")
    await page.get_by_label("Add a person").fill("nobody-here")
    await page.get_by_role("button", name="Add", exact=True).click()
    await inspector.look("access-problem")
    await inspector.go("sharing", f"{at}/sharing")
    await inspector.go("access-dialog", f"{at}/access?add=integration")
    await inspector.go("logs", f"{at}/logs")
    await inspector.go("logs-none", f"{at}/logs?q=zebra")
    await inspector.go("reference", "/__docs__/api")
    await inspector.go("reference-area", "/__docs__/api/integrations")
    await inspector.go("keys", "/keys")
    await page.get_by_label("Name").fill("My laptop")
    await page.get_by_role("button", name="Create key").click()
    await inspector.look("keys-new")
    await inspector.go("integrations-read-only", "/integrations")
    await inspector.go("denied", "/integrations/new")
    await inspector.go("not-found", "/nowhere")


async def administrator_pages(inspector: Inspector, page: Page, places: Places) -> None:
    await inspector.go("activity", "/activity")
    await inspector.go("integrations", "/integrations")
    await inspector.go("vendors", "/integrations/new")
    await inspector.go("form-snowflake", "/integrations/new/snowflake")
    await inspector.go("form", "/integrations/new/custom")
    await page.get_by_role("button", name="Add integration").click()
    await inspector.look("form-problems")
    await inspector.go("overview", f"/integrations/{places.viewer}")
    await inspector.go("edit", f"/integrations/{places.viewer}/settings")
    await inspector.go("overview-service", f"/integrations/{places.service}")
    await page.get_by_role("button", name="Test").click()
    await inspector.look("tested")
    await inspector.go("delete", f"/integrations/{places.viewer}/delete")
    await inspector.go("authorizations", "/authorizations")
    await inspector.go("authorizations-found", f"/authorizations?integration={places.viewer}")
    await inspector.go("home-administrator", "/")


async def viewer_pages(inspector: Inspector, page: Page, places: Places) -> None:
    await inspector.go("home-viewer", "/")
    await inspector.go("settings-denied", f"/apps/{places.content}/info")
    await inspector.go("connect", f"/content/{places.content}/")
    await page.get_by_role("button", name="Continue to").click()
    await page.get_by_role("button", name="Continue as Bob").click()
    await page.get_by_role("button", name="Decline").click()
    await inspector.look("declined")
    await page.get_by_role("button", name="Try again").click()
    await page.get_by_role("button", name="Allow").click()
    await page.wait_for_url(f"**/content/{places.content}/")
    await inspector.go("connections", "/connections")
    await page.get_by_role("button", name="Disconnect").click()
    await inspector.look("ask")
    await page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    await inspector.look("connections-empty")


async def test_axe_finds_nothing_where_one_signs_in(house: House, places: Places, visitors: Newcomer) -> None:
    """One wrong password for all looks: after five from one address the server makes everybody there wait."""
    # Without motion, so that no colour is on its way to another while axe looks.
    visitor = await visitors(house, "noah", reduced_motion="reduce")
    page, found = visitor.page, []
    for name in ("sign-in", "sign-in-wrong"):
        if name == "sign-in":
            await page.goto(f"{house.gateway.url}/connections")
        else:
            await page.get_by_label("Username").fill("noah")
            await page.get_by_label("Password").fill("wrong")
            await page.get_by_role("button", name="Sign in").click()
            await visitor.shows("is not right")
        for scheme, width in LOOKS:
            await page.emulate_media(color_scheme=scheme)
            await page.set_viewport_size({"width": width, "height": 900})
            inspector = Inspector(visitor, f"{scheme}-{width}")
            await inspector.look(name)
            found += inspector.found
    assert found == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
async def test_axe_finds_nothing(
    house: House, places: Places, visitors: Newcomer, scheme: Literal["light", "dark"], width: int
) -> None:
    options: dict[str, Any] = {"color_scheme": scheme}
    found: list[str] = []

    async def somebody(name: str) -> tuple[Inspector, Page]:
        visitor = await visitors(house, name, signed_in=True, **options)
        await visitor.page.set_viewport_size({"width": width, "height": 900})
        return Inspector(visitor, f"{scheme}-{width}"), visitor.page

    newcomer, page = await somebody("noah")
    await newcomer.go("home-nothing", "/")
    await newcomer.go("content-denied", f"/content/{places.content}/")
    found += newcomer.found
    for name, pages in (("pat", publisher_pages), ("root", administrator_pages), ("amira", viewer_pages)):
        inspector, page = await somebody(name)
        await pages(inspector, page, places)
        found += inspector.found
    assert found == []


async def test_axe_finds_nothing_on_an_empty_server(house: House, visitors: Newcomer, tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "empty").start()
    try:
        visitor = await visitors(house, "nobody")
        await visitor.page.goto(f"{gateway.url}/")
        await visitor.shows("tabard users add")
        inspector = Inspector(visitor, "light-1280")
        await inspector.look("first-run")
        assert inspector.found == []
    finally:
        gateway.stop()


async def tab_to(page: Page, words: str) -> None:
    """Press Tab until what has the focus is called `words`; it must be visible there."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        name = await focused.evaluate("e => e.labels?.[0]?.innerText ?? e.innerText ?? ''")
        if name.strip() == words:
            outline = await focused.evaluate(
                "e => [e, '::before', '::after'].map(p => (typeof p === 'string'"
                " ? getComputedStyle(e, p) : getComputedStyle(p)))"
                ".some(s => s.outlineStyle !== 'none' || s.boxShadow !== 'none')"
            )
            assert outline, f"{words} does not show that it has the focus"
            return
    raise AssertionError(f"Tab never reaches {words}")


async def test_the_keyboard_alone_signs_in_and_opens_an_app(house: House, places: Places, visitors: Newcomer) -> None:
    visitor = await visitors(house, "amira")
    page = visitor.page
    await page.goto(f"{house.gateway.url}/")
    await expect(page.get_by_label("Username")).to_be_focused()
    await page.keyboard.type("amira")
    await tab_to(page, "Password")
    await page.keyboard.type(house.people["amira"].password)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{house.gateway.url}/")
    await tab_to(page, "Skip to content")
    await page.keyboard.press("Enter")
    await tab_to(page, "Open to the keyboard")
    await page.keyboard.press("Enter")
    await visitor.shows("Streamlit probe")
