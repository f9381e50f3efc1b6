"""The proof: two people use the same app at once, each sees their own rows, and no secret is where it can be seen."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from integrations.sandbox.rows import BOOKS
from tests.browser.conftest import OUTPUT, Newcomer
from tests.browser.house import CANARY, House, open_house
from tests.browser.line import Line, laid
from tests.browser.visitor import Visitor
from tests.harness.integrations import associate, service_integration, viewer_integration
from tests.harness.people import sign_in

ROOT = Path(__file__).parents[2]
NAMES = {"alice": "Alice Archer", "bob": "Bob Baker"}
VIEWERS = ("alice", "bob", "carol", "erin", "mallory")
# Files that frameworks ask for and do not have.
NOISE = (r"favicon\.ico",)


@dataclass
class Stage:
    """The house with the sample apps published in it."""

    house: House
    sales: str
    explorer: str
    report: str
    probe: str


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_house(tmp_path_factory.mktemp("proof"), VIEWERS) as house:
        data = ("-E", f"SANDBOX_URL={house.provider}")
        built = Stage(
            house,
            sales=house.publish("streamlit", ROOT / "examples/sales_streamlit", "My sales", *data),
            explorer=house.publish("panel", ROOT / "examples/sales_panel", "Sales explorer", *data),
            report=house.publish("streamlit", ROOT / "examples/sales_report", "Company sales", *data),
            probe=house.publish("streamlit", ROOT / "tests/apps/exchange_probe", "Exchange probe"),
        )
        viewer = viewer_integration(house.gateway, house.provider)
        service = service_integration(house.gateway, house.provider)
        for guid in (built.sales, built.explorer, built.probe):
            associate(house.gateway, guid, viewer)
        associate(house.gateway, built.report, service)
        for guid in (built.sales, built.explorer, built.report, built.probe):
            house.allow(guid, "alice", "bob", "carol", "erin")
        yield built


@pytest_asyncio.fixture(loop_scope="session")
async def line() -> AsyncIterator[Line]:
    async with laid() as opened:
        yield opened


async def picture(visitor: Visitor, name: str) -> None:
    OUTPUT.mkdir(exist_ok=True)
    await visitor.page.screenshot(path=OUTPUT / f"proof-{name}.png")


def others_words(name: str) -> list[str]:
    """Regions and products that only the other people's rows have."""
    return [word for sub, book in BOOKS.items() if sub != name for word in (*book.regions, *book.products)]


async def consent(visitor: Visitor, person: str, *, allow: bool = True, name: str = "") -> None:
    """From the connect gate to the provider, and through its pages as `person`."""
    page = visitor.page
    await visitor.shows("wants to use Sandbox as you")
    if name:
        await picture(visitor, f"{name}-1-gate")
    await page.get_by_role("button", name="Continue to Sandbox").click()
    await page.get_by_role("button", name=f"Continue as {person.capitalize()}").click()
    await visitor.shows("to act for you?")
    if name:
        await picture(visitor, f"{name}-2-consent")
    await page.get_by_role("button", name="Allow" if allow else "Decline").click()


