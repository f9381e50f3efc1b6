"""Salesforce: what its answers lack and carry, the five approvals, optional rotation, and the identity address."""


async def test_the_answer_has_no_lifetime_but_the_orgs_address(at, clock):
    salesforce = at("salesforce")
    tokens = await salesforce.connect("api refresh_token openid")
    assert "expires_in" not in tokens
    assert tokens["instance_url"] == "https://sandbox-org.my.salesforce.com"
    assert tokens["issued_at"] == str(int(clock.now * 1000))
    path = tokens["id"].removeprefix("http://localhost:3940")
    who = await salesforce.http.get(path, headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert who.json()["email"] == "alice@example.org"


async def test_the_lifetime_is_found_by_introspection(at):
    salesforce = at("salesforce")
    tokens = await salesforce.connect("api refresh_token")
    auth = ("tabard-salesforce", "sandbox-salesforce-secret")
    form = {"token": tokens["access_token"]}
    seen = (await salesforce.http.post("/v/salesforce/services/oauth2/introspect", data=form, auth=auth)).json()
    assert seen["exp"] - seen["iat"] == 7200


async def test_the_sixth_approval_ends_the_oldest(at):
    salesforce = at("salesforce")
    others = await salesforce.connect("api refresh_token", sub="bob")
    made = [await salesforce.connect("api refresh_token") for _ in range(6)]
    alive = [(await salesforce.refresh(tokens["refresh_token"])).status_code for tokens in (*made, others)]
    assert alive == [400, 200, 200, 200, 200, 200, 200]


async def test_full_alone_gives_no_refresh_token_and_rotation_is_a_switch(at):
    salesforce = at("salesforce")
    assert "refresh_token" not in await salesforce.connect("full")
    tokens = await salesforce.connect("full refresh_token")
    assert "refresh_token" not in (await salesforce.refresh(tokens["refresh_token"])).json()
    await salesforce.set(rotate_refresh=True)
    assert (await salesforce.refresh(tokens["refresh_token"])).json()["refresh_token"]
    assert (await salesforce.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
