"""Scripted faults without sockets: what is answered, whether the work was done, and what the ledger says of it."""

import asyncio
import gzip
import json
import time

import httpx
import pytest
from joserfc import jws

from integrations.sandbox.faults import iso


async def refreshed(person, **fault):
    tokens = await person.tokens()
    await person.configure(fail_next=[fault])
    answer = await person.refresh(tokens["refresh_token"])
    again = await person.refresh(tokens["refresh_token"])
    return answer, again.status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        ({"kind": "oauth_error", "value": "slow_down"}, 400, "slow_down"),
        ({"kind": "oauth_error", "value": {"error": "x", "status": 403}}, 403, "x"),
        ({"kind": "answer", "value": {"status": 204}}, 204, None),
        ({"kind": "answer", "value": {"status": 400, "body": {}}}, 400, None),
        ({"kind": "redirect", "value": "http://localhost:9/token"}, 307, None),
        ({"kind": "unavailable", "value": 7}, 503, None),
        ({"kind": "rate_limited", "value": "Sun, 22 Nov 2026 04:00:00 GMT"}, 429, None),
    ],
)
async def test_what_strikes_before_any_work(person, fault, status, error):
    answer, unspent = await refreshed(person, **fault)
    assert answer.status_code == status
    assert unspent
    if error:
        assert answer.json()["error"] == error
    if fault["kind"] in {"unavailable", "rate_limited"}:
        assert answer.headers["retry-after"] == str(fault["value"])


@pytest.mark.parametrize(
    "members",
    [{"token_type": "mac"}, {"access_token": None}, {"access_token": ""}, {"access_token": 1}, {"refresh_token": 123}]
    + [{"expires_in": value} for value in ("3600", 3600.5, "abc", -1, 1e15, None)],
)
async def test_members_are_changed_after_the_work(person, members):
    answer, unspent = await refreshed(person, kind="members", value=members)
    assert {name: answer.json()[name] for name in members} == members
    assert not unspent


async def test_another_person_in_the_id_token(person):
    answer, _ = await refreshed(person, kind="other_person")
    assert json.loads(jws.extract_compact(answer.json()["id_token"].encode()).payload)["sub"] == "bob"


async def test_bodies_that_are_too_long_or_do_not_unpack(person):
    answer, unspent = await refreshed(person, kind="gzip_bomb", value=1)
    assert len(answer.content) == 1024 * 1024
    assert unspent
    answer, _ = await refreshed(person, kind="huge", value=1)
    assert len(answer.content) > 1024 * 1024
    tokens = await person.tokens()
    await person.configure(fail_next=["truncated_gzip"])
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    auth = ("tabard-viewer", "sandbox-viewer-secret")
    async with person.stream("POST", "/token", data=form, auth=auth) as response:
        packed = b"".join([chunk async for chunk in response.aiter_raw()])
    with pytest.raises(EOFError):
        gzip.decompress(packed)


async def test_slow_answers_come_whole(person):
    started = time.monotonic()
    answer, unspent = await refreshed(person, kind="delay", value=0.05)
    assert answer.json()["access_token"]
    assert time.monotonic() - started > 0.05
    assert not unspent
    answer, unspent = await refreshed(person, kind="drip", value=0)
    assert answer.json()["access_token"]
    assert not unspent


async def test_a_cut_answer_did_its_work(person):
    tokens = await person.tokens()
    await person.configure(fail_next=["cut"])
    with pytest.raises((httpx.TransportError, ConnectionError)):
        await person.refresh(tokens["refresh_token"])
    assert (await person.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    entry = (await person.log())["requests"][-2]
    assert (entry["outcome"], entry["delivered"]) == ("fault:cut", False)


async def test_no_answer_and_no_work(person):
    tokens = await person.tokens()
    await person.configure(fail_next=["never"])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(person.refresh(tokens["refresh_token"]), 0.1)
    assert (await person.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("unavailable", 503), ("oauth_error", 400)])
async def test_the_revocation_endpoint_has_faults_of_its_own(person, kind, status):
    tokens = await person.tokens()
    fault = {"kind": kind, "endpoint": "revocation", "value": "unsupported_token_type" if status == 400 else None}
    await person.configure(fail_next=[fault])
    auth = ("tabard-viewer", "sandbox-viewer-secret")
    for expected in (status, 200):
        answer = await person.post("/revoke", data={"token": tokens["refresh_token"]}, auth=auth)
        assert answer.status_code == expected
    assert [entry["outcome"] for entry in (await person.log())["revocations"]] == [f"fault:{kind}", "ok"]


async def test_the_date_can_be_skewed(person, clock):
    await person.configure(date_skew=3600)
    answer = await person.refresh("unknown")
    plain = await person.get("/jwks")
    moments = [httpx_date(response) for response in (answer, plain)]
    assert moments == [clock.now + 3600, clock.now]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("right", ["http://localhost:3940"]),
        ("wrong", ["http://localhost:3940/other"]),
        ("missing", []),
        ("twice", ["http://localhost:3940"] * 2),
    ],
)
async def test_the_issuer_in_what_the_browser_carries_back(person, pkce, how, expected):
    await person.configure(iss=how)
    address = await person.sign_in(person.request_for(pkce))
    page = await person.get(address)
    key = page.text.partition('name="form_key" value="')[2].partition('"')[0]
    answer = await person.post(address, data={"form_key": key, "decision": "allow"})
    assert httpx.URL(answer.headers["location"]).params.get_list("iss") == expected


def httpx_date(response):
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(response.headers["date"]).timestamp()


def test_times_as_vendors_write_them():
    assert iso(1_800_000_000) == "2027-01-15T08:00:00Z"
