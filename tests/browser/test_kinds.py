"""One click in every kind whose page talks back on its own, published by the real client."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.browser.conftest import Newcomer
from tests.browser.house import House
from tests.harness.publishing import APPS

# Some pages ask for fonts elsewhere, which these machines do not reach, and for icons that apps do not have.
ELSEWHERE = (r"https://fonts\.g(static|oogleapis)\.com/", r"favicon\.ico", r"https://cdn\.", r"/static/fonts/")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("dash", "alice clicked 1 times; token: yes"),
        ("shiny", re.compile(r"alice \[\] clicked 1 times; token: yes")),
        ("gradio", None),
        ("voila", "clicked by alice"),
    ],
)
async def test_a_click_is_answered(
    house: House, visitors: Newcomer, kind: str, says: str | re.Pattern[str] | None
) -> None:
    guid = await asyncio.to_thread(house.publish, kind, APPS / f"{kind}_echo", f"{kind} echo")
    house.allow(guid, "alice")
    alice = await visitors(house, "alice", signed_in=True)
    await alice.open(guid)
    if says is None:
        await alice.page.get_by_label("Name").fill("you")
    await alice.page.get_by_role("button", name="Click").click()
    if says is None:
        said = alice.page.get_by_label("Said")
        async with asyncio.timeout(30):
            while "hello you from alice; token: yes" not in await said.input_value():
                await asyncio.sleep(0.1)
    else:
        await alice.shows(says)
    await alice.record.settle()
    assert alice.record.clean(*ELSEWHERE) == []


async def test_static_files_are_shown(house: House, visitors: Newcomer, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "more").mkdir(parents=True)
    (site / "index.html").write_text('<title>Site</title><img src="dot.png" alt="dot"><a href="more">More</a>')
    (site / "more" / "index.html").write_text('<title>More</title><p id="a">no</p><script src="a.js"></script>')
    (site / "more" / "a.js").write_text('document.getElementById("a").textContent = "scripted";')
    shutil.copy(APPS / "notebook_echo" / "dot.png", site)
    alice = await visitors(house, "alice", signed_in=True)
    guid = await asyncio.to_thread(house.publish, "html", site, "A site")
    house.allow(guid, "alice")
    await alice.open(guid)
    assert await alice.page.get_by_alt_text("dot").evaluate("image => image.naturalWidth") == 1
    await alice.page.get_by_role("link", name="More").click()
    await alice.shows("scripted")
    assert alice.page.url.endswith(f"/content/{guid}/more/")
    await alice.record.settle()
    assert alice.record.clean(r"favicon\.ico") == []
