"""What single vendors do differently, and what becomes of it here (vendors.md 5.2)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from integrations import catalog
from integrations.contract import AuthType
from integrations.sandbox.settings import person_changed
from integrations.sandbox.tokens import Family
from server.db.models import Connection
from tests.conformance.vendor_world import World

Build = Callable[..., Awaitable[World]]
BIGQUERY = "https://www.googleapis.com/auth/bigquery"


@pytest.fixture
async def build(tmp_path: Path) -> AsyncIterator[Build]:
    made: list[World] = []

    async def build(key: str, auth_type: AuthType = "Viewer", **config: str) -> World:
        template = catalog.load().get(key)
        assert template is not None
        made.append(await World().build(tmp_path, template, auth_type, **config))
        return made[-1]

    yield build
    for world in made:
        await world.aclose()


async def test_google_is_forced_to_ask_only_while_we_hold_no_refresh_token(build: Build):
    """Connecting again asks nothing and brings no refresh token: the one that is held goes on working."""
    world = await build("bigquery")
    assert "consent" in (await world.connect()).pages
    assert (await world.connect()).pages == []
    world.expire()
    assert (await world.opens(await world.token()) or {})["sub"] == "alice"
    world.sandbox.state.store.revoke_where(world.client_id, "alice")
    world.expire()
    assert (await world.exchange()).status_code == 400
    assert "consent" in (await world.connect()).pages
    world.expire()
    assert await world.opens(await world.token())


async def test_google_lets_people_leave_scopes_out_and_the_app_hears_which(build: Build):
    world = await build("bigquery", scopes=f"openid {BIGQUERY}")
    walked, _ = await world.consent(untick=[BIGQUERY])
    assert "consent" in walked.pages
    answer = await world.exchange()
    assert answer.status_code == 400, answer.text
    assert BIGQUERY in answer.text
    assert "consent_url" in answer.json()["payload"]
    await world.connect()
    assert (await world.exchange()).status_code == 200


async def test_google_revokes_everything_so_another_consent_is_not_revoked_by_ours(build: Build):
    """Consenting anew never sends the old tokens to be revoked: at Google that would end the new ones."""
    world = await build("bigquery")
    await world.connect()
    await world.connect()
    world.expire()
    assert await world.opens(await world.token())
    assert world.sandbox.state.ledger.listed("revocation") == []


async def test_salesforces_address_comes_with_each_token(build: Build):
    world = await build("salesforce")
    await world.connect()
    for _ in range(2):
        answer = (await world.exchange()).json()
        assert answer["instance_url"] == "https://sandbox-org.my.salesforce.com"
        assert answer["expires_in"] <= 900
        world.expire()


async def test_salesforces_sixth_approval_is_not_ours(build: Build):
    """Renewals are no approvals; five consents elsewhere end ours, and the viewer is asked again."""
    world = await build("salesforce")
    await world.connect()
    for _ in range(6):
        world.expire()
        await world.token()
    store = world.sandbox.state.store
    assert len(store.live(world.client_id, "alice")) == 1
    for _ in range(5):
        store.begin(Family(world.client_id, "alice"), 5)
    world.expire()
    assert (await world.exchange()).status_code == 400


async def test_databricks_refuses_tokens_early_and_never_gets_such_a_one(build: Build):
    world = await build("databricks")
    await world.connect()
    world.later(world.lifetime - 45)
    token = await world.token()
    assert world.calls("refresh_token") == 1
    world.later(5)
    assert await world.opens(token)


async def test_entras_refresh_says_its_scope_and_gets_one_resource(build: Build):
    world = await build("azure")
    await world.connect()
    world.expire()
    await world.token()
    entry = world.sandbox.state.ledger.listed("token")[-1]
    assert (entry["grant_type"], entry["outcome"]) == ("refresh_token", "ok")


async def test_entras_wish_to_see_the_person_is_a_new_consent_and_no_error_page(build: Build):
    world = await build("azure")
    await world.connect()
    world.expire()
    world.fault(kind="oauth_error", value="interaction_required")
    answer = await world.exchange()
    assert answer.status_code == 400
    assert "consent_url" in answer.json()["payload"]


async def test_githubs_classic_apps_give_tokens_that_do_not_end(build: Build):
    world = await build("github")
    world.set(access_lifetime=None)
    await world.connect()
    token = await world.token()
    world.later(300 * 86_400)
    assert await world.token() == token
    assert await world.opens(token)
    assert world.calls() == 1


async def test_githubs_answers_are_read_as_forms_too(build: Build):
    world = await build("github")
    body = "access_token=ghu_form&token_type=bearer&scope="
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await world.connect()
    world.expire()
    world.fault(kind="answer", value={"status": 200, "body": body, "headers": form})
    assert (await world.exchange()).json()["access_token"] == "ghu_form"


async def test_snowflakes_old_access_tokens_die_so_all_apps_get_the_newest(build: Build):
    world = await build("snowflake")
    await world.connect()
    old = await world.token()
    world.later(545)
    new = await world.token()
    assert await world.opens(old) is None
    assert [await world.token() for _ in range(3)] == [new] * 3
    assert await world.opens(new)
    assert world.calls("refresh_token") == 1


@pytest.mark.parametrize("role", ["SYSADMIN", "analyst"])
async def test_snowflakes_blocked_and_ungranted_roles_end_on_a_page(build: Build, role: str):
    world = await build("snowflake")
    walked, answer = await world.consent(role=role)
    assert walked.back["error"] == "invalid_scope"
    assert answer.status_code in {400, 403}
    assert "text/html" in answer.headers["content-type"]
    assert role in answer.text
    assert world.calls() == 0


async def test_a_blocked_default_role_ends_on_a_page_too(build: Build):
    world = await build("snowflake")
    users = world.sandbox.state.users
    users.put(person_changed(users.get("alice"), {"roles": ["ACCOUNTADMIN"], "default_role": "ACCOUNTADMIN"}))
    walked, answer = await world.consent()
    assert walked.back["error"] == "invalid_scope"
    assert answer.status_code in {400, 403}
    assert "text/html" in answer.headers["content-type"]
    assert (await world.exchange()).status_code == 404


async def test_a_person_picks_a_role_and_each_is_a_connection_of_its_own(build: Build):
    world = await build("snowflake")
    await world.connect(role="ANALYST")
    assert (await world.opens(await world.token()) or {})["role"] == "ANALYST"
    await world.connect(role="PUBLIC")
    assert (await world.opens(await world.token()) or {})["role"] == "PUBLIC"
    assert {row.role_key for row in world.house.rows(Connection)} == {"ANALYST", "PUBLIC"}
    world.expire()
    assert (await world.opens(await world.token()) or {})["role"] == "PUBLIC"
    assert world.audit()["reused"] == 0


async def test_snowflakes_role_is_that_of_the_scope(build: Build):
    world = await build("snowflake", scopes="refresh_token session:role:ANALYST")
    await world.connect()
    assert (await world.opens(await world.token()) or {})["role"] == "ANALYST"
    assert (await world.connect()).pages == ["sign in"]


async def test_oktas_grace_saves_a_lost_answer(build: Build):
    """Where a replaced refresh token works a little longer, one retry brings the connection back."""
    world = await build("custom")
    world.set(rotation_grace=300.0)
    await world.connect()
    world.expire()
    world.fault(kind="lost_answer")
    assert (await world.exchange()).status_code == 503
    world.later(60)
    assert await world.opens(await world.token())
    assert world.audit()["families_revoked"] == 0


async def test_another_persons_id_token_at_a_renewal_is_refused(build: Build):
    """T-36: tokens of somebody else are never handed out in this viewer's name."""
    world = await build("custom", scopes="openid offline_access")
    await world.connect()
    await world.token()
    world.expire()
    world.fault(kind="other_person")
    answer = await world.exchange()
    assert answer.status_code == 400, answer.text
    assert world.connection().status == "reauth_required"


