"""What an exchange mints: the claims, for whom, and that a change of anything behind it counts at once."""

import asyncio

import pytest
from sqlmodel import select

from server.db.models import AuditEvent, Content, User
from server.minting.policy import Entry
from tests.unit.server.minting.world import ACCOUNT, DEFAULT, World, told


async def test_an_exchange_mints_what_the_seed_asks_for(world):
    answer = await world.exchange()
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert 595 <= body["expires_in"] <= 600
    token = await world.verified(body["access_token"])
    claims = token.claims
    assert claims.keys() == {"iss", "aud", "sub", "upn", "scp", "iat", "exp", "jti"}
    assert claims["iss"] == f"http://localhost:3939/__oauth__/issuers/{world.integration.guid}"
    assert claims["aud"] == ACCOUNT
    assert (claims["sub"], claims["upn"]) == (world.alice.guid, "Alice")
    assert claims["scp"] == ["session:role:PUBLIC"]
    assert claims["exp"] - claims["iat"] == 600
    assert token.header == {"alg": "RS256", "typ": "JWT", "kid": (await world.jwks())[0]["kid"]}
    assert answer.headers["cache-control"] == "no-store"


async def test_every_choice_of_the_form_is_in_the_token(house):
    world = await World().build(
        house,
        DEFAULT,
        audiences="https://a.example.com, b c",
        scope_attribute="scope",
        scope_delimiter="space",
        user_claim="sub",
        user_attribute="email",
        lifetime="120",
        not_before="true",
        scopes="openid",
    )
    with house.change(User) as rows:
        for row in rows:
            row.email = f"{row.username}@example.org"
    claims = await world.claims()
    assert claims["aud"] == ["https://a.example.com", "b", "c"]
    assert claims["scope"] == "session:role:PUBLIC openid"
    assert claims["sub"] == "Alice@example.org"
    assert (claims["exp"] - claims["iat"], claims["nbf"]) == (120, claims["iat"])
    assert "scp" not in claims
    assert "upn" not in claims


async def test_each_viewer_gets_her_own(world):
    alices, bobs = await world.exchange(world.alice), await world.exchange(world.bob)
    assert alices.json()["access_token"] != bobs.json()["access_token"]
    assert (await world.claims(world.bob))["upn"] == "bob"
    assert (await world.claims(world.alice))["upn"] == "Alice"


async def test_a_token_is_given_again_while_it_lasts(world, house):
    first = (await world.exchange()).json()["access_token"]
    assert (await world.exchange()).json()["access_token"] == first
    assert (await world.exchange(min_ttl="500")).json()["access_token"] == first
    assert (await world.exchange(force_refresh="true")).json()["access_token"] != first
    house.time.ahead = 570
    later = await world.exchange()
    assert later.json()["access_token"] != first
    assert later.json()["expires_in"] > 590


async def test_nobody_needs_to_consent_and_nothing_is_stored(world, house):
    view = await house.directory.by_guid(world.app.guid)
    checked = await house.consent.check(world.alice.caller, view, await house.associations.for_content(world.app.guid))
    assert type(checked).__name__ == "Connected"
    await world.exchange()
    assert (await house.browser(key=world.alice.key).get("/__api__/v1/oauth/sessions")).json() == []
    browser = house.browser(world.alice.cookie)
    login = await browser.get(f"/__oauth__/integrations/{world.integration.guid}/login?content={world.app.guid}")
    assert login.status_code == 400
    assert world.integration.auth_type == "Viewer"


async def test_the_ledger_tells_of_every_token_without_holding_it(world, house):
    token = (await world.exchange()).json()["access_token"]
    await house.trail.aclose()
    issued = [row for row in house.rows(AuditEvent) if row.action == "issue_token"]
    assert len(issued) == 1
    (event,) = issued
    assert event.actor == "Alice"
    exchanged = next(row for row in house.rows(AuditEvent) if row.action == "exchange_credentials")
    assert event.data["token_hash"] == exchanged.data["token_hash"]
    assert event.data["role"] == "PUBLIC"
    assert token not in str([row.data for row in house.rows(AuditEvent)])


async def test_a_person_who_is_mapped_to_nothing_is_told_so(world):
    await world.map(Entry("user", world.bob.guid, ("ANALYST",)))
    answer = await world.exchange(world.alice)
    assert told(answer) == (403, 22)
    assert answer.json()["error"].startswith("No role at Warehouse is mapped to you.")
    assert (await world.claims(world.bob))["scp"] == ["session:role:ANALYST"]


