"""The grants: who gets which token, and what ends it."""

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

PUBLIC_BACK = "https://app.example.org/cb"
SERVICE = ("tabard-service", "sandbox-service-secret")


def error_of(answer):
    assert answer.status_code in {400, 401}, answer.text
    return answer.json()["error"]


async def test_the_code_flow_gives_tokens_in_the_persons_name(person):
    tokens = await person.tokens("bob")
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["refresh_token"].startswith("sbx-refresh-")
    assert (await person.whoami(tokens["access_token"])).json()["sub"] == "bob"


async def test_token_answers_are_never_stored_by_caches(person, pkce):
    answer = await person.redeem(await person.code(pkce), pkce)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


async def test_a_wrong_verifier_is_refused(person, pkce):
    answer = await person.redeem(await person.code(pkce), pkce, code_verifier="x" * 60)
    assert error_of(answer) == "invalid_grant"


async def test_a_missing_verifier_is_refused(person, pkce):
    assert error_of(await person.redeem(await person.code(pkce), None)) == "invalid_request"


async def test_a_verifier_without_a_challenge_is_refused(person, pkce):
    await person.configure(require_pkce=False)
    assert error_of(await person.redeem(await person.code(None), pkce)) == "invalid_request"


async def test_pkce_can_be_left_out_where_the_client_may(person):
    await person.configure(require_pkce=False)
    assert (await person.redeem(await person.code(None), None)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
)
async def test_only_s256_challenges_are_taken(person, pkce, changes):
    from urllib.parse import parse_qs, urlsplit

    query = person.request_for(pkce, **changes)
    answer = await person.get("/authorize", params=query)
    assert answer.status_code == 303
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["error"] == ["invalid_request"]
    assert back["state"] == ["opaque-state"]


async def test_a_public_client_redeems_with_pkce_alone(person, pkce):
    code = await person.code(pkce, client_id="public-app", redirect_uri=PUBLIC_BACK)
    form = {"client_id": "public-app", "redirect_uri": PUBLIC_BACK}
    answer = await person.redeem(code, pkce, auth=None, **form)
    assert answer.status_code == 200, answer.text


async def test_a_confidential_client_cannot_pose_as_public(person, pkce):
    code = await person.code(pkce)
    assert error_of(await person.redeem(code, pkce, auth=None, client_id="tabard-viewer")) == "invalid_client"


async def test_the_secret_may_come_in_the_form(person, pkce):
    form = {"client_id": "tabard-viewer", "client_secret": "sandbox-viewer-secret"}
    assert (await person.redeem(await person.code(pkce), pkce, auth=None, **form)).status_code == 200


@pytest.mark.parametrize("auth", [("tabard-viewer", "wrong"), ("nobody", "x")])
async def test_a_wrong_secret_is_refused(person, pkce, auth):
    answer = await person.redeem(await person.code(pkce), pkce, auth=auth)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_a_code_belongs_to_its_client(person, pkce):
    code = await person.code(pkce)
    form = {"client_id": "public-app"}
    assert error_of(await person.redeem(code, pkce, auth=None, **form)) == "invalid_grant"


async def test_a_code_belongs_to_its_address(person, pkce):
    code = await person.code(pkce)
    answer = await person.redeem(code, pkce, redirect_uri="http://localhost:4000/__oauth__/integrations/callback")
    assert error_of(answer) == "invalid_grant"


async def test_a_code_runs_out_after_ten_minutes(person, pkce, clock):
    code = await person.code(pkce)
    clock.now += 600
    assert error_of(await person.redeem(code, pkce)) == "invalid_grant"


