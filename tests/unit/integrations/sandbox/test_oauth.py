"""The endpoints clients call: revocation, introspection, discovery, userinfo, faults and the log of requests."""

import base64

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from integrations.sandbox.oauth import provider_metadata
from integrations.sandbox.tokens import digest

VIEWER = ("tabard-viewer", "sandbox-viewer-secret")
SERVICE = ("tabard-service", "sandbox-service-secret")


async def test_revoking_a_refresh_token_ends_everything_of_the_consent(person):
    tokens = await person.tokens()
    answer = await person.post("/revoke", data={"token": tokens["refresh_token"]}, auth=VIEWER)
    assert answer.status_code == 200
    assert (await person.whoami(tokens["access_token"])).status_code == 401
    assert (await person.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    (entry,) = (await person.log())["revocations"]
    assert entry["refresh_sha256"] == digest(tokens["refresh_token"])[:16]


async def test_revoking_an_access_token_leaves_the_refresh_token(person):
    tokens = await person.tokens()
    form = {"token": tokens["access_token"], "token_type_hint": "refresh_token"}
    await person.post("/revoke", data=form, auth=VIEWER)
    assert (await person.whoami(tokens["access_token"])).status_code == 401
    assert (await person.refresh(tokens["refresh_token"])).status_code == 200


async def test_revoking_needs_the_client_and_forgives_unknown_tokens(person):
    assert (await person.post("/revoke", data={"token": "x"}, auth=("tabard-viewer", "no"))).status_code == 401
    assert (await person.post("/revoke", data={"token": "x"}, auth=VIEWER)).status_code == 200


async def test_a_client_cannot_revoke_anothers_token(person):
    tokens = await person.tokens()
    answer = await person.post("/revoke", data={"token": tokens["refresh_token"]}, auth=SERVICE)
    assert answer.status_code == 400
    assert (await person.whoami(tokens["access_token"])).status_code == 200


async def test_introspection_says_what_a_token_is(person, clock):
    tokens = await person.tokens()
    body = (await person.post("/introspect", data={"token": tokens["access_token"]}, auth=VIEWER)).json()
    assert (body["active"], body["username"], body["exp"]) == (True, "alice", int(clock.now) + 3600)
    kept = (await person.post("/introspect", data={"token": tokens["refresh_token"]}, auth=VIEWER)).json()
    assert kept["active"] is True
    assert "exp" not in kept


async def test_introspection_hides_other_clients_tokens_and_ended_ones(person, clock):
    tokens = await person.tokens()
    form = {"token": tokens["access_token"]}
    assert (await person.post("/introspect", data=form, auth=SERVICE)).json() == {"active": False}
    clock.now += 3600
    assert (await person.post("/introspect", data=form, auth=VIEWER)).json() == {"active": False}
    assert (await person.post("/introspect", data=form)).status_code == 401


@pytest.mark.parametrize("path", ["openid-configuration", "oauth-authorization-server"])
async def test_discovery_names_every_endpoint(person, path):
    document = (await person.get(f"/.well-known/{path}")).json()
    AuthorizationServerMetadata(document).validate()
    assert document["issuer"] == "http://localhost:3940"
    assert document == provider_metadata("http://localhost:3940")


async def test_userinfo_follows_the_scope(person):
    full = await person.tokens()
    narrow = await person.tokens(scope="openid")
    none = await person.tokens(scope="sales.read")
    asked = [
        await person.get("/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        for tokens in (full, narrow, none)
    ]
    assert asked[0].json()["email"] == "alice@example.org"
    assert asked[1].json() == {"sub": "alice"}
    assert asked[2].status_code == 403


@pytest.mark.parametrize(
    ("kind", "status"), [("server_error", 500), ("unavailable", 503), ("rate_limited", 429), ("not_json", 200)]
)
async def test_faults_strike_as_often_as_scripted_and_spare_the_token(person, kind, status):
    tokens = await person.tokens()
    await person.configure(fail_next=[{"kind": kind, "times": 2}])
    for _ in range(2):
        answer = await person.refresh(tokens["refresh_token"])
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert ("retry-after" in answer.headers) == (status in {429, 503})
    assert (await person.refresh(tokens["refresh_token"])).status_code == 200
    outcomes = [entry["outcome"] for entry in (await person.log())["requests"]]
    assert outcomes == ["ok", f"fault:{kind}", f"fault:{kind}", "ok"]


async def test_a_fault_may_wait_for_one_grant(person):
    await person.configure(fail_next=[{"kind": "invalid_grant", "grant_type": "refresh_token"}])
    tokens = await person.tokens()
    assert (await person.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await person.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_lost_answer_has_rotated_all_the_same(person):
    tokens = await person.tokens()
    await person.configure(fail_next=["lost_answer"])
    lost = await person.refresh(tokens["refresh_token"])
    assert (lost.status_code, lost.content) == (502, b"")
    assert (await person.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_parts_of_an_answer_can_be_left_out(person):
    await person.configure(omit_expires_in=True)
    tokens = await person.tokens()
    assert "expires_in" not in tokens
    await person.configure(omit_expires_in=False, fail_next=["omit_expires_in", "omit_refresh_token"])
    first = (await person.refresh(tokens["refresh_token"])).json()
    assert "expires_in" not in first
    second = (await person.refresh(first["refresh_token"])).json()
    assert "refresh_token" not in second
    assert "expires_in" in second


async def test_the_delay_is_kept(person, monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    await person.configure(token_delay=0.25)
    monkeypatch.setattr("integrations.sandbox.oauth.asyncio.sleep", sleep)
    await person.tokens()
    assert waited == [0.25]


async def test_the_log_tells_tokens_apart_without_telling_them(person):
    tokens = await person.tokens()
    await person.refresh(tokens["refresh_token"])
    await person.refresh("made-up")
    log = await person.log()
    first, second, third = log["requests"]
    assert first["issued_refresh_sha256"] == second["refresh_sha256"] == digest(tokens["refresh_token"])[:16]
    assert (second["sub"], second["client_id"], second["grant_type"]) == ("alice", "tabard-viewer", "refresh_token")
    assert third["outcome"] == "invalid_grant"
    assert tokens["refresh_token"] not in str(log)


async def test_forms_that_are_not_forms_are_refused(person):
    assert (await person.post("/token", json={"grant_type": "refresh_token"})).json()["error"] == "invalid_request"
    twice = b"grant_type=client_credentials&grant_type=refresh_token"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await person.post("/token", content=twice, headers=kind)).status_code == 400
    assert (await person.post("/token", content=b"a=" + b"x" * 70_000, headers=kind)).status_code == 400
    assert (await person.post("/token", content=b"a=%ff", headers=kind)).status_code == 400
    bad = kind | {"Authorization": "Basic " + base64.b64encode(b"\xff:\xfe").decode()}
    assert (await person.post("/token", content=b"grant_type=client_credentials", headers=bad)).status_code == 401


async def test_parameters_in_the_address_do_not_count(person):
    answer = await person.post("/token?grant_type=client_credentials", data={"a": "b"}, auth=SERVICE)
    assert answer.json()["error"] == "unsupported_grant_type"