async def first_visit(stage: Stage, visitor: Visitor) -> None:
    """Signed out → sign in → gate → consent → her own rows in the Streamlit app, and only hers."""
    name = visitor.name
    await visitor.open(stage.sales)
    await visitor.sign_in()
    await consent(visitor, name, name=name)
    await visitor.shows(f"Signed in to the sandbox as {NAMES[name]}")
    await expect(visitor.page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").last).to_be_visible()
    await picture(visitor, f"{name}-3-streamlit")
    words = await visitor.text()
    assert all(product in words for product in BOOKS[name].products), words
    assert f"/content/{stage.sales}/" in visitor.page.url


async def second_app(stage: Stage, visitor: Visitor) -> None:
    """The Panel app uses the same integration: nobody is asked again."""
    name = visitor.name
    await visitor.open(stage.explorer)
    await visitor.shows("Sales explorer")
    await visitor.shows(NAMES[name])
    await expect(visitor.page.locator(".bk-Canvas").first).to_be_visible()
    await picture(visitor, f"{name}-4-panel")
    words = await visitor.text()
    assert all(region in words for region in BOOKS[name].regions), words


async def test_two_people_at_once_see_their_own_rows_and_never_the_others(stage: Stage, visitors: Newcomer) -> None:
    house = stage.house
    both = [await visitors(house, name) for name in NAMES]
    await asyncio.gather(*(first_visit(stage, visitor) for visitor in both))
    await asyncio.gather(*(second_app(stage, visitor) for visitor in both))
    log = house.sandbox("GET", "log")["requests"]
    codes = [entry["sub"] for entry in log if entry["grant_type"] == "authorization_code"]
    assert sorted(codes) == ["alice", "bob"], "each of them consented exactly once"
    for visitor in both:
        await visitor.record.settle()
        assert visitor.record.frames > 20
        assert visitor.record.handshakes >= 4
        assert visitor.record.clean(*NOISE) == []
        told = b"\n".join(visitor.record.heard)
        assert BOOKS[visitor.name].products[0].encode() in told
        assert [word for word in others_words(visitor.name) if word.encode() in told] == []


async def test_declining_leaves_a_page_that_says_so_and_trying_again_works(stage: Stage, visitors: Newcomer) -> None:
    carol = await visitors(stage.house, "carol")
    await carol.open(stage.sales)
    await carol.sign_in()
    await consent(carol, "carol", allow=False)
    await carol.shows("Sandbox is not connected")
    await carol.shows("You said no at Sandbox, so nothing was shared.")
    await picture(carol, "carol-declined")
    await carol.page.get_by_role("button", name="Try again with Sandbox").click()
    await carol.shows("to act for you?")
    await carol.page.get_by_role("button", name="Allow").click()
    await carol.shows("Signed in to the sandbox as Carol Castle")
    # The page after declining is itself answered with 403.
    assert carol.record.clean(*NOISE, r"callback\?error=access_denied") == []


async def read_again(visitor: Visitor) -> None:
    """Press the app's button until what it says about its token is new: it counts the seconds that are left."""
    caption = visitor.page.get_by_text("Read with an access token")
    before = await caption.text_content() or ""
    for _ in range(10):
        await visitor.page.get_by_role("button", name="Read again").click()
        with contextlib.suppress(AssertionError):
            await expect(caption).not_to_have_text(before, timeout=3000)
            return
    pytest.fail(f"the app still says: {before}")


async def test_a_short_lived_token_is_replaced_without_a_reload(stage: Stage, visitors: Newcomer) -> None:
    house = stage.house
    house.client(access_lifetime=6)
    try:
        erin = await visitors(house, "erin")
        await erin.open(stage.sales)
        await erin.sign_in()
        await consent(erin, "alice")
        await erin.shows("Signed in to the sandbox as Alice Archer")
        page, before = erin.page, house.refreshes()
        caption = page.get_by_text("Read with an access token")
        first = await caption.text_content()
        await page.evaluate("window.neverReloaded = true")
        began = time.monotonic()
        # Past the first token's end, and past the second's.
        while time.monotonic() - began < 13:
            await read_again(erin)
            assert await page.get_by_text("Signed in to the sandbox as Alice Archer").is_visible()
        assert house.refreshes() >= before + 2
        assert await caption.text_content() != first
        assert await page.evaluate("window.neverReloaded")
        assert erin.record.clean(*NOISE) == []
    finally:
        house.client(access_lifetime=3600)


async def test_200_exchanges_at_expiry_cause_one_refresh(stage: Stage, visitors: Newcomer) -> None:
    house = stage.house
    erin = await visitors(house, "erin", signed_in=True)
    house.client(access_lifetime=4)
    try:
        await erin.open(stage.probe)
        await erin.shows("One exchange: answered")
        # Whichever token that was, of this test or of the one before, it lives for 6 seconds at the most.
        over = time.monotonic() + 6
        house.client(access_lifetime=3600, token_delay=0.5)
        while time.monotonic() < over:
            await asyncio.sleep(0.1)
        before = house.refreshes()
        await erin.page.get_by_role("button", name="Exchange").click()
        await erin.shows("Done: 200 answered", seconds=90)
        await erin.shows("Different tokens: 1")
        assert house.refreshes() == before + 1
    finally:
        house.client(access_lifetime=3600, token_delay=0)


async def test_a_report_reads_totals_as_its_service_account(stage: Stage, visitors: Newcomer) -> None:
    bob = await visitors(stage.house, "bob", signed_in=True)
    await bob.open(stage.report)
    await bob.shows("Read by the service account Reporting")
    await expect(bob.page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
    await picture(bob, "bob-report")
    await bob.record.settle()
    assert bob.record.clean(*NOISE) == []


async def test_a_handle_that_a_client_sends_never_reaches_the_app(stage: Stage, visitors: Newcomer, line: Line) -> None:
    erin = await visitors(stage.house, "erin", signed_in=True, proxy=line.proxy)
    await erin.context.set_extra_http_headers({"Posit-Connect-User-Session-Token": "spoofed", "X-App-User": "root"})
    line.forged = b"Posit-Connect-User-Session-Token: spoofed\r\nposit-connect-USER-session-token: spoofed\r\n"
    await erin.open(stage.probe)
    await erin.shows("spoofed: False")
    await erin.shows("One exchange: answered")
    assert line.handshakes_forged >= 1


def handshake(**headers: str) -> dict[str, str]:
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
        "Sec-WebSocket-Protocol": "streamlit",
    } | {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("who", "origin", "status"),
    [(None, "own", 401), ("mallory", "own", 403), ("alice", "https://evil.example", 403), ("alice", None, 403)],
)
def test_sockets_of_strangers_and_of_other_sites_are_refused_in_json(
    stage: Stage, who: str | None, origin: str | None, status: int
) -> None:
    gateway = stage.house.gateway
    headers = handshake(**({"Origin": gateway.url if origin == "own" else origin} if origin else {}))
    cookies = {}
    if who:
        client = sign_in(gateway, stage.house.people[who])
        cookies = dict(client.cookies)
        client.close()
    with httpx.Client(cookies=cookies) as browser:
        reply = browser.get(f"{gateway.url}/content/{stage.sales}/_stcore/stream", headers=headers)
    assert reply.status_code == status
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.json()["error"]


async def test_signing_out_closes_the_open_app(stage: Stage, visitors: Newcomer) -> None:
    alice = await visitors(stage.house, "alice", signed_in=True)
    await alice.open(stage.sales)
    await alice.shows("Signed in to the sandbox as Alice Archer")
    assert (alice.record.opened, alice.record.closed) == (1, 0)
    other = await alice.context.new_page()
    await other.goto(f"{stage.house.gateway.url}/no-such-page")
    await other.get_by_role("button", name="Sign out").click()
    await alice.record.until(lambda record: record.closed >= 1, "the app's socket to close")
    await alice.open(stage.sales)
    await expect(alice.page.get_by_role("heading", name="Sign in")).to_be_visible()


def needles(text: str) -> list[bytes]:
    """A text as it is, and as base64 at each of the three places where it can begin."""
    raw = text.encode()
    inside = [base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4].rstrip(b"=") for shift in range(3)]
    return [raw, *inside]


