"""The data API: whose rows, and which tokens open it."""

import pytest

SERVICE = ("tabard-service", "sandbox-service-secret")


async def rows(person, token):
    return await person.get("/api/rows", headers={"Authorization": f"Bearer {token}"})


async def test_whoami_says_everything_about_the_token(person):
    tokens = await person.tokens(scope="profile sales.read")
    assert (await person.whoami(tokens["access_token"])).json() == {
        "sub": "alice",
        "name": "Alice Archer",
        "email": "alice@example.org",
        "client_id": "tabard-viewer",
        "kind": "user",
        "scope": "profile sales.read",
        "expires_in": 3600,
    }


async def test_everyone_sees_rows_of_their_own(person):
    seen = {}
    for sub in ("alice", "bob", "carol"):
        body = (await rows(person, (await person.tokens(sub))["access_token"])).json()
        assert body["sub"] == sub
        assert len(body["rows"]) >= 36
        assert set(body["rows"][0]) == {"region", "product", "month", "units", "revenue"}
        seen[sub] = {row["region"] for row in body["rows"]}
    assert not seen["alice"] & seen["bob"]
    assert not seen["alice"] & seen["carol"]
    assert not seen["bob"] & seen["carol"]


async def test_the_service_sees_totals_only(person):
    got = await person.post("/token", data={"grant_type": "client_credentials"}, auth=SERVICE)
    body = (await rows(person, got.json()["access_token"])).json()
    alice = (await rows(person, (await person.tokens())["access_token"])).json()["rows"]
    assert {row["product"] for row in body["rows"]} == {"All products"}
    nordics = sum(row["revenue"] for row in body["rows"] if row["region"] == "Nordics")
    assert nordics == sum(row["revenue"] for row in alice if row["region"] == "Nordics")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}])
@pytest.mark.parametrize("path", ["/api/whoami", "/api/rows"])
async def test_no_token_no_answer(person, path, headers):
    answer = await person.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="sandbox"'


async def test_refresh_tokens_open_nothing(person):
    answer = await rows(person, (await person.tokens())["refresh_token"])
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_rows_need_the_scope(person):
    answer = await rows(person, (await person.tokens(scope="openid profile"))["access_token"])
    assert answer.status_code == 403
    assert answer.json()["error"] == "insufficient_scope"
