"""One integration's page: health, Test, what came when connecting as oneself, two secrets, who may use it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from integrations.contract import Secret
from server.db.models import Connection
from server.oauth.integrations import Draft
from server.vault.errors import IntegrationBroken
from server.vault.outcomes import Outcome
from server.vault.tokens import Issued
from tests.unit.dashboard.rig import Browser, Rig, notices


@pytest.fixture
async def ada(rig: Rig) -> Browser:
    return await rig.browser("ada", "administrator")


async def test_testing_a_service_account(rig: Rig, ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    guid = await rig.integration("Robot", service=True)
    asked = []

    async def answer(integration_id: int, *, anew: bool) -> Issued:
        asked.append((integration_id, anew))
        if len(asked) > 1:
            raise IntegrationBroken("The provider refused the client secret.")
        return Issued(Secret("CANARY"), "Bearer", 3600, ())

    monkeypatch.setattr(rig.services.vault.service, "service_token", answer)
    for expected in (
        "Done: The test passed: it signed in as the service account. The token lives for 60 minutes.",
        "Problem: The test failed. The provider refused the client secret.",
    ):
        assert notices(await ada.told(await ada.post(f"/integrations/{guid}/test"))) == [expected]
    assert asked == [(1, True), (1, True)]
    assert [event.data["result"] for event in await rig.events("verify_oauth_integration")] == ["ok", "failed"]
    viewer = await rig.integration("Warehouse")
    monkeypatch.undo()
    assert "Only service accounts" in notices(await ada.told(await ada.post(f"/integrations/{viewer}/test")))[0]


async def test_what_came_when_connecting_as_oneself(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    page = (await ada.get(f"/integrations/{guid}")).text
    assert "Connect as me" in page
    connection = await rig.connect("ada", guid, "ada@sandbox")
    page = (await ada.get(f"/integrations/{guid}")).text
    assert "ada@sandbox" in page
    assert "for 60 minutes" in page or "for 2 hours" in page
    assert "By itself: a refresh token came" in page

    def without(session: Session) -> None:
        row = session.exec(select(Connection)).one()
        row.sealed_refresh, row.scopes, row.asked_scopes = None, "read", "read write"
        session.add(row)

    await rig.services.db.write(without)
    page = (await ada.get(f"/integrations/{guid}")).text
    assert "No refresh token found in the response." in page
    assert "<code>offline_access</code>" in page
    assert "Asked for and not granted: <code>write</code>" in page
    reply = await ada.post(f"/connections/{connection}/disconnect", {"next": f"/integrations/{guid}"})
    assert "Connect as me" in await ada.told(reply)


async def test_what_is_broken_says_why_on_top(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    recorder = rig.services.health.recorder
    recorder.note(Outcome(guid, "", "refresh", False, "invalid_client", "It refuses the secret.", skew=90.0))
    await recorder.flush()
    said = notices((await ada.get(f"/integrations/{guid}")).text)
    assert said[0].startswith("Problem: It does not work. It refuses the secret.")
    assert said[1] == "Warning: The provider's clock is 90 seconds ahead of this server's. Set both by NTP."


async def test_the_end_of_the_secret_is_announced(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    end = datetime.now(UTC) + timedelta(days=6, hours=1)
    await rig.services.integrations.change(
        ada.caller, guid, Draft(secret_expires_at=end, sent=frozenset({"secret_expires_at"}))
    )
    assert notices((await ada.get(f"/integrations/{guid}")).text)[0].startswith(
        "Warning: The client secret ends in 6 days."
    )


async def test_two_secrets(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    here, two = f"/integrations/{guid}", Draft(config={"second_client_secret": "CANARY-second"})
    assert "Two secrets" not in (await ada.get(here)).text
    for form, expected in (({"keep": "first"}, "forgotten"), ({}, "the only one now")):
        await rig.services.integrations.change(ada.caller, guid, two)
        page = (await ada.get(here)).text
        assert "Two secrets are stored" in page
        assert "CANARY" not in page
        assert expected in notices(await ada.told(await ada.post(f"{here}/rotate", form)))[0]
    assert notices(await ada.told(await ada.post(f"{here}/rotate")))[0].startswith("Problem: There is no second")
    row = await rig.services.integrations.get(guid)
    assert rig.services.integrations.opened_secrets(row) == {"client_secret": "CANARY-second"}


async def test_who_may_use_it(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    await rig.person("pat", "publisher")
    here = f"/integrations/{guid}"
    assert "everybody who publishes</strong> may" in (await ada.get(here)).text
    page = await ada.told(await ada.post(f"{here}/people", {"username": "pat"}))
    assert notices(page) == ["Done: Pat Example may use Warehouse now."]
    assert "Only these people and groups, and administrators." in page
    for typed, expected in (("pat", "may use it already"), ("nobody", "Nobody here has this"), ("", "Type a username")):
        reply = await ada.post(f"{here}/people", {"username": typed})
        assert reply.status_code == 400
        assert expected in reply.text
    entry = (await rig.services.integrations.get(guid)).permissions[0]["guid"]
    for _ in range(2):
        said = notices(await ada.told(await ada.post(f"{here}/people/{entry}/remove")))[0]
        assert "everybody who publishes may use it" in said
    assert (await rig.services.integrations.get(guid)).permissions == []


async def test_the_apps_that_use_it_are_listed(rig: Rig, ada: Browser) -> None:
    guid = await rig.integration("Warehouse")
    app = await rig.content("pat", "Sales")
    await rig.associate(app, guid)
    page = (await ada.get(f"/integrations/{guid}")).text
    assert "Used by 1 app" in page
    assert f'href="/apps/{app}/access"' in page


async def test_a_token_is_minted_for_oneself_and_judged(rig: Rig, ada: Browser) -> None:
    config = {"audiences": "https://acme.snowflakecomputing.com"}
    row = await rig.services.integrations.create(ada.caller, Draft("external-oauth", "Warehouse", "", config))
    here = f"/integrations/{row.guid}"
    page = (await ada.get(here)).text
    assert "Mint for me" in page
    assert "Last week" not in page
    said = notices(await ada.told(await ada.post(f"{here}/mint")))[0]
    assert said.startswith(("Problem: No token was signed for you.", "Done: A token was signed for you"))


async def test_only_administrators(rig: Rig) -> None:
    guid = await rig.integration("Warehouse")
    pat = await rig.browser("pat", "publisher")
    assert (await pat.get(f"/integrations/{guid}")).status_code == 403
    for act in ("test", "mint", "rotate", "people"):
        assert (await pat.post(f"/integrations/{guid}/{act}")).status_code == 403


async def test_what_is_not_there(ada: Browser) -> None:
    assert (await ada.get("/integrations/00000000-0000-0000-0000-000000000000")).status_code == 404
