"""The warehouse: each requirement of seed 002, held by a token that lacks it."""

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from integrations.sandbox.settings import SettingsError
from integrations.sandbox.warehouse import from_statement, from_values, public_key
from tests.unit.integrations.sandbox.conftest import ADMIN

KEY = RSAKey.generate_key(2048, {"kid": "k"})
OTHER = RSAKey.generate_key(2048)
BODY = "".join(KEY.as_pem(private=False).decode().splitlines()[1:-1])
STATEMENT = f"""create security integration external_oauth_custom
    type = external_oauth
    enabled = true
    external_oauth_type = custom
    external_oauth_issuer = 'https://tabard.example.com'
    external_oauth_rsa_public_key = '{BODY}'
    external_oauth_audience_list = ('https://one', 'https://two')
    external_oauth_token_user_mapping_claim = 'upn'
    external_oauth_snowflake_user_mapping_attribute = 'login_name';
"""


def signed(clock, key=KEY, alg="RS256", **claims):
    now = int(clock.now)
    body = {
        "iss": "https://tabard.example.com",
        "aud": "https://one",
        "iat": now,
        "exp": now + 3600,
        "scp": ["session:role:analyst"],
        "upn": "alice@example.org",
        **claims,
    }
    return jwt.encode({"alg": alg}, {name: value for name, value in body.items() if value is not None}, key, [alg])


@pytest.fixture
async def define(person):
    async def put(text=STATEMENT, **json):
        given = {"json": json} if json else {"content": text, "headers": {"Content-Type": "text/plain"}}
        headers = {**ADMIN, **given.pop("headers", {})}
        answer = await person.put("/admin/warehouse/external_oauth_custom", headers=headers, **given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    await put()
    return put


async def ask(person, token, **params):
    return await person.get("/warehouse/query", params=params, headers={"Authorization": f"Bearer {token}"})


async def failed(person, token, **params):
    answer = await ask(person, token, **params)
    assert answer.status_code == 401
    return {one["requirement"] for one in answer.json()["failed"]}


async def test_a_good_token_opens_its_users_rows_in_its_role(person, clock, define):
    answer = (await ask(person, signed(clock))).json()
    assert (answer["user"], answer["role"], len(answer["rows"])) == ("alice", "ANALYST", 108)
    assert (await ask(person, signed(clock, aud=["https://x", "https://two"], nbf=int(clock.now)))).status_code == 200
    assert (await person.get("/warehouse/query")).status_code == 401


@pytest.mark.parametrize(
    ("claims", "requirement"),
    [
        ({"iss": "https://TABARD.example.com"}, "iss"),
        ({"iss": "https://tabard.example.com/"}, "iss"),
        ({"aud": None}, "aud"),
        ({"aud": "https://ONE"}, "aud"),
        ({"iat": None}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"iat": 4_000_000_000}, "iat"),
        ({"exp": None}, "exp"),
        ({"exp": 1_800_000_000}, "exp"),
        ({"nbf": 4_000_000_000}, "nbf"),
        ({"upn": None}, "user"),
        ({"upn": "mallory@example.org"}, "user"),
        ({"scp": None}, "scope"),
        ({"scp": "session:role:analyst"}, "scope"),
        ({"scp": ["openid"]}, "scope"),
        ({"scp": ["session:role:sysadmin"]}, "role"),
        ({"scp": ["session:role:accountadmin"]}, "role"),
        ({"scp": ["SESSION:ROLE-ANY"]}, "role"),
    ],
)
async def test_each_requirement_that_is_not_met_is_named(person, clock, define, claims, requirement):
    assert await failed(person, signed(clock, **claims)) == {requirement}


async def test_who_signed_it(person, clock, define):
    assert await failed(person, signed(clock, OTHER)) == {"signature"}
    assert await failed(person, signed(clock, alg="PS256")) == {"alg"}
    assert await failed(person, "not.a.token") == {"format"}
    everything = await failed(person, signed(clock, OTHER, aud=None, upn=None, scp=None))
    assert everything == {"signature", "aud", "user", "scope"}
    checked = (await person.post("/warehouse/check", json={"token": signed(clock)})).json()
    assert checked == {"user": "alice", "role": "ANALYST", "failed": []}
    assert (await person.post("/warehouse/check", json=[])).status_code == 400


async def test_a_second_key_serves_during_a_rotation(person, clock, define):
    first = f"external_oauth_rsa_public_key = '{BODY}'"
    other = "".join(OTHER.as_pem(private=False).decode().splitlines()[1:-1])
    both = f"external_oauth_rsa_public_key = '{other}' external_oauth_rsa_public_key_2 = '{BODY}'"
    await define(STATEMENT.replace(first, both))
    assert (await ask(person, signed(clock))).status_code == 200
    assert (await ask(person, signed(clock, OTHER))).status_code == 200


