"""The dashboard as people use it: each screen clicked through in a real browser against a real server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import Newcomer
from tests.browser.house import House
from tests.browser.visitor import Visitor
from tests.harness.integrations import VIEWER_SCOPES, associate, viewer_integration
from tests.harness.people import add_person
from tests.unit.server.thumbnails.pictures import png

APPS = Path(__file__).parents[1] / "apps"
TALKER = """import sys
import streamlit as st

if st.button("Speak"):
    print("spoken by the app", flush=True)
    print("and complained", file=sys.stderr, flush=True)
st.write("Talker is ready")
"""


@pytest.fixture(scope="session")
def sales(house: House) -> str:
    """A real app of the publisher's, that nobody else may open."""
    return house.publish("streamlit", APPS / "streamlit_probe", "Dashboard probe")


@pytest_asyncio.fixture(loop_scope="session")
async def pat(house: House, visitors: Newcomer) -> AsyncIterator[Visitor]:
    """The publisher, signed in; at the end nothing she was sent may have been bad."""
    visitor: Visitor = await visitors(house, "pat", signed_in=True)
    yield visitor
    assert visitor.record.clean() == []


def at(house: House, path: str) -> str:
    return f"{house.gateway.url}{path}"


async def told(page: Page, words: str | re.Pattern[str]) -> None:
    """The one message about what just happened."""
    await expect(page.locator(".notice").first).to_contain_text(words)


