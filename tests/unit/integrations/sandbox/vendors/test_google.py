"""Google: when there is a refresh token, ticks, a hundred live tokens, and a revocation that ends everything."""

SCOPE = "openid email https://www.googleapis.com/auth/bigquery"
BIGQUERY = "https://www.googleapis.com/auth/bigquery"


async def test_a_refresh_token_comes_at_the_first_consent_only(at):
    google = at("google")
    first = await google.connect(SCOPE, access_type="offline")
    assert first["refresh_token"]
    again = await google.ask(SCOPE, access_type="offline")
    assert again.pages == []
    assert "refresh_token" not in (await google.redeem(again.back["code"])).json()
    forced = await google.ask(SCOPE, access_type="offline", prompt="consent")
    assert forced.pages == ["consent"]
    assert "refresh_token" in (await google.redeem(forced.back["code"])).json()


async def test_online_access_gives_none(at):
    assert "refresh_token" not in await at("google").connect(SCOPE, prompt="consent")


async def test_scopes_can_be_left_unticked(at):
    google = at("google")
    tokens = await google.connect(SCOPE, access_type="offline", untick=[BIGQUERY])
    assert tokens["scope"] == "openid https://www.googleapis.com/auth/userinfo.email"
    more = await google.ask(SCOPE, access_type="offline")
    assert more.pages == ["consent"]
    assert BIGQUERY in (await google.redeem(more.back["code"])).json()["scope"]


async def test_the_hundred_and_first_token_ends_the_oldest(at):
    google = at("google")
    await google.set(live_grants=3)
    made = [await google.connect(SCOPE, access_type="offline", prompt="consent") for _ in range(4)]
    alive = [(await google.refresh(tokens["refresh_token"])).status_code for tokens in made]
    assert alive == [400, 200, 200, 200]


async def test_a_revocation_ends_all_of_a_persons_tokens_at_the_client(at):
    google = at("google")
    made = [await google.connect(SCOPE, access_type="offline", prompt="consent") for _ in range(2)]
    others = await google.connect(SCOPE, sub="bob", access_type="offline", prompt="consent select_account")
    for status in (200, 400):
        answer = await google.http.post("/v/google/revoke", data={"token": made[0]["access_token"]})
        assert answer.status_code == status
    assert answer.json()["error"] == "invalid_token"
    alive = [(await google.whoami(tokens["access_token"])).status_code for tokens in (*made, others)]
    assert alive == [401, 401, 200]
    again = await google.ask(SCOPE, access_type="offline", prompt="select_account")
    assert again.pages == ["sign in", "consent"]


async def test_a_session_policy_speaks_of_rapt(at):
    google = at("google")
    tokens = await google.connect(SCOPE, access_type="offline")
    error = {"error": "invalid_grant", "error_subtype": "invalid_rapt"}
    await google.set(fail_next=[{"kind": "oauth_error", "value": error}])
    answer = (await google.refresh(tokens["refresh_token"])).json()
    assert (answer["error"], answer["error_subtype"]) == ("invalid_grant", "invalid_rapt")
