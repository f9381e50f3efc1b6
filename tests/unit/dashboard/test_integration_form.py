"""Integrations are made and changed by a form from template data, and tried before they are saved."""

import re

import pytest
from sqlmodel import Session, select

from dashboard.integration_form import guide, headings
from integrations.catalog import load
from server.db.models import Integration
from server.oauth import trial
from server.oauth.trial import Tried
from tests.unit.dashboard.rig import CUSTOM, Browser, Rig, notices


def posted(config: dict[str, str], name: str = "Warehouse", description: str = "") -> dict[str, str]:
    return {"name": name, "description": description} | {f"config.{key}": value for key, value in config.items()}


def problems(page: str) -> dict[str, str]:
    found = re.findall(r'class="field-problem" id="([\w-]+)-problem">.*?</span>(.*?)</span>', page, re.DOTALL)
    return {name.removeprefix("config-"): text.strip() for name, text in found}


@pytest.fixture
async def ada(rig: Rig) -> Browser:
    return await rig.browser("ada", "administrator")


async def test_made_by_the_form(rig: Rig, ada: Browser) -> None:
    reply = await ada.post("/integrations/new/custom", posted(CUSTOM, "Warehouse", "Rows"))
    assert notices(await ada.told(reply))[0].startswith("Done: Warehouse is ready.")
    [row] = await rig.services.integrations.all()
    assert (row.name, row.description, row.auth_type) == ("Warehouse", "Rows", "Viewer")
    assert row.config["token_uri"] == CUSTOM["token_uri"]
    assert rig.services.integrations.stored_secrets(row) == {"client_secret"}


async def test_everything_wrong_is_said_at_once_and_nothing_typed_is_lost(rig: Rig, ada: Browser) -> None:
    config = CUSTOM | {"token_uri": "nowhere", "client_id": ""}
    reply = await ada.post("/integrations/new/custom", posted(config, name="", description="Typed words"))
    assert reply.status_code == 400
    found = problems(reply.text)
    assert set(found) == {"name", "token-uri", "client-id"}
    assert found["client-id"] == "Client ID is required."
    assert found["token-uri"].startswith("Token address must")
    for kept in ("Typed words", "nowhere", CUSTOM["authorization_uri"]):
        assert f'value="{kept}"' in reply.text
    assert CUSTOM["client_secret"] not in reply.text
    assert await rig.services.integrations.all() == []


async def test_the_last_value_of_a_checkbox_counts(rig: Rig, ada: Browser) -> None:
    for ticked in (False, True):
        pairs = [*posted(CUSTOM).items(), ("config.use_pkce", "false")]
        pairs += [("config.use_pkce", "true")] if ticked else []
        await ada.told(await ada.post("/integrations/new/custom", pairs))
        assert (await rig.services.integrations.all())[-1].config["use_pkce"] is ticked