async def test_using_a_code_twice_takes_back_what_it_gave(person, pkce):
    code = await person.code(pkce)
    tokens = (await person.redeem(code, pkce)).json()
    assert error_of(await person.redeem(code, pkce)) == "invalid_grant"
    assert (await person.whoami(tokens["access_token"])).status_code == 401
    assert error_of(await person.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_an_access_token_lives_as_long_as_its_client_says(person, clock):
    await person.configure(access_lifetime=60)
    tokens = await person.tokens()
    assert tokens["expires_in"] == 60
    clock.now += 59
    assert (await person.whoami(tokens["access_token"])).json()["expires_in"] == 1
    clock.now += 1
    assert (await person.whoami(tokens["access_token"])).status_code == 401


async def test_a_refresh_token_can_run_out_too(person, clock):
    await person.configure(refresh_lifetime=100)
    tokens = await person.tokens()
    clock.now += 100
    assert error_of(await person.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_rotation_replaces_the_refresh_token(person):
    first = await person.tokens()
    second = (await person.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert error_of(await person.refresh(first["refresh_token"])) == "invalid_grant"
    third = await person.refresh(second["refresh_token"])
    assert (await person.whoami(third.json()["access_token"])).status_code == 200


async def test_without_rotation_the_refresh_token_stays(person):
    await person.configure(rotate_refresh=False)
    tokens = await person.tokens()
    for _ in range(2):
        answer = await person.refresh(tokens["refresh_token"])
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()


async def test_reuse_detection_ends_the_whole_family(person):
    await person.configure(reuse_detection=True)
    first = await person.tokens()
    second = (await person.refresh(first["refresh_token"])).json()
    assert error_of(await person.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(await person.refresh(second["refresh_token"])) == "invalid_grant"
    assert (await person.whoami(second["access_token"])).status_code == 401


async def test_reuse_by_another_client_ends_nothing(person):
    await person.configure(reuse_detection=True)
    first = await person.tokens()
    second = (await person.refresh(first["refresh_token"])).json()
    answer = await person.refresh(first["refresh_token"], auth=None, client_id="public-app")
    assert error_of(answer) == "invalid_grant"
    assert (await person.refresh(second["refresh_token"])).status_code == 200


async def test_a_refresh_may_narrow_the_scope_for_once_but_not_widen_it(person):
    tokens = await person.tokens(scope="profile sales.read")
    narrow = (await person.refresh(tokens["refresh_token"], scope="profile")).json()
    assert narrow["scope"] == "profile"
    again = (await person.refresh(narrow["refresh_token"])).json()
    assert again["scope"] == "profile sales.read"
    wide = await person.refresh(again["refresh_token"], scope="profile email")
    assert error_of(wide) == "invalid_scope"


async def test_refresh_tokens_can_be_withheld(person):
    await person.configure(issue_refresh=False)
    assert "refresh_token" not in await person.tokens()


async def test_refresh_tokens_carry_the_canary(person):
    await person.configure(refresh_prefix="CANARY-")
    tokens = await person.tokens()
    assert tokens["refresh_token"].startswith("CANARY-")


async def test_client_credentials_act_for_the_service_itself(person):
    answer = await person.post("/token", data={"grant_type": "client_credentials"}, auth=SERVICE)
    assert "refresh_token" not in answer.json()
    who = (await person.whoami(answer.json()["access_token"])).json()
    assert (who["kind"], who["sub"], who["email"]) == ("service", "tabard-service", None)


async def test_a_client_uses_only_its_grants_and_scopes(person):
    answer = await person.post(
        "/token", data={"grant_type": "client_credentials"}, auth=("tabard-viewer", "sandbox-viewer-secret")
    )
    assert error_of(answer) == "unauthorized_client"
    form = {"grant_type": "client_credentials", "scope": "email"}
    assert error_of(await person.post("/token", data=form, auth=SERVICE)) == "invalid_scope"
    form = {"grant_type": "password", "username": "alice", "password": "alice"}
    assert error_of(await person.post("/token", data=form, auth=SERVICE)) == "unauthorized_client"
    form = {"grant_type": "urn:example:unknown"}
    assert error_of(await person.post("/token", data=form, auth=SERVICE)) == "unsupported_grant_type"


async def test_the_id_token_says_who_and_is_signed_with_the_published_key(person, clock):
    tokens = await person.tokens("carol", nonce="n-1")
    keys = KeySet.import_key_set((await person.get("/jwks")).json())
    claims = jwt.decode(tokens["id_token"], keys, ["RS256"]).claims
    assert claims["iss"] == "http://localhost:3940"
    assert claims["aud"] == ["tabard-viewer"]
    assert (claims["sub"], claims["name"], claims["nonce"]) == ("carol", "Carol Castle", "n-1")
    assert claims["exp"] == clock.now + 3600
    assert set((await person.get("/jwks")).json()["keys"][0]) == {"kty", "use", "alg", "kid", "n", "e"}


async def test_without_openid_there_is_no_id_token(person):
    assert "id_token" not in await person.tokens(scope="sales.read")


EXTERNAL = ("tabard-external", "sandbox-external-secret")


async def test_seed_002s_request_for_a_token(person, clock):
    form = {"grant_type": "password", "username": "alice", "password": "alice", "scope": "session:role:analyst"}
    answer = (await person.post("/token", data=form, auth=EXTERNAL)).json()
    keys = KeySet.import_key_set((await person.get("/jwks")).json())
    claims = jwt.decode(answer["access_token"], keys, ["RS256"]).claims
    assert claims == {
        "iss": "http://localhost:3940", "aud": "https://sandbox.snowflakecomputing.example", "sub": "alice",
        "iat": int(clock.now), "nbf": int(clock.now), "exp": int(clock.now) + 3600, "jti": claims["jti"],
        "scp": ["session:role:analyst"], "upn": "alice@example.org",
    }  # fmt: skip
    assert "refresh_token" not in answer
    await person.configure("tabard-external", scope_claim="scope", scope_delimiter=" ", audience="https://other")
    answer = (await person.post("/token", data={**form, "username": "alice@example.org"}, auth=EXTERNAL)).json()
    claims = jwt.decode(answer["access_token"], keys, ["RS256"]).claims
    assert (claims["scope"], claims["aud"]) == ("session:role:analyst", "https://other")
    for wrong in ({"password": "x"}, {"username": "nobody"}):
        assert error_of(await person.post("/token", data={**form, **wrong}, auth=EXTERNAL)) == "invalid_request"
    assert error_of(await person.post("/token", data={**form, "scope": "email"}, auth=EXTERNAL)) == "invalid_scope"


async def test_a_replaced_refresh_token_works_for_its_grace_and_no_longer(person, clock):
    await person.configure(reuse_detection=True, rotation_grace=30)
    first = await person.tokens()
    for _ in range(2):
        assert (await person.refresh(first["refresh_token"])).status_code == 200
    clock.now += 30
    assert error_of(await person.refresh(first["refresh_token"])) == "invalid_grant"


async def test_a_refresh_may_end_older_access_tokens(person):
    await person.configure(old_access_dies=True)
    first = await person.tokens()
    second = (await person.refresh(first["refresh_token"])).json()
    assert (await person.whoami(first["access_token"])).status_code == 401
    assert (await person.whoami(second["access_token"])).status_code == 200


async def test_two_secrets_work_during_a_rotation(person):
    await person.configure("tabard-service", second_secret="newer")
    for secret in ("sandbox-service-secret", "newer"):
        answer = await person.post("/token", data={"grant_type": "client_credentials"}, auth=("tabard-service", secret))
        assert answer.status_code == 200


async def test_tokens_without_an_end(person):
    await person.configure(access_lifetime=None)
    tokens = await person.tokens()
    assert not {"expires_in", "refresh_token"} & tokens.keys()


async def test_an_id_token_comes_with_a_refresh_too(person):
    first = await person.tokens()
    second = (await person.refresh(first["refresh_token"])).json()
    keys = KeySet.import_key_set((await person.get("/jwks")).json())
    assert jwt.decode(second["id_token"], keys, ["RS256"]).claims["sub"] == "alice"