@pytest.mark.parametrize(("iss", "status"), [("right", 303), ("wrong", 400), ("twice", 400)])
async def test_an_answer_of_another_issuer_is_refused(build: Build, iss: str, status: int):
    world = await build("custom", issuer="https://provider.example.com")
    world.set(iss=iss)
    _, answer = await world.consent()
    assert answer.status_code == status
    assert world.calls() == (1 if status == 303 else 0)


async def test_an_answer_without_issuer_is_refused_where_the_provider_says_it_always_names_itself(build: Build):
    issuer = {"issuer": "https://provider.example.com", "issuer_in_response": "true"}
    world = await build("oidc", **issuer)
    world.set(iss="missing")
    _, answer = await world.consent()
    assert answer.status_code == 400
    assert world.calls() == 0
    world.set(iss="right")
    await world.connect()


async def test_a_secret_can_be_rotated_while_two_are_known(build: Build):
    world = await build("custom", second_client_secret="the-next-one")
    await world.connect()
    world.set(secret="the-next-one")
    world.expire()
    assert await world.opens(await world.token())


async def test_ten_minute_tokens_are_renewed_once_each_time(build: Build):
    world = await build("snowflake")
    await world.connect()
    for _ in range(20):
        world.later(545)
        assert await world.opens(await world.token())
    assert world.audit() == {"refreshes": 20, "reused": 0, "families_revoked": 0}


ISSUERS = [
    ("https://acme.okta.com", {}),
    ("https://acme.okta.com/oauth2/aus1", {}),
    ("https://acme.auth0.com/", {"audience": "https://api.example.com"}),
    ("https://sso.example.com/realms/main", {}),
]


@pytest.mark.parametrize(("issuer", "more"), ISSUERS)
async def test_an_issuer_is_enough_for_okta_auth0_and_keycloak(build: Build, issuer: str, more: dict[str, str]):
    world = await build("oidc", issuer=issuer, scopes="openid offline_access", **more)
    assert world.config.token_uri.startswith(issuer.rstrip("/"))
    await world.connect()
    for _ in range(2):
        assert (await world.opens(await world.token()) or {})["sub"] == "alice"
        world.expire()
    await world.token()
    assert world.audit() == {"refreshes": 2, "reused": 0, "families_revoked": 0}


async def test_a_discovery_document_that_changes_later_moves_nothing(build: Build):
    world = await build("oidc", issuer="https://acme.okta.com", scopes="openid offline_access")
    await world.connect()
    world.sandbox.vendors["okta"].state.discovery["token_endpoint"] = "https://evil.example.com/token"
    world.expire()
    await world.token()
    assert "evil.example.com" not in world.outside.network.hosts
