"""Real apps, published by the real client and used in a real browser through the gateway."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OUTPUT, Newcomer
from tests.browser.house import House
from tests.browser.visitor import Visitor

APPS = Path(__file__).parents[1] / "apps"


@pytest.fixture(scope="session")
def hello(house: House, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Streamlit's own `hello`, copied out of the installed package and published unchanged."""
    spec = find_spec("streamlit")
    assert spec and spec.origin
    folder = tmp_path_factory.mktemp("hello") / "hello"
    shutil.copytree(Path(spec.origin).parent / "hello", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "requirements.txt").write_text(f"streamlit=={version('streamlit')}\n")
    return published(house, "streamlit", folder, "Hello", "--entrypoint", "streamlit_app.py")


def published(house: House, kind: str, folder: Path, title: str, *options: str) -> str:
    guid = house.publish(kind, folder, title, *options)
    house.allow(guid, "alice", "bob")
    return guid


@pytest.fixture(scope="session")
def streamlit_probe(house: House) -> str:
    return published(house, "streamlit", APPS / "streamlit_probe", "Streamlit probe")


@pytest.fixture(scope="session")
def panel_probe(house: House) -> str:
    return published(house, "panel", APPS / "panel_probe", "Panel probe")


async def picture(visitor: Visitor, name: str) -> None:
    OUTPUT.mkdir(exist_ok=True)
    await visitor.page.screenshot(path=OUTPUT / f"{name}.png")


async def test_hello_changes_pages_and_its_slider_moves_the_picture(
    house: House, hello: str, visitors: Newcomer
) -> None:
    alice = await visitors(house, "alice", signed_in=True)
    page = alice.page
    await alice.open(hello)
    await alice.shows("Welcome to Streamlit!")
    await picture(alice, "hello")
    await page.get_by_role("link", name="Plotting demo").click()
    await alice.shows("a bunch of random numbers")
    await expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
    await expect(page.get_by_role("button", name="Rerun")).to_be_visible(timeout=60_000)
    await picture(alice, "hello-plotting")
    await page.get_by_role("link", name="Animation demo").click()
    await expect(page.get_by_role("button", name="Rerun")).to_be_visible(timeout=120_000)
    before = await last_frame(page)
    detail = page.get_by_role("slider", name="Level of detail")
    await detail.focus()
    for _ in range(7):
        await page.keyboard.press("ArrowLeft")
    await expect(detail).to_have_attribute("aria-valuenow", "3")
    await expect(page.get_by_text("Frame ")).to_be_visible()
    await expect(page.get_by_role("button", name="Rerun")).to_be_visible(timeout=120_000)
    assert await last_frame(page) != before
    await picture(alice, "hello-animation")
    await page.get_by_role("link", name="DataFrame demo").click()
    await alice.shows("DataFrame demo")
    await page.get_by_role("link", name="Mapping demo").click()
    await alice.shows("st.pydeck_chart")
    await alice.record.settle()
    assert alice.record.clean() == []


async def last_frame(page: Page) -> str | None:
    return await page.get_by_test_id("stImage").locator("img").get_attribute("src")
