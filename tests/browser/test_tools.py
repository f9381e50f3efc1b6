"""Signing tools in, in a real browser: the consent screen, the code, the claim and the list; looked at every way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from playwright.async_api import expect

from tests.browser.conftest import Newcomer
from tests.browser.house import House
from tests.browser.test_pages_axe import LOOKS, Inspector
from tests.browser.visitor import Visitor
from tests.harness.people import add_person
from tests.harness.signing import Signer
from tests.unit.server.authorize.rig import CHALLENGE, POSIT, VERIFIER

LONG = "A publishing tool with a name as long as names may ever be in this place, truly"


class Callback(BaseHTTPRequestHandler):
    """A tool's own address, as rsconnect opens it for one answer."""

    def do_GET(self) -> None:
        self.server.answers.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Authentication successful!</h1>")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def callback() -> Iterator[tuple[str, list[str]]]:
    """The address, and the targets that were asked for there."""
    server = HTTPServer(("127.0.0.1", 0), Callback)
    server.answers = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/callback", server.answers  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


async def look_around(visitor: Visitor, name: str) -> list[str]:
    """Axe and a picture of the page as it is, light and dark, wide and narrow."""
    found: list[str] = []
    for scheme, width in LOOKS:
        await visitor.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await visitor.page.set_viewport_size({"width": width, "height": 900})
        inspector = Inspector(visitor, f"{scheme}-{width}")
        await inspector.look(name)
        found += inspector.found
    await visitor.page.set_viewport_size({"width": 1280, "height": 900})
    return found


def register(house: House, **changes: Any) -> str:
    reply = httpx.post(f"{house.gateway.url}/oauth/v1/register", json=POSIT | changes)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["client_id"])


def token(house: House, **form: str) -> dict[str, Any]:
    return dict(httpx.post(f"{house.gateway.url}/oauth/v1/token", data=form).json())


async def test_a_person_signs_tools_in_and_out(house: House, visitors: Newcomer) -> None:
    house.people["tessa"] = add_person(house.gateway, "tessa", "publisher")
    visitor = await visitors(house, "tessa")
    page, url = visitor.page, house.gateway.url
    found: list[str] = []
    client_id = register(house, client_name=LONG)

    with callback() as (there, answers):
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": there,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "s",
        }
        await page.goto(f"{url}/oauth/v1/authorize?{urlencode(asked)}")
        await visitor.sign_in()
        await visitor.shows("Let this tool act as you?")
        await visitor.shows(LONG)
        found += await look_around(visitor, "tool-consent")
        await page.get_by_role("button", name="Cancel").click()
        await visitor.shows("Authentication successful!")
        await page.goto(f"{url}/oauth/v1/authorize?{urlencode(asked)}")
        await page.get_by_role("button", name="Allow").click()
        await visitor.shows("Authentication successful!")
    told = [parse_qs(urlsplit(answer).query) for answer in answers if answer.startswith("/callback")]
    assert [sorted(each) for each in told] == [["error", "error_description", "iss", "state"], ["code", "iss", "state"]]
    form = {"client_id": client_id, "redirect_uri": there, "code_verifier": VERIFIER, "code": told[1]["code"][0]}
    assert "access_token" in token(house, grant_type="authorization_code", **form)

    begun = httpx.post(f"{url}/oauth/v1/device/authorize", data={"client_id": register(house)}).json()
    await page.goto(begun["verification_uri_complete"])
    found += await look_around(visitor, "tool-code")
    await page.get_by_label("Code").fill("BBBB-BBBB")
    await page.get_by_role("button", name="Continue").click()
    await visitor.shows("No tool waits for this code")
    found += await look_around(visitor, "tool-code-wrong")
    await page.get_by_label("Code").fill(begun["user_code"].lower())
    await page.get_by_role("button", name="Continue").click()
    await visitor.shows(begun["user_code"])
    found += await look_around(visitor, "tool-consent-code")
    await page.get_by_role("button", name="Allow").click()
    await visitor.shows("You can go back to the tool")
    found += await look_around(visitor, "tool-answered")

    signer = Signer()
    claim = httpx.post(f"{url}/__api__/tokens", json=signer.registration()).json()["token_claim_url"]
    await page.goto(claim)
    await page.wait_for_url("**/claim/*")
    found += await look_around(visitor, "tool-claim")
    await page.get_by_role("button", name="Allow").click()
    await visitor.shows("You can go back to the tool")
    path = "/__api__/v1/user"
    assert httpx.get(f"{url}{path}", headers=signer.headers("GET", path)).json()["username"] == "tessa"

    await page.get_by_role("link", name="See your signed-in tools").click()
    await expect(page.get_by_role("row")).to_have_count(3)
    found += await look_around(visitor, "tools")
    for left in (1, 0):
        await page.get_by_role("row").nth(1).get_by_role("button", name="Sign out").click()
        await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
        await visitor.shows("is signed out")
        await expect(page.get_by_role("row")).to_have_count(left + 1 if left else 0)
    found += await look_around(visitor, "tools-empty")
    assert httpx.get(f"{url}{path}", headers=signer.headers("GET", path)).status_code == 401
    assert found == []
    # The wrong code was answered 400.
    assert visitor.record.clean(r"/oauth/v1/device") == []