async def test_changing_keeps_the_secret_and_says_who_has_to_connect_again(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    await rig.browser("alice")
    await rig.connect("alice", guid)
    page = (await ada.get(f"/integrations/{guid}/settings")).text
    assert "1 person would have to connect again" in page
    assert "CANARY" not in page
    config = CUSTOM | {"client_secret": ""}
    reply = await ada.post(f"/integrations/{guid}/settings", posted(config, "Renamed"))
    assert notices(await ada.told(reply)) == ["Done: Saved."]
    reply = await ada.post(f"/integrations/{guid}/settings", posted(config | {"client_id": "other"}, "Renamed"))
    assert notices(await ada.told(reply)) == ["Done: Saved. 1 person has to connect again."]
    row = await rig.services.integrations.get(guid)
    assert row.name == "Renamed"
    secret = rig.services.integrations.client_config(row).client_secret
    assert secret is not None
    assert secret.reveal() == CUSTOM["client_secret"]


async def test_a_refused_change_keeps_the_saved_name_on_top(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    reply = await ada.post(
        f"/integrations/{guid}/settings", posted(CUSTOM | {"client_secret": "", "token_uri": ""}, name="")
    )
    assert set(problems(reply.text)) == {"name", "token-uri"}
    assert "<h1>Warehouse</h1>" in reply.text


async def test_every_template_draws_its_form(ada: Browser) -> None:
    for template in load().all():
        page = (await ada.get(f"/integrations/new/{template.key}")).text
        expected = {"connect": "max_role", "external-oauth": "user_attribute"}.get(template.key, "client_id")
        assert f'name="config.{expected}"' in page
        redirects = "http://localhost:3939/__oauth__/integrations/callback" in page
        assert redirects is not template.data.minted


def test_the_guide_of_each_type_shows_when_it_is_chosen() -> None:
    custom = load().get("custom")
    assert custom
    steps = guide(custom, "http://here/callback", "Service Account")
    assert {step.hidden for step in steps if '"Viewer"' in step.shown_when} == {True}
    assert {step.hidden for step in steps if '"Service Account"' in step.shown_when} == {False}
    assert "http://here/callback" not in [step.snippet for step in steps]
    assert headings(custom)["authorization_uri"] == ("Addresses", custom.data.sections[1].description)


@pytest.mark.parametrize(
    "path", ["/integrations/new/nothing", "/integrations/00000000-0000-0000-0000-000000000000/settings"]
)
async def test_what_is_not_there(ada: Browser, path: str) -> None:
    assert (await ada.get(path)).status_code == 404
    assert (await ada.post(path, posted(CUSTOM))).status_code == 404


async def test_the_end_of_the_secret_is_a_day(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    typed = posted(CUSTOM | {"client_secret": ""}) | {"secret_ends": "2027-01-31"}
    await ada.told(await ada.post(f"/integrations/{guid}/settings", typed))
    row = await rig.services.integrations.get(guid)
    assert f"{row.secret_expires_at:%Y-%m-%d %H:%M}" == "2027-01-31 23:59"
    assert 'value="2027-01-31"' in (await ada.get(f"/integrations/{guid}/settings")).text
    reply = await ada.post(f"/integrations/{guid}/settings", typed | {"secret_ends": "soon"})
    assert (reply.status_code, set(problems(reply.text))) == (400, {"ends"})
    await ada.told(await ada.post(f"/integrations/{guid}/settings", typed | {"secret_ends": ""}))
    assert (await rig.services.integrations.get(guid)).secret_expires_at is None


async def test_a_trial_saves_nothing_and_is_told_in_words(
    rig: Rig, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def answer(_client: object, config: object, redirect_uri: str) -> Tried:
        asked.append((config, redirect_uri))
        return Tried([True, None][len(asked) - 1], "So it went.")

    monkeypatch.setattr(trial, "tried", answer)
    reply = await ada.post("/integrations/new/custom/test", posted(CUSTOM))
    assert notices(reply.text) == ["Done: So it went."]
    assert await rig.services.integrations.all() == []
    assert asked[0][0].client_secret.reveal() == CUSTOM["client_secret"]
    guid = await rig.integration("Warehouse")
    reply = await ada.post(f"/integrations/{guid}/settings/test", posted(CUSTOM | {"client_secret": ""}))
    assert notices(reply.text) == ["Warning: So it went."]
    assert asked[1][0].client_secret.reveal() == CUSTOM["client_secret"]
    assert [event.data["result"] for event in await rig.events("try_oauth_integration")] == ["ok", "unclear"]
    # What is stored goes to no other address.
    elsewhere = CUSTOM | {"client_secret": "", "token_uri": "http://127.0.0.1:9/other"}
    reply = await ada.post(f"/integrations/{guid}/settings/test", posted(elsewhere))
    assert notices(reply.text) == ["Problem: Client secret is required."]
    assert len(asked) == 2
    assert "CANARY" not in reply.text


async def test_a_stored_secret_that_does_not_open_is_said(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")

    def damage(session: Session) -> None:
        row = session.exec(select(Integration)).one()
        row.sealed_secrets = b"damaged"
        session.add(row)

    await rig.services.db.write(damage)
    reply = await ada.post(f"/integrations/{guid}/settings/test", posted(CUSTOM))
    assert "cannot be opened" in notices(reply.text)[0]


async def test_switches_are_kept_and_move_the_redirect_address(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    page = (await ada.get(f"/integrations/{guid}/settings")).text
    assert f"/__oauth__/integrations/callback/{guid}" not in page
    ticked = [("own_callback", "false"), ("own_callback", "true"), ("one_account", "false")]
    sent = [*posted(CUSTOM | {"client_secret": ""}).items(), *ticked]
    await ada.told(await ada.post(f"/integrations/{guid}/settings", sent))
    row = await rig.services.integrations.get(guid)
    assert (row.own_callback, row.one_account) == (True, False)
    page = (await ada.get(f"/integrations/{guid}/settings")).text
    assert f"/__oauth__/integrations/callback/{guid}" in page
    # What the page hid is not sent, and stays.
    await ada.told(await ada.post(f"/integrations/{guid}/settings", posted(CUSTOM | {"client_secret": ""})))
    assert (await rig.services.integrations.get(guid)).own_callback