async def test_signing_in_and_out(house: House, sales: str, visitors: Newcomer) -> None:
    visitor = await visitors(house, "pat")
    page = visitor.page
    await page.goto(at(house, f"/apps/{sales}/access"))
    await expect(page).to_have_url(re.compile("/__login__"))
    await page.get_by_label("Username").fill("pat")
    await page.get_by_label("Password").fill("not-it")
    await page.get_by_role("button", name="Sign in").click()
    await told(page, "The user name or the password is not right.")
    await expect(page.get_by_label("Username")).to_have_value("pat")
    await page.get_by_label("Password").fill(house.people["pat"].password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(at(house, f"/apps/{sales}/access"))
    await page.get_by_text("Menu of Pat Example").locator("..").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(re.compile("/__login__"))
    await page.goto(at(house, "/"))
    await expect(page).to_have_url(re.compile("/__login__"))
    assert visitor.record.clean("403 POST .*/__login__", "status of 403") == []


async def test_home_finds_what_one_types(house: House, sales: str, pat: Visitor) -> None:
    house.gateway.api("POST", "/v1/content", json={"name": "churn-model", "title": "Churn model"}, key=house.key)
    page = pat.page
    await page.goto(at(house, "/"))
    cards = page.locator("#cards")
    await expect(cards.get_by_role("link", name="Churn model", exact=True)).to_be_visible()
    await page.get_by_label("Search content").press_sequentially("probe dash")
    await expect(cards.get_by_role("link", name="Churn model", exact=True)).to_have_count(0)
    await expect(cards.get_by_role("link", name="Dashboard probe", exact=True)).to_be_visible()
    await page.get_by_label("Search content").fill("zebra")
    await expect(cards).to_contain_text("Nothing matches “zebra”")
    await cards.get_by_role("link", name="Show everything").click()
    await page.get_by_role("link", name="Table").click()
    await expect(page.get_by_role("table")).to_contain_text("Dashboard probe")


async def test_an_integration_is_made_by_its_form(house: House, visitors: Newcomer) -> None:
    root = await visitors(house, "root", signed_in=True)
    page = root.page
    await page.goto(at(house, "/integrations"))
    await page.get_by_role("link", name="Add integration").click()
    await page.get_by_role("link", name="Custom").click()
    fill = {
        "Name": "Made by form",
        "Client ID": "tabard-viewer",
        "Client secret": "sandbox-viewer-secret",
        "Scopes": VIEWER_SCOPES,
        "Authorization address": f"{house.provider}/authorize",
        "Token address": "somewhere",
        "Userinfo address": f"{house.provider}/userinfo",
    }
    for label, value in fill.items():
        await page.get_by_label(label, exact=True).fill(value)
    await page.get_by_role("button", name="Add integration").click()
    await told(page, "1 field needs another look")
    wrong = page.get_by_label("Token address", exact=True)
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(wrong).to_have_value("somewhere")
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Made by form")
    await expect(page.get_by_label("Client secret", exact=True)).to_have_value("")
    await wrong.fill(f"{house.provider}/token")
    await page.get_by_label("Client secret", exact=True).fill("sandbox-viewer-secret")
    await page.get_by_role("button", name="Add integration").click()
    await told(page, "Made by form is ready.")
    await page.get_by_role("link", name="Integrations", exact=True).first.click()
    await expect(page.get_by_role("row", name=re.compile("Made by form"))).to_contain_text("As the person looking")
    await page.get_by_role("link", name="Made by form").click()
    await page.get_by_role("link", name="Settings", exact=True).click()
    assert "sandbox-viewer-secret" not in await page.content()
    assert root.record.clean("400 POST", "status of 400") == []


async def test_the_form_and_its_guide_follow_the_authentication_type(house: House, visitors: Newcomer) -> None:
    root = await visitors(house, "root", signed_in=True)
    page = root.page
    await page.goto(at(house, "/integrations/new/custom"))
    await expect(page.get_by_text("This server's redirect address")).to_be_visible()
    await page.get_by_label("Authentication type").select_option("Service Account")
    await expect(page.get_by_label("Authorization address")).to_be_hidden()
    await expect(page.get_by_text("This server's redirect address")).to_be_hidden()
    await expect(page.get_by_text("client credentials flow")).to_be_visible()
    fill = {
        "Name": "Robot",
        "Client ID": "tabard-service",
        "Client secret": "sandbox-service-secret",
        "Scopes": "sales.read",
        "Token address": f"{house.provider}/token",
    }
    for label, value in fill.items():
        await page.get_by_label(label, exact=True).fill(value)
    await page.get_by_role("button", name="Test").click()
    await expect(page.get_by_text("It gave a token that lives")).to_be_visible()
    await page.get_by_role("button", name="Add integration").click()
    await page.get_by_role("button", name="Test").click()
    await told(page, "The test passed")
    await page.get_by_role("link", name="Settings", exact=True).click()
    await page.get_by_label("Client secret", exact=True).fill("another-secret")
    await page.get_by_role("button", name="Save changes").click()
    await told(page, "Saved.")
    await page.get_by_role("button", name="Test").click()
    await told(page, "The test failed.")
    assert root.record.clean() == []


async def test_an_administrator_connects_as_herself_allows_ahead_and_ends_it(house: House, visitors: Newcomer) -> None:
    guid = viewer_integration(house.gateway, house.provider, name="Tried out")
    root = await visitors(house, "root", signed_in=True)
    page = root.page
    await page.goto(at(house, f"/integrations/{guid}"))
    await page.get_by_role("button", name="Connect as me").click()
    await page.get_by_role("button", name="Continue as Alice").click()
    await page.get_by_role("button", name="Allow").click()
    await expect(page.get_by_text("By itself: a refresh token came")).to_be_visible()
    await page.goto(at(house, "/integrations/new"))
    await page.get_by_label("Search systems").fill("snow")
    await expect(page.get_by_role("link", name="Snowflake", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="GitHub", exact=True)).to_be_hidden()
    await page.goto(at(house, f"/authorizations?integration={guid}"))
    await page.get_by_label("Person", exact=True).last.fill("root")
    await page.get_by_label("Integration", exact=True).last.select_option("Tried out")
    await page.get_by_role("button", name="Do not ask").click()
    await told(page, "root goes straight to signing in at Tried out.")
    await page.get_by_label("Integration", exact=True).first.select_option("Tried out")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="End all of these…").click()
    await told(page, "1 connection and 1 pre-authorization of 1 person end.")
    await page.get_by_role("button", name="End 2 entries").click()
    await expect(page.get_by_role("heading", name="2 entries ended")).to_be_visible()
    assert root.record.clean() == []


