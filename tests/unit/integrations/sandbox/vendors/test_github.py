"""GitHub: 200 with an error, forms and JSON, both old tokens dying, deletion, installation tokens."""

from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.unit.integrations.sandbox.conftest import ISSUER

AUTH = ("tabard-github", "sandbox-github-secret")


async def test_errors_come_with_status_200_and_githubs_codes(at):
    github = at("github")
    answer = await github.redeem("no-such-code")
    assert (answer.status_code, answer.json()["error"]) == (200, "bad_verification_code")
    answer = await github.refresh("ghr_unknown")
    assert (answer.status_code, answer.json()["error"]) == (200, "bad_refresh_token")
    answer = await github.token(grant_type="refresh_token", refresh_token="x", client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (200, "incorrect_client_credentials")


async def test_answers_are_forms_unless_json_is_asked_for(at):
    github = at("github", "tabard-github-classic")
    code = (await github.ask("repo read:user")).back["code"]
    answer = await github.redeem(code, headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("application/x-www-form-urlencoded")
    form = parse_qs(answer.text)
    assert form["scope"] == ["repo,read:user"]
    assert form["access_token"][0].startswith("gho_")
    assert not {"expires_in", "refresh_token"} & form.keys()


async def test_both_old_tokens_die_at_a_refresh(at):
    github = at("github")
    first = await github.connect()
    assert first["expires_in"] == 28_800
    assert first["scope"] == ""
    second = (await github.refresh(first["refresh_token"])).json()
    assert (await github.whoami(first["access_token"])).status_code == 401
    assert (await github.whoami(second["access_token"])).status_code == 200
    assert (await github.refresh(first["refresh_token"])).json()["error"] == "bad_refresh_token"
    assert (await github.refresh(second["refresh_token"])).json()["access_token"]


@pytest.mark.parametrize("what", ["token", "grant"])
async def test_deleting_a_token_and_a_grant(at, what):
    github = at("github")
    one, two, other = await github.connect(), await github.connect(), await github.connect(sub="bob")
    where = f"/v/github/applications/tabard-github/{what}"
    sent = {"json": {"access_token": one["access_token"]}, "auth": AUTH}
    assert (await github.http.request("DELETE", where, **{**sent, "auth": ("tabard-github", "x")})).status_code == 401
    assert (await github.http.request("DELETE", where, **sent)).status_code == 204
    assert (await github.http.request("DELETE", where, **sent)).status_code == 404
    alive = [(await github.whoami(tokens["access_token"])).status_code for tokens in (one, two, other)]
    assert alive == [401, 200 if what == "token" else 401, 200]
    assert (await github.refresh(one["refresh_token"])).json()["error"] == "bad_refresh_token"
    assert [entry["outcome"] for entry in (await github.admin("GET", "/log")).json()["revocations"]] == [
        "not_found", "ok", "not_found",
    ]  # fmt: skip


async def test_the_deletion_can_be_down(at):
    github = at("github")
    await github.set(fail_next=[{"kind": "unavailable", "endpoint": "revocation"}])
    where = "/v/github/applications/tabard-github/token"
    for status in (503, 404):
        answer = await github.http.request("DELETE", where, json={"access_token": "x"}, auth=AUTH)
        assert answer.status_code == status


async def test_the_app_checks_a_token_and_the_person_reads_the_profile(at):
    github = at("github")
    tokens = await github.connect()
    seen = await github.http.post(
        "/v/github/applications/tabard-github/token", json={"access_token": tokens["access_token"]}, auth=AUTH
    )
    assert seen.json()["user"]["login"] == "alice"
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await github.http.get("/v/github/user", headers=bearer)).json() == seen.json()["user"]


async def test_installation_tokens_for_a_jwt_of_the_apps_key(at, clock):
    github, key = at("github"), RSAKey.generate_key(2048)
    await github.set(public_key=key.as_pem(private=False).decode())
    now = int(clock.now)

    async def ask(**claims):
        token = jwt.encode({"alg": "RS256"}, {"iss": "3940", "iat": now - 60, "exp": now + 500, **claims}, key)
        where = "/v/github/app/installations/7/access_tokens"
        return await github.http.post(where, headers={"Authorization": f"Bearer {token}"})

    answer = await ask()
    assert answer.status_code == 201
    assert answer.json()["token"].startswith("ghs_")
    assert answer.json()["expires_at"].endswith("Z")
    assert (await ask(iss="other")).status_code == 401
    assert (await ask(exp=now + 3600)).status_code == 401
    assert (await ask(exp=now - 100)).status_code == 401
    key = RSAKey.generate_key(2048)
    assert (await ask()).status_code == 401
    assert ISSUER
