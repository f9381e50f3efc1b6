"""Real apps, published by the real client and used in a real browser through the gateway."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import OUTPUT, Newcomer
from tests.browser.house import House
from tests.browser.line import Line, laid
from tests.browser.visitor import Visitor

APPS = Path(__file__).parents[1] / "apps"


@pytest.fixture(scope="session")
def hello(house: House, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Streamlit's own `hello`, copied out of the installed package and published unchanged."""
    spec = find_spec("streamlit")
    assert spec
    assert spec.origin
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


# The demo's page icons come from Google's server, which these machines do not reach.
ELSEWHERE = (r"https://fonts\.gstatic\.com/",)
# The animation draws a hundred pictures in one place, and a run that is started anew lets Streamlit forget those of
# the one before: a browser that is late asks for one that is gone, with or without a gateway.
FORGOTTEN_FRAMES = (r"/media/[0-9a-f]+\.jpg",)


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
    await expect(detail).to_have_value("3")
    await expect(page.get_by_text(re.compile(r"^Frame \d+/100"))).to_be_visible()
    await expect(page.get_by_role("button", name="Rerun")).to_be_visible(timeout=120_000)
    assert await last_frame(page) != before
    await picture(alice, "hello-animation")
    await page.get_by_role("link", name="DataFrame demo").click()
    await alice.shows("DataFrame demo")
    await page.get_by_role("link", name="Mapping demo").click()
    await alice.shows("st.pydeck_chart")
    await alice.record.settle()
    assert alice.record.clean(*ELSEWHERE, *FORGOTTEN_FRAMES) == []


async def last_frame(page: Page) -> str | None:
    return await page.get_by_test_id("stImage").locator("img").get_attribute("src")


@pytest_asyncio.fixture(loop_scope="session")
async def line() -> AsyncIterator[Line]:
    async with laid() as opened:
        yield opened


async def drop(visitor: Visitor, line: Line) -> None:
    """Cut the line under an open page, and wait until the page has a new socket."""
    record = visitor.record
    opened, closed = record.opened, record.closed
    assert line.cut() >= 1
    await record.until(lambda r: r.closed > closed, "the socket to drop")
    await record.until(lambda r: r.opened > opened, "a new socket")


async def at_rest(page: Page) -> None:
    """Wait until a Streamlit page is connected and its script is not running."""
    app = page.get_by_test_id("stApp")
    await expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
    await expect(app).to_have_attribute("data-test-script-state", "notRunning")


async def test_a_streamlit_app_takes_files_and_keeps_its_state_over_a_drop(
    house: House, streamlit_probe: str, visitors: Newcomer, line: Line
) -> None:
    alice = await visitors(house, "alice", signed_in=True, proxy=line.proxy)
    page = alice.page
    await alice.open(streamlit_probe)
    await alice.shows("Viewer: alice")
    await alice.shows("Session handle: present")
    await alice.shows("st.user name: alice")
    await expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
    points = page.get_by_role("slider", name="Points")
    await points.focus()
    await page.keyboard.press("ArrowRight")
    await alice.shows("Last point: 100")
    await page.locator("input[type=file]").set_input_files(
        {"name": "numbers.csv", "mimeType": "text/csv", "buffer": b"n\n" * 5000}
    )
    await alice.shows("Received 10000 bytes of numbers.csv")
    assert await downloaded(page, "Download") == b"the probe's own bytes\n"
    await picture(alice, "streamlit-probe")
    await at_rest(page)  # the download has made the script run once more
    await drop(alice, line)
    await at_rest(page)
    await points.focus()
    await page.keyboard.press("ArrowRight")
    await alice.shows("Last point: 121")
    # The file is in the session at the server: a new session would not have it.
    await alice.shows("Received 10000 bytes of numbers.csv")
    await alice.record.settle()
    assert alice.record.clean(*DROPPED) == []


# What the frameworks' pages say about the connection that was cut.
DROPPED = (r"ERR_CONNECTION_RESET", r"ERR_EMPTY_RESPONSE", r"WebSocket connection to .* failed", r"Lost websocket")


async def changed(plot: Locator, before: bytes) -> None:
    """Wait until the plot looks different."""
    deadline = time.monotonic() + 30
    while await plot.screenshot() == before:
        assert time.monotonic() < deadline, "the plot stays as it was"
        await asyncio.sleep(0.1)


async def downloaded(page: Page, name: str) -> bytes:
    async with page.expect_download() as waiting:
        await page.get_by_text(re.compile(f"^{name}")).first.click()
    path = await (await waiting.value).path()
    return path.read_bytes()


async def test_a_panel_app_moves_its_plot_gives_files_and_keeps_its_state_over_a_drop(
    house: House, panel_probe: str, visitors: Newcomer, line: Line
) -> None:
    bob = await visitors(house, "bob", signed_in=True, proxy=line.proxy)
    page = bob.page
    await bob.open(panel_probe)
    await bob.shows("Viewer: bob")
    await bob.shows("Session handle: present")
    await bob.shows("Last point: 81")
    plot = page.locator(".bk-Canvas").first
    await expect(plot).to_be_visible()
    before = await plot.screenshot()
    await page.get_by_label("Colour").select_option("firebrick")
    await page.locator(".noUi-handle").first.focus()
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await bob.shows("Last point: 144")
    await changed(plot, before)
    label = page.get_by_label("Label")
    await label.fill("cubes")
    await label.press("Enter")
    await page.locator("input[type=file]").set_input_files(
        {"name": "some.bin", "mimeType": "application/octet-stream", "buffer": b"b" * 4096}
    )
    await bob.shows("Received 4096 bytes")
    assert await downloaded(page, "Download") == b"the probe's own bytes\n"
    await picture(bob, "panel-probe")
    await drop(bob, line)
    # An open socket is not yet a session found again: what is done before that is lost.
    await bob.shows("Connection with server was re-established")
    await page.locator(".noUi-handle").first.focus()
    await page.keyboard.press("ArrowRight")
    await bob.shows("Last point: 169")
    await bob.shows("Received 4096 bytes")
    await bob.record.settle()
    assert bob.record.clean(*DROPPED, r"favicon\.ico") == []