def everything_on_disk(house: House) -> Iterator[tuple[str, bytes]]:
    """Every file of the data directory but installed packages, and the gateway's log."""
    data = house.gateway.data_dir
    for path in [*data.rglob("*"), house.gateway.log_path]:
        if path.is_file() and "environments" not in path.relative_to(data.parent).parts:
            yield str(path), path.read_bytes()


def every_process(house: House) -> Iterator[tuple[str, bytes]]:
    """The environment and the command line of the gateway and of every app it runs."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line, variables = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        if str(house.gateway.data_dir).encode() in line + variables:
            yield f"{folder}: {line[:60]!r}", line + b"\0" + variables


def every_reply(stage: Stage) -> Iterator[tuple[str, bytes]]:
    """Headers and bodies of what the API and the dashboard tell an administrator, a publisher and a viewer."""
    gateway = stage.house.gateway
    paths = ["user", "users", "content", "oauth/integrations", "oauth/sessions", "oauth/sessions?all=true"]
    for row in gateway.api("GET", "/v1/oauth/sessions", params={"all": "true"}).json():
        paths.append(f"oauth/sessions/{row['guid']}")
    for guid in (stage.sales, stage.explorer, stage.report, stage.probe):
        paths += [f"content/{guid}", f"content/{guid}/jobs", f"content/{guid}/oauth/integrations/associations"]
        for job in gateway.api("GET", f"/v1/content/{guid}/jobs").json():
            paths.append(f"content/{guid}/jobs/{job['key']}/log")
    for key in (gateway.admin_key, stage.house.key):
        for path in paths:
            reply = gateway.api("GET", f"/v1/{path}", key=key)
            yield f"{reply.status_code} {path}", str(reply.headers).encode() + reply.content
    for name in ("root", "pat", "alice"):
        client = sign_in(gateway, stage.house.people[name])
        for path in ("/", "/connections", "/integrations", "/keys", f"/apps/{stage.sales}/access"):
            reply = client.get(path)
            yield f"{reply.status_code} {path} of {name}", str(reply.headers).encode() + reply.content
        client.close()


def test_zz_the_canary_is_nowhere(stage: Stage) -> None:
    """Last of all: the refresh tokens of every flow above were real, and appear in nothing anybody can read."""
    house = stage.house
    log = house.sandbox("GET", "log")["requests"]
    assert sum(entry["issued_refresh_sha256"] is not None for entry in log) >= 6
    assert {c["refresh_prefix"] for c in house.sandbox("GET", "clients")} == {CANARY}
    seen = [(f"browser {number}", part) for number, record in enumerate(house.records) for part in record.seen]
    files, processes, replies = list(everything_on_disk(house)), list(every_process(house)), list(every_reply(stage))
    assert len(seen) > 500
    assert any(name.endswith("tabard.db") for name, _ in files)
    assert any(name.endswith("-wal") for name, _ in files)
    assert any("/log" in name for name, _ in files), "an instance's log"
    assert len(processes) >= 4, "the gateway and its apps"
    assert len(replies) > 30
    wanted = needles(CANARY)
    found = [name for name, data in (*seen, *files, *processes, *replies) if any(needle in data for needle in wanted)]
    assert found == []
    sessions = house.gateway.api("GET", "/v1/oauth/sessions", params={"all": "true"}).json()
    assert all(row["has_refresh_token"] for row in sessions)
    assert len(sessions) == 4
    leaked = re.compile(rb"sandbox-(viewer|service)-secret")
    assert [name for name, data in (*seen, *files, *processes, *replies) if leaked.search(data)] == []