async def test_from_the_dialog_to_a_connection_and_back(house: House, pat: Visitor, sales: str) -> None:
    guid = viewer_integration(house.gateway, house.provider, name="Sales warehouse")
    page = pat.page
    await page.goto(at(house, f"/apps/{sales}/access"))
    await page.get_by_role("link", name="Add integration").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Sales warehouse").click()
    await dialog.get_by_role("button", name="Add integration").click()
    await told(page, "The app can use Sales warehouse now.")
    await expect(page.get_by_label("Anyone – no sign-in required")).to_be_disabled()
    await page.get_by_role("button", name="Log in to Sales warehouse").click()
    await page.get_by_role("button", name="Continue as Alice").click()
    await page.get_by_role("button", name="Allow").click()
    await expect(page).to_have_url(at(house, f"/apps/{sales}/access"))
    await expect(page.get_by_text("You are connected as")).to_contain_text("alice")
    await page.get_by_role("link", name="Connected accounts").click()
    card = page.get_by_role("listitem").filter(has_text="Sales warehouse")
    await expect(card).to_contain_text("Dashboard probe")
    await expect(card).to_contain_text("Renews by itself while you use it")
    await card.get_by_role("button", name="Disconnect Sales warehouse").click()
    await expect(page.get_by_role("dialog")).to_contain_text("1 app will ask you to connect again")
    await page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    await told(page, "Sales warehouse is disconnected.")
    await expect(page.get_by_text("No connected accounts")).to_be_visible()
    await page.goto(at(house, f"/apps/{sales}/access"))
    await page.get_by_role("button", name="Remove Sales warehouse from this app").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove integration").click()
    await told(page, "The app can no longer use Sales warehouse.")
    assert house.gateway.api("DELETE", f"/v1/oauth/integrations/{guid}").status_code in (200, 204)


async def test_who_can_open_it_takes_effect_at_once(house: House, sales: str, pat: Visitor, visitors: Newcomer) -> None:
    house.people["walter"] = add_person(house.gateway, "walter")
    outsider = await visitors(house, "walter", signed_in=True)
    await outsider.open(sales)
    await outsider.shows("You do not have access")
    page = pat.page
    await page.goto(at(house, f"/apps/{sales}/access"))
    await page.get_by_label("Add a person").fill("nobody-here")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("Nobody here has this username")).to_be_visible()
    await expect(page.get_by_label("Add a person")).to_have_value("nobody-here")
    await page.get_by_label("Add a person").fill("walter")
    await page.get_by_role("button", name="Add", exact=True).click()
    await told(page, "Walter Example can open it now.")
    await outsider.open(sales)
    await outsider.shows("Streamlit probe")
    await page.get_by_role("button", name="Remove Walter Example").click()
    await told(page, "Removed.")
    await outsider.open(sales)
    await outsider.shows("You do not have access")
    await page.get_by_label("All signed-in people").check()
    await page.get_by_role("button", name="Save who can open it").click()
    await told(page, "Everyone with an account can open it now.")
    await outsider.open(sales)
    await outsider.shows("Streamlit probe")
    await page.get_by_label("Specific people").check()
    await page.get_by_role("button", name="Save who can open it").click()
    await told(page, "Specific people can open it now.")
    pat.record.bad = [line for line in pat.record.bad if not re.match("400 POST .*/access/people", line)]
    pat.record.errors = [line for line in pat.record.errors if "status of 400" not in line]


async def test_title_and_description(house: House, sales: str, pat: Visitor) -> None:
    page = pat.page
    await page.goto(at(house, f"/apps/{sales}/info"))
    await page.get_by_label("Description").fill("Shows what reaches an app.\nFor everyone.")
    await page.get_by_role("button", name="Save", exact=True).click()
    await told(page, "Saved.")
    await page.reload()
    await expect(page.locator(".notice")).to_have_count(0)
    await expect(page.get_by_label("Description")).to_have_value("Shows what reaches an app.\nFor everyone.")
    await page.get_by_role("link", name="Open").first.click()
    await pat.shows("Streamlit probe")
    # Chromium reports the app's own closed socket when its page is left; ours have none.
    pat.record.errors.clear()


async def test_an_address_of_its_own_and_a_picture(house: House, sales: str, pat: Visitor) -> None:
    page = pat.page
    await page.goto(at(house, f"/apps/{sales}/info"))
    await page.get_by_label("An address of its own").fill("probes/sales")
    await page.get_by_label("An address of its own").press("Enter")
    await told(page, f"It can now be opened at {house.gateway.url}/probes/sales/")
    picture = {"name": "p.png", "mimeType": "image/png", "buffer": png(4, 2)}
    await page.get_by_label("A picture of your own").set_input_files(picture)
    await page.get_by_role("button", name="Use it").click()
    await told(page, "This is its picture now.")
    await page.goto(at(house, "/"))
    shown = page.locator(f'img[src*="{sales}"]')
    await expect(shown).to_be_visible()
    assert await shown.evaluate("picture => picture.naturalWidth") == 4
    await page.goto(at(house, "/probes/sales/?a=b"))
    await expect(page).to_have_url(at(house, f"/content/{sales}/?a=b"))
    await pat.shows("Streamlit probe")
    pat.record.errors.clear()