async def test_scopes_in_one_text_with_a_delimiter(person, clock, define):
    extra = "external_oauth_scope_mapping_attribute = 'scope' external_oauth_scope_delimiter = ' ' external_oauth_aud"
    await define(STATEMENT.replace("external_oauth_aud", extra))
    assert (await ask(person, signed(clock, scp=None, scope="openid session:role:PUBLIC"))).json()["role"] == "PUBLIC"
    assert await failed(person, signed(clock, scp=None, scope="openid,session:role:PUBLIC")) == {"scope"}
    assert await failed(person, signed(clock)) == {"scope"}


async def test_any_role_modes(person, clock, define):
    token = signed(clock, scp=["SESSION:ROLE-ANY"])
    await define(STATEMENT.replace("enabled = true", "enabled = true external_oauth_any_role_mode = 'ENABLE'"))
    assert (await ask(person, token)).json()["role"] == "PUBLIC"
    assert (await ask(person, token, role="analyst")).json()["role"] == "ANALYST"
    assert await failed(person, token, role="sysadmin") == {"role"}
    assert await failed(person, signed(clock), role="public") == {"role"}
    privileged = STATEMENT.replace(
        "enabled = true", "enabled = true external_oauth_any_role_mode = 'ENABLE_FOR_PRIVILEGE'"
    )
    await define(privileged)
    assert await failed(person, token) == {"role"}
    where = "/admin/warehouse/external_oauth_custom/any-role"
    assert (await person.put(where, json={"roles": ["analyst"]}, headers=ADMIN)).status_code == 204
    assert (await ask(person, token, role="ANALYST")).status_code == 200


async def test_lists_of_roles_and_a_disabled_integration(person, clock, define):
    await define(STATEMENT.replace("enabled = true", "enabled = true external_oauth_allowed_roles_list = ('PUBLIC')"))
    assert await failed(person, signed(clock)) == {"role"}
    await define(STATEMENT.replace("enabled = true", "enabled = false"))
    assert await failed(person, signed(clock)) == {"iss"}


async def test_keys_from_a_key_set_and_users_by_e_mail(person, clock, define):
    state = person._transport.app.state.sandbox

    async def fetch(url):
        assert url == "https://tabard.example.com/jwks"
        return KeySet([KEY]).as_dict(private=False)

    object.__setattr__(state, "fetch", fetch)
    shown = await define(
        external_oauth_issuer="https://tabard.example.com",
        external_oauth_jws_keys_url="https://tabard.example.com/jwks",
        external_oauth_audience_list=["https://one"],
        external_oauth_token_user_mapping_claim=["email", "upn"],
        external_oauth_snowflake_user_mapping_attribute="email_address",
    )
    assert shown["jws_keys_url"] == ["https://tabard.example.com/jwks"]
    assert (await ask(person, signed(clock, upn=None, email="bob@example.org"))).json()["user"] == "bob"

    async def broken(url):
        raise ValueError

    object.__setattr__(state, "fetch", broken)
    assert await failed(person, signed(clock, upn=None, email="bob@example.org")) == {"keys", "signature"}


def test_the_statement_of_the_seed():
    made = from_statement(STATEMENT)
    assert (made.name, made.issuer, made.enabled) == ("external_oauth_custom", "https://tabard.example.com", True)
    assert made.audience_list == ("https://one", "https://two")
    assert from_statement(STATEMENT.replace("create security", "CREATE OR REPLACE SECURITY").upper().replace(
        BODY.upper(), BODY)).any_role_mode == "DISABLE"  # fmt: skip
    assert public_key(KEY.as_pem(private=False).decode()).as_dict() == public_key(BODY).as_dict()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("create security integration", "create table"), "create security integration"),
        (("type = external_oauth", "type = oauth"), "type must be external_oauth"),
        (("external_oauth_issuer", "external_oauth_colour"), "is not a property"),
        (("'https://tabard.example.com'", "''"), "issuer is missing"),
        ((BODY, ""), "Give external_oauth_rsa_public_key"),
        ((BODY, "AAAA"), "not an RSA public key"),
        (("'login_name'", "'shoe_size'"), "login_name or email_address"),
        (("enabled = true", "external_oauth_any_role_mode = 'SOME'"), "DISABLE, ENABLE or"),
        (("enabled = true", "external_oauth_scope_delimiter = '--'"), "one character"),
        (("enabled = true", "external_oauth_scope_mapping_attribute = 'scopes'"), "scp or scope"),
    ],
)
def test_statements_that_cannot_be(change, words):
    with pytest.raises(SettingsError, match=words):
        from_statement(STATEMENT.replace(*change))


def test_values_of_the_wrong_kind():
    with pytest.raises(SettingsError, match="a list of texts"):
        from_values("x", {"external_oauth_issuer": "i", "external_oauth_audience_list": 5})
    with pytest.raises(SettingsError, match="a text"):
        from_values("x", {"external_oauth_issuer": ["i"]})
