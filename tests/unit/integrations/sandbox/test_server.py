"""What the authorization server itself adds to its grants: families, narrowing, revocation and introspection."""

from tests.unit.integrations.sandbox.conftest import SERVICE, VIEWER


async def introspect(person, token, auth=VIEWER):
    return (await person.post("/introspect", data={"token": token}, auth=auth)).json()


async def test_a_refresh_may_narrow_the_access_token_and_never_the_refresh_token(person):
    first = await person.tokens(scope="profile sales.read")
    narrow = (await person.refresh(first["refresh_token"], scope="profile")).json()
    assert (await person.whoami(narrow["access_token"])).json()["scope"] == "profile"
    wide = (await person.refresh(narrow["refresh_token"])).json()
    assert (await person.whoami(wide["access_token"])).json()["scope"] == "profile sales.read"


async def test_a_refresh_token_takes_its_family_along_and_an_access_token_goes_alone(person):
    one, two = await person.tokens(), await person.tokens()
    for token in (one["access_token"], two["refresh_token"]):
        assert (await person.post("/revoke", data={"token": token}, auth=VIEWER)).status_code == 200
    assert (await person.whoami(one["access_token"])).status_code == 401
    assert (await person.refresh(one["refresh_token"])).status_code == 200
    assert (await person.whoami(two["access_token"])).status_code == 401
    assert (await person.refresh(two["refresh_token"])).status_code == 400


async def test_introspection_is_for_the_client_the_token_was_issued_to(person, clock):
    token = (await person.tokens(scope="profile"))["access_token"]
    seen = await introspect(person, token)
    assert seen == {
        "active": True, "client_id": "tabard-viewer", "token_type": "Bearer", "scope": "profile", "sub": "alice",
        "aud": "tabard-viewer", "iss": "http://localhost:3940", "iat": int(clock.now), "username": "alice",
        "exp": int(clock.now) + 3600,
    }  # fmt: skip
    assert await introspect(person, token, SERVICE) == {"active": False}
    assert await introspect(person, "unknown") == {"active": False}
    clock.now += 3600
    assert await introspect(person, token) == {"active": False}


async def test_a_service_account_has_no_person(person):
    got = await person.post("/token", data={"grant_type": "client_credentials"}, auth=SERVICE)
    seen = await introspect(person, got.json()["access_token"], SERVICE)
    assert (seen["sub"], "username" in seen) == ("tabard-service", False)
    assert "refresh_token" not in got.json()


async def test_the_issuer_is_among_what_the_browser_carries_back(person, pkce):
    back = await person.decide(await person.sign_in(person.request_for(pkce)))
    assert back["iss"] == "http://localhost:3940"
    assert back["state"] == "opaque-state"