async def test_a_key_is_shown_once_and_can_be_revoked(house: House, pat: Visitor) -> None:
    page = pat.page
    await page.goto(at(house, "/keys"))
    await page.get_by_label("Name").fill("My laptop")
    await page.get_by_label("Works for").select_option("30")
    await page.get_by_role("button", name="Create key").click()
    await expect(page.get_by_role("heading", name="Copy My laptop now")).to_be_visible()
    value = await page.get_by_role("button", name="Copy the key").get_attribute("data-copy")
    assert value
    assert house.gateway.api("GET", "/v1/user", key=value).json()["username"] == "pat"
    await page.reload()
    assert value not in await page.content()
    row = page.get_by_role("row", name=re.compile("My laptop"))
    await expect(row).to_contain_text("in 1 month")
    await row.get_by_role("button", name="Revoke My laptop").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    await told(page, "Revoked.")
    await expect(row).to_have_count(0)
    assert house.gateway.api("GET", "/v1/user", key=value).status_code == 401


async def test_logs_show_what_the_app_writes_as_it_writes(
    house: House, pat: Visitor, visitors: Newcomer, tmp_path: Path
) -> None:
    folder = tmp_path / "talker"
    folder.mkdir()
    (folder / "app.py").write_text(TALKER)
    (folder / "requirements.txt").write_text((APPS / "streamlit_probe" / "requirements.txt").read_text())
    guid = house.publish("streamlit", folder, "Talker")
    page = pat.page
    await page.goto(at(house, f"/apps/{guid}/logs"))
    log = page.get_by_role("log")
    await expect(log).to_contain_text("Starting version")
    assert "spoken by the app" not in await log.inner_text()
    speaker = await visitors(house, "pat", signed_in=True)
    await speaker.open(guid)
    await speaker.page.get_by_role("button", name="Speak").click()
    await expect(log).to_contain_text("spoken by the app")
    await expect(log).to_contain_text("and complained")
    assert (await log.inner_text()).count("spoken by the app") == 1
    await page.get_by_label("Stream").select_option("stderr")
    await page.get_by_role("button", name="Filter").click()
    await expect(log).to_contain_text("and complained")
    assert "spoken by the app" not in await log.inner_text()
    await page.get_by_label("Stream").select_option("")
    await page.get_by_label("Search the logs").fill("zebra")
    await page.get_by_role("button", name="Filter").click()
    await expect(log).to_contain_text("No line matches this filter.")


async def test_deleting_an_integration_asks_for_its_name(house: House, sales: str, visitors: Newcomer) -> None:
    guid = viewer_integration(house.gateway, house.provider, name="Short-lived")
    associate(house.gateway, sales, guid)
    root = await visitors(house, "root", signed_in=True)
    page = root.page
    await page.goto(at(house, f"/integrations/{guid}"))
    await page.get_by_role("link", name="Delete…").click()
    await told(page, "1 app uses this.")
    await expect(page.get_by_text("Dashboard probe")).to_be_visible()
    await page.get_by_label("Type its name to delete it").fill("Short")
    await page.get_by_role("button", name="Delete integration").click()
    await expect(page.get_by_text("Type Short-lived exactly")).to_be_visible()
    await page.get_by_label("Type its name to delete it").fill("Short-lived")
    await page.get_by_role("button", name="Delete integration").click()
    await told(page, "Short-lived is deleted.")
    assert house.gateway.api("GET", f"/v1/content/{sales}/oauth/integrations/associations").json() == []
    assert root.record.clean("400 POST", "status of 400") == []


async def test_older_addresses_lead_to_the_settings(house: House, sales: str, pat: Visitor) -> None:
    await pat.page.goto(at(house, f"/connect/#/apps/{sales}/access"))
    await expect(pat.page).to_have_url(at(house, f"/apps/{sales}/access"))