async def test_changes_of_the_mapping_count_at_once(world):
    first = (await world.exchange()).json()["access_token"]
    await world.map(Entry("default", "", ("Other",)))
    second = (await world.exchange()).json()["access_token"]
    assert first != second
    assert (await world.claims())["scp"] == ["session:role:Other"]
    await world.map(Entry("default", "", ("Other",)), Entry("user", world.alice.guid, None, login="AWONDER"))
    assert (await world.claims())["upn"] == "AWONDER"
    await world.map()
    assert told(await world.exchange()) == (403, 22)


async def test_leaving_a_group_counts_at_once(world):
    team = await world.group("Team", world.alice)
    await world.map(Entry("group", team, ("ANALYST", "LOADER")), DEFAULT)
    assert (await world.claims())["scp"] == ["session:role:ANALYST"]
    await world.leave(team, world.alice)
    assert (await world.claims())["scp"] == ["session:role:PUBLIC"]


async def test_a_changed_setting_counts_at_once(world):
    await world.exchange()
    await world.configure(audiences="https://other.example.com", lifetime="60")
    claims = await world.claims()
    assert (claims["aud"], claims["exp"] - claims["iat"]) == ("https://other.example.com", 60)


async def test_without_association_or_access_there_is_no_token(world, house):
    await world.exchange()
    await house.associate(world.owner, world.app)
    assert told(await world.exchange()) == (400, 212)
    await house.associate(world.owner, world.app, world.integration)
    with house.change(Content) as rows:
        rows[0].access_type = "acl"
    house.directory.forget(world.app.guid)
    assert told(await world.exchange()) == (403, 19)
    with house.change(Content) as rows:
        rows[0].access_type = "all"
    house.directory.forget(world.app.guid)
    assert told(await world.exchange()) == (403, 237)


async def test_a_pinned_role_must_be_hers(world, house):
    await world.map(Entry("user", world.alice.guid, ("PUBLIC", "ANALYST")), DEFAULT)
    view = await house.directory.by_guid(world.app.guid)
    pins = {world.integration.guid: "ANALYST"}
    await house.associations.replace(world.owner.caller, view, [world.integration.guid], pins)

    async def role_for(_user: int, there, _content: str) -> str:
        return there.role

    house.sources.choose_roles(role_for)
    assert (await world.claims())["scp"] == ["session:role:ANALYST"]
    refused = await world.exchange(world.bob)
    assert told(refused) == (403, 22)
    assert refused.json()["error"] == (
        "You may not use the role ANALYST at Warehouse; what is mapped to you is: PUBLIC."
    )


async def test_a_person_without_the_attribute_is_told_so(house):
    world = await World().build(house, DEFAULT, user_attribute="email")
    answer = await world.exchange()
    assert told(answer) == (403, 22)
    assert "no email" in answer.json()["error"]


async def test_many_exchanges_at_once_tell_viewers_apart(world, house):
    people = [await house.person(f"person{number}") for number in range(8)]
    answers = await asyncio.gather(*(world.exchange(person) for person in people * 5))
    for person, answer in zip(people * 5, answers, strict=True):
        claims = (await world.verified(answer.json()["access_token"])).claims
        assert (claims["sub"], claims["upn"]) == (person.guid, person.caller.username)
    assert len({answer.json()["access_token"] for answer in answers}) == 8


@pytest.mark.parametrize("requested", ["urn:ietf:params:aws:token-type:credentials", "urn:posit:connect:api-key"])
async def test_it_gives_access_tokens_only(world, requested):
    assert told(await world.exchange(requested_token_type=requested)) == (400, 212)


async def test_a_damaged_key_is_an_administrators_business(world, house):
    from server.db.models import SigningKey

    await world.exchange()
    with house.change(SigningKey) as rows:
        rows[0].sealed_private = rows[0].sealed_private[:-1] + b"x"
    world.minting.keys._opened.clear()
    answer = await world.exchange(force_refresh="true")
    assert told(answer) == (502, 241)
    assert house.db.read_now(lambda s: s.exec(select(SigningKey)).one()).state == "active"


async def test_nobody_is_another_by_typing_her_address(house):
    world = await World().build(house, DEFAULT, user_attribute="email")
    for own in (False, True):
        with house.change(User) as rows:
            row = next(row for row in rows if row.id == world.alice.id)
            row.email, row.email_own = "bob@example.org", own
        if not own:
            assert (await world.claims())["upn"] == "bob@example.org"
    refused = await world.exchange()
    assert told(refused) == (403, 22)
    assert refused.json()["error"].startswith("You changed your e-mail address yourself")
    await world.map(DEFAULT, Entry("user", world.alice.guid, None, login="AWONDER"))
    assert (await world.claims())["upn"] == "AWONDER"
