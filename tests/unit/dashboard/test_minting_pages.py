"""The page of an integration's tokens: mapping, keys, statement and inspector, for administrators."""

import re

import pytest

from server.db.models import SigningKey
from server.oauth.integrations import Draft
from tests.unit.dashboard.rig import Browser, Rig, notices
from tests.unit.dashboard.test_integration_form import problems

ACCOUNT = "https://myorg-myaccount.snowflakecomputing.com"


@pytest.fixture
async def ada(rig: Rig) -> Browser:
    return await rig.browser("ada", "administrator")


@pytest.fixture
async def here(rig: Rig, ada: Browser) -> str:
    draft = Draft("external-oauth", "Warehouse", "", {"audiences": ACCOUNT})
    row = await rig.services.integrations.create(rig.people["ada"], draft)
    return f"/integrations/{row.guid}/tokens"


async def states(rig: Rig) -> list[str]:
    def read(session):
        from sqlmodel import select

        return [row.state for row in session.exec(select(SigningKey).order_by(SigningKey.id)).all()]

    return await rig.services.db.read(read)


async def test_the_statement_is_shown_and_the_page_is_linked(ada: Browser, here: str) -> None:
    text = (await ada.get(here)).text
    assert "Nobody gets a token yet." in text
    shown = re.sub(r"<[^>]+>", "", text)
    assert "create security integration external_oauth_custom" in shown
    assert f"external_oauth_audience_list = (&#39;{ACCOUNT}&#39;)" in shown
    assert here in (await ada.get(here.removesuffix("/tokens"))).text


async def test_it_is_made_by_the_form(rig: Rig, ada: Browser) -> None:
    form = (await ada.get("/integrations/new/external-oauth")).text
    for label in ("Audiences", "User claim", "Lifetime", "Scope attribute", "Any role"):
        assert label in form
    typed = {"name": "Warehouse", "description": "", "config.audiences": ACCOUNT, "config.lifetime": "59"}
    assert "whole number of seconds from 60 to 3600" in (await ada.post("/integrations/new/external-oauth", typed)).text
    await ada.told(await ada.post("/integrations/new/external-oauth", typed | {"config.lifetime": "120"}))
    [row] = await rig.services.integrations.all()
    assert (row.template, row.auth_type, row.config["lifetime"]) == ("external-oauth", "Viewer", "120")


async def test_the_mapping_is_filled_in(rig: Rig, ada: Browser, here: str) -> None:
    await rig.person("alice")
    for typed in ({"who": "", "roles": "PUBLIC"}, {"who": "alice", "roles": "ANALYST, LOADER", "login": "AL"}):
        assert notices(await ada.told(await ada.post(f"{here}/roles", typed)))[0].startswith("Done: Saved for")
    await ada.told(await ada.post(f"{here}/roles", {"who": "alice", "roles": "", "none": "true"}))
    text = (await ada.get(here)).text
    assert "No role, so no token" in text
    assert "Everybody else" in text
    assert text.count("<code>PUBLIC</code>") == 1
    guid = rig.people["alice"].guid
    await ada.told(await ada.post(f"{here}/roles/remove", {"kind": "user", "guid": guid}))
    assert "No role, so no token" not in (await ada.get(here)).text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"who": "nobody", "roles": "A"}, "who"),
        ({"who": "", "roles": ""}, "roles-typed"),
        ({"who": "", "roles": "A", "login": "x"}, "login"),
        ({"who": "", "roles": "*"}, "roles-typed"),
        ({"who": "x" * 300, "roles": "A"}, "who"),
    ],
)
async def test_what_is_wrong_with_an_entry_is_said_beside_it(
    ada: Browser, here: str, typed: dict[str, str], field: str
) -> None:
    reply = await ada.post(f"{here}/roles", typed)
    assert reply.status_code == 400
    assert set(problems(reply.text)) == {field}


async def test_a_token_is_looked_into(rig: Rig, ada: Browser, here: str) -> None:
    refused = await ada.post(f"{here}/inspect", {})
    assert refused.status_code == 400
    assert "No role at Warehouse is mapped to you." in refused.text
    await ada.post(f"{here}/roles", {"who": "", "roles": "PUBLIC"})
    text = (await ada.post(f"{here}/inspect", {})).text
    assert "It meets every requirement of a warehouse." in text
    assert "session:role:PUBLIC" in text
    assert "eyJ" not in text


async def test_keys_are_replaced(rig: Rig, ada: Browser, here: str) -> None:
    await ada.get(here)
    await ada.told(await ada.post(f"{here}/keys", {}))
    assert await states(rig) == ["active", "next"]
    text = (await ada.get(here)).text
    assert "external_oauth_rsa_public_key_2" in text
    [kid] = re.findall(r"/keys/([\w-]+)/use", text)
    await ada.told(await ada.post(f"{here}/keys/{kid}/use", {}))
    assert await states(rig) == ["old", "active"]
    in_use = await ada.told(await ada.post(f"{here}/keys/{kid}/remove", {}))
    assert notices(in_use)[0].startswith("Problem: This key is in use")
    [old] = re.findall(r"/keys/([\w-]+)/remove", (await ada.get(here)).text)
    await ada.told(await ada.post(f"{here}/keys/{old}/remove", {}))
    assert await states(rig) == ["active"]


async def test_others_have_an_inspector_and_no_keys(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    await rig.connect("ada", guid)
    here = f"/integrations/{guid}/tokens"
    text = (await ada.get(here)).text
    assert "Token inspector" in text
    assert "Signing keys" not in text
    assert "It is opaque." in (await ada.post(f"{here}/inspect", {})).text
    assert (await ada.post(f"{here}/keys", {})).status_code == 404


async def test_it_is_for_administrators(rig: Rig, here: str) -> None:
    priya = await rig.browser("priya", "publisher")
    assert (await priya.get(here)).status_code == 403
    for form in ("inspect", "roles", "roles/remove", "keys", "keys/x/use", "keys/x/remove"):
        assert (await priya.post(f"{here}/{form}", {})).status_code == 403
