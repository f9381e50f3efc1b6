"""The pages: signing in, agreeing, declining, and requests that cannot go on."""

from urllib.parse import parse_qs, urlsplit

import pytest


def carried(answer):
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def test_a_stranger_is_asked_to_sign_in_and_told_for_whom(person, pkce):
    page = await person.get("/authorize", params=person.request_for(pkce))
    assert page.status_code == 200
    assert "to continue to <strong>Tabard</strong>" in page.text
    assert "Continue as Alice" in page.text


async def test_consent_names_client_person_and_scopes_in_words(person, pkce):
    page = await person.get(await person.sign_in(person.request_for(pkce)))
    for words in ("Tabard", "Alice Archer", "See your name", "Read the sales figures", "localhost:3939"):
        assert words in page.text
    assert "sales.read</span>" not in page.text


async def test_the_code_comes_back_with_state_and_issuer(person, pkce):
    back = await person.decide(await person.sign_in(person.request_for(pkce)))
    assert (back["state"], back["iss"]) == ("opaque-state", "http://localhost:3940")
    assert back["code"]


async def test_declining_is_told_to_the_client(person, pkce):
    back = await person.decide(await person.sign_in(person.request_for(pkce)), "decline")
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "opaque-state", "http://localhost:3940")


async def test_a_second_consent_does_not_ask_who_you_are(person, pkce):
    await person.code(pkce)
    page = await person.get("/authorize", params=person.request_for(pkce))
    assert "Allow" in page.text
    assert "Continue as" not in page.text


async def test_prompt_login_asks_again_once(person, pkce):
    query = person.request_for(pkce, prompt="login")
    await person.sign_in(person.request_for(pkce))
    assert "Continue as Bob" in (await person.get("/authorize", params=query)).text
    back = await person.decide(await person.sign_in(query, "bob"))
    answer = await person.redeem(back["code"], pkce)
    assert (await person.whoami(answer.json()["access_token"])).json()["sub"] == "bob"


async def test_prompt_none_never_shows_a_page(person, pkce):
    query = person.request_for(pkce, prompt="none")
    assert carried(await person.get("/authorize", params=query))["error"] == "login_required"
    await person.sign_in(person.request_for(pkce))
    assert carried(await person.get("/authorize", params=query))["error"] == "consent_required"


async def test_a_password_signs_in(person):
    answer = await person.post("/signin", data={"username": " Bob ", "password": "bob"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Bob Baker" in (await person.get("/")).text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("sandbox_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize("form", [{"username": "bob", "password": "no"}, {"username": "x", "password": "x"}, {}])
async def test_a_wrong_password_says_so_and_keeps_the_request(person, form):
    answer = await person.post("/signin", data={"next": "client_id=tabard-viewer", **form})
    assert answer.status_code == 401
    assert "do not fit together" in answer.text
    assert 'value="client_id=tabard-viewer"' in answer.text
    assert "set-cookie" not in answer.headers


async def test_signing_out_asks_the_next_person(person, pkce):
    query = person.request_for(pkce)
    address = await person.sign_in(query)
    answer = await person.post("/signout", data={"next": urlsplit(address).query})
    assert "Continue as" in (await person.get(answer.headers["location"])).text


async def test_a_decision_without_the_pages_key_counts_for_nothing(person, pkce):
    address = await person.sign_in(person.request_for(pkce))
    answer = await person.post(address, data={"decision": "allow"})
    assert answer.status_code == 403
    assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/signin", "/signout"])
async def test_forms_from_elsewhere_are_refused(person, path):
    answer = await person.post(path, data={"continue_as": "alice"}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"redirect_uri": "http://evil.example/cb"},
        {"redirect_uri": 'http://evil.example/"quoted"'},
        {"client_id": "nobody", "response_type": 'to"ken'},
    ],
)
async def test_a_request_whose_address_is_not_trusted_ends_on_a_page(person, pkce, changes):
    answer = await person.get("/authorize", params=person.request_for(pkce, **changes))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "Nothing was shared" in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "sales.read everything"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
async def test_other_faults_are_told_to_the_client(person, pkce, changes, error):
    answer = await person.get("/authorize", params=person.request_for(pkce, **changes))
    assert carried(answer)["error"] == error


async def test_pages_load_nothing_foreign_and_cannot_be_framed(person, pkce):
    page = await person.get("/authorize", params=person.request_for(pkce))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert 'style="' not in page.text
    assert "<script" not in page.text
    assert (await person.get("/style.css")).headers["content-type"].startswith("text/css")
    assert (await person.get("/favicon.svg")).headers["content-type"].startswith("image/svg+xml")


async def test_what_a_client_is_called_cannot_break_the_page(person, pkce):
    await person.configure(name="<script>alert(1)</script>")
    page = await person.get(await person.sign_in(person.request_for(pkce)))
    assert "<script" not in page.text


async def test_health(person):
    assert (await person.get("/healthz")).text == "ok\n"
