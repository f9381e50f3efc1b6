"""Fixtures of the browser tests: one Chromium, one house, and as many visitors as a test asks for.

All of it lives on one event loop for the session (Playwright's objects belong to the loop they were made on).
"""

from __future__ import annotations

import inspect
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, async_playwright

from tests.browser.house import House, open_house
from tests.browser.visitor import Visitor, new_visitor

OUTPUT = Path(__file__).parents[1] / "output"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
Newcomer = Callable[..., Awaitable[Visitor]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the async tests of this folder on the session's loop."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and inspect.iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know whether their test failed."""
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report


FAILED = pytest.StashKey[bool]()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium; Playwright's own downloads are not used."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert path, "no Chromium on PATH; run: make programs"
    async with async_playwright() as driver:
        launched = await driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A gateway with its people and the sandbox provider, for every test that does not need its own."""
    with open_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Newcomer]:
    """`await visitors(house, "alice", signed_in=True)`: a person in a browser context of her own.

    Where the test fails, what each of them looked at is kept in tests/output/.
    """
    came: list[Visitor] = []

    async def newcomer(house: House, name: str, *, signed_in: bool = False, **options: Any) -> Visitor:
        visitor = await new_visitor(browser, house, name, **options)
        came.append(visitor)
        if signed_in:
            await visitor.sign_in()
        return visitor

    yield newcomer
    for number, visitor in enumerate(came):
        if request.node.stash.get(FAILED, False):
            await _keep(visitor, f"{request.node.name}-{number}-{visitor.name}")
        await visitor.context.close()


async def _keep(visitor: Visitor, name: str) -> None:
    """Screenshots and the bad news of a visitor whose test failed."""
    OUTPUT.mkdir(exist_ok=True)
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
    lines = [visitor.page.url, *visitor.record.clean()]
    try:
        await visitor.page.screenshot(path=OUTPUT / f"{safe}.png", timeout=5000)
    except Error as error:
        lines.append(str(error))
    (OUTPUT / f"{safe}.txt").write_text("\n".join(lines) + "\n")
