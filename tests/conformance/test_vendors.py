"""Every template, with every authentication type: connect, exchange, refresh, expiry, revocation, consent anew.

And every answer of the table in security.md 7.3, at every vendor: what becomes of the connection, what the app
is told, and that the vendor was asked once. A new template is in by being there.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from integrations import catalog
from integrations.contract import AuthType
from integrations.entries import visible
from integrations.grants import assertions, id_token
from integrations.template import Template
from tests.conformance.vendor_world import World, example, vendor_of
from tests.unit.server.vault.house import until

PROOFS = ("auth_mode", "token_endpoint_auth_method")


def _settings(template: Template, auth_type: AuthType) -> Iterator[dict[str, str]]:
    """Each way in which a client of this template can prove itself: the default first, then one other at a time."""
    yield {}
    for option in template.data.options:
        chosen = {entry.name: entry.default for entry in template.data.options} | {"auth_type": auth_type}
        if option.name in PROOFS and visible(option.visibility_expression, chosen):
            yield from ({option.name: value} for value in option.allowed if value != option.default)


# AWS credentials are held in tests/unit/server/minting/test_aws.py and tests/conformance/test_minted.py.
TEMPLATES = [one for one in catalog.load().all() if one.data.endpoints and one.data.issues == "access_token"]


def _cases() -> Iterator[Any]:
    for template in TEMPLATES:
        for auth_type in template.auth_types:
            for config in _settings(template, auth_type):
                name = "-".join([template.key, auth_type.split()[0].lower(), *config.values()])
                yield pytest.param((template, auth_type, config), id=name)


def _shape(case: Any) -> tuple[object, ...]:
    """What decides how answers are read: of templates that share it, one is asked everything."""
    template, auth_type, given = case.values[0]
    settled = template.settle(example(template, auth_type, **given), allow_local=False)
    config = template.client(settled.config, settled.secrets)
    vendor = vendor_of(httpx.URL(config.token_uri).host)
    habits = (config.send_scope_on_refresh, config.refresh_style, config.default_lifetime, config.compares_scopes)
    return (vendor, auth_type, config.response_style, config.service_grant, *habits)


CASES = list(_cases())
VIEWERS = [case for case in CASES if case.values[0][1] == "Viewer"]
SERVICES = [case for case in CASES if case.values[0][1] == "Service Account"]
# How a client proves itself changes nothing in how it reads answers; of each shape, the first is asked everything.
PLAIN = [case for case in CASES if not case.values[0][2]]
SHAPES = {_shape(case): case for case in reversed(PLAIN)}
THOROUGH = [case for case in SHAPES.values() if case.values[0][1] == "Viewer"]


@pytest.fixture
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    template, auth_type, config = request.param
    made = await World().build(tmp_path, template, auth_type, **config)
    for signed in (assertions, id_token):
        # What is signed says when, and has to say the world's time.
        monkeypatch.setattr(signed, "time", SimpleNamespace(time=lambda: made.house.time().timestamp()))
    made.thorough = any(case.values[0] is request.param for case in SHAPES.values())
    yield made
    await made.aclose()


def at(cases: list[Any]) -> pytest.MarkDecorator:
    """The test gets a world for each case."""
    return pytest.mark.parametrize("world", cases, indirect=True)


def test_every_template_with_a_client_is_here():
    assert {case.values[0][0].key for case in CASES} == {template.key for template in TEMPLATES}


@at(VIEWERS)
async def test_a_viewers_connection_from_consent_to_consent(world: World):
    """Declined, given, used, renewed, run out, taken back at the vendor, given anew, and ended by its owner."""
    _, declined = await world.consent(decision="decline")
    assert declined.status_code == 403
    assert world.calls() == 0
    refused = await world.exchange()
    assert refused.status_code == 404
    assert "consent_url" in refused.json()["payload"]
    await world.connect()
    first = await world.exchange()
    assert first.status_code == 200, first.text
    token = first.json()["access_token"]
    assert (await world.opens(token) or {})["sub"] == "alice"
    assert await world.token() == token
    assert world.calls() == 1
    seen = {token}
    for _ in range(3):
        world.expire()
        seen.add(await world.token())
    assert len(seen) == 4
    assert (await world.opens(await world.token()) or {})["sub"] == "alice"
    assert world.audit() == {"refreshes": 3, "reused": 0, "families_revoked": 0}

    world.sandbox.state.store.revoke_where(world.client_id, "alice")
    world.expire()
    for _ in range(2):
        ended = await world.exchange()
        assert ended.status_code == 400, ended.text
        assert "consent_url" in ended.json()["payload"]
    assert world.calls("refresh_token") == 4
    assert world.connection().status == "reauth_required"

    await world.connect()
    token = await world.token()
    assert (await world.opens(token) or {})["sub"] == "alice"
    world.expire()
    assert await world.token() != token
    await _disconnected(world, await world.token())


async def _disconnected(world: World, token: str) -> None:
    """It ends here at once, and at the vendor where that can be told."""
    browser = world.house.browser(key=world.alice.key)
    gone = await browser.delete(f"/__api__/v1/oauth/sessions/{world.connection().guid}")
    assert gone.status_code == 204
    assert (await world.exchange()).status_code == 404
    if world.config.revocation_uri is None:
        return
    ledger = world.sandbox.state.ledger
    await until(lambda: any(entry["outcome"] == "ok" for entry in ledger.listed("revocation")))
    assert await world.opens(token) is None


@dataclass(frozen=True)
class Row:
    """One answer of the token endpoint, and what follows: `status` of the exchange; `ends` the connection."""

    name: str
    fault: dict[str, Any]
    status: int
    ends: bool = False
    wait: int | None = field(default=None)


def _answer(status: int, body: Any = "", **headers: str) -> dict[str, Any]:
    return {"kind": "answer", "value": {"status": status, "body": body, "headers": headers}}


def _error(code: str) -> dict[str, Any]:
    return {"kind": "oauth_error", "value": code}


SHORT = ("invalid_grant", "invalid_client", "429", "200 {}")
# GitHub's API answers with statuses, not with OAuth's codes, and a refusal of an app is an administrator's matter.
OF_AN_API = {"403": 502}


def _rows(world: World) -> list[Row]:
    """The table of security.md 7.3, line by line; a line of each kind where a like vendor gets them all."""
    rows = _table()
    if world.config.service_grant == "github_app":
        rows = [row for row in rows if row.fault["kind"] != "oauth_error"]
        rows = [replace(row, status=OF_AN_API.get(row.name, row.status)) for row in rows]
    return rows if world.thorough else [row for row in rows if row.name in SHORT]


def _table() -> list[Row]:
    ends = ("invalid_grant", "interaction_required", "login_required", "consent_required")
    broken = ("invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope")
    passing = ("slow_down", "temporarily_unavailable", "server_error", "something_else")
    good = {"access_token": "a", "token_type": "Bearer"}
    rapt = {"error": "invalid_grant", "error_subtype": "invalid_rapt"}
    return [
        *(Row(code, _error(code), 400, ends=True) for code in ends),
        Row("invalid_rapt", {"kind": "oauth_error", "value": rapt}, 400, ends=True),
        *(Row(code, _error(code), 502) for code in broken),
        Row("401 without a body", _answer(401), 502),
        *(Row(code, _error(code), 503) for code in passing),
        Row("429", {"kind": "rate_limited", "value": 7}, 503, wait=7),
        Row("429 without Retry-After", _answer(429), 503),
        Row("500", {"kind": "server_error"}, 503),
        Row("502", _answer(502), 503),
        Row("503", {"kind": "unavailable", "value": 9}, 503, wait=9),
        Row("403", _answer(403), 503),
        Row("400 {}", _answer(400, {}), 503),
        Row("400 HTML", _answer(400, "<h1>No</h1>", **{"Content-Type": "text/html"}), 503),
        Row("204", _answer(204), 503),
        Row("307", {"kind": "redirect", "value": "https://evil.example.com/token"}, 503),
        Row("200 HTML", {"kind": "not_json"}, 503),
        Row("200 {}", _answer(200, {}), 503),
        Row("200 []", _answer(200, "[]", **{"Content-Type": "application/json"}), 503),
        *(Row(f"token {one!r}", _answer(200, {**good, "access_token": one}), 503) for one in ("", None, 1)),
        Row("token_type mac", _answer(200, {**good, "token_type": "mac"}), 503),
        Row("a truncated gzip", {"kind": "truncated_gzip"}, 503),
        Row("a gzip bomb", {"kind": "gzip_bomb", "value": 8}, 503),
        Row("10 MB", {"kind": "huge", "value": 1}, 503),
    ]  # fmt: skip


@at([case for case in VIEWERS if case in PLAIN])
async def test_what_each_answer_means_for_a_viewers_connection(world: World):
    """Kept or ended, told as 7.3 says, and the vendor asked once, however often the app asks."""
    await world.connect()
    for row in _rows(world):
        world.later(world.lifetime + 4000)
        world.fault(**row.fault)
        before = world.calls()
        answers = [await world.exchange() for _ in range(2)]
        assert [answer.status_code for answer in answers] == [row.status] * 2, (row.name, answers[0].text)
        assert world.calls() == before + 1, row.name
        if row.ends:
            assert world.connection().status == "reauth_required", row.name
            await world.connect()
            await world.token()
            continue
        assert world.connection().status == "connected", row.name
        if row.status == 503:
            assert int(answers[0].headers["retry-after"]) >= (row.wait or 1), row.name
        world.later(4000)
        token = await world.token()
        assert await world.opens(token), row.name
    audit = world.audit()
    assert (audit["reused"], audit["families_revoked"]) == (0, 0)
    assert "evil.example.com" not in world.outside.network.hosts


ODD: list[dict[str, Any]] = [
    *({"expires_in": value} for value in ("3600", 3600.5, "abc", -1, 0, 1e15, None, True, [])),
    *({"refresh_token": value} for value in (None, "", 123)),
    {"token_type": "BEARER"},
    {"scope": None},
    {"id_token": "nonsense"},
]


@at(THOROUGH)
async def test_a_token_is_never_thrown_away_for_an_odd_member(world: World):
    """After each odd answer the token is handed out, and the next renewal uses the refresh token that holds."""
    await world.connect()
    rotates = _rotates(world)
    for members in ODD:
        world.later(world.lifetime + 4000)
        # A vendor that spent the old one, and kept the new one to itself, would be past help.
        world.set(rotate_refresh=rotates and "refresh_token" not in members)
        world.fault(kind="members", value=members)
        answer = await world.exchange()
        assert answer.status_code == 200, (members, answer.text)
        assert 0 < answer.json().get("expires_in", 1) <= 366 * 86400, members
        world.later(366 * 86400)
        assert await world.opens(await world.token()), members
    assert world.audit()["reused"] == 0


def _rotates(world: World) -> bool:
    found = world.sandbox.vendors[world.vendor]
    client = found.state.clients.get(world.client_id)
    assert client is not None
    return client.settings.rotate_refresh and found.spends


@at(THOROUGH)
async def test_a_lost_answer_costs_one_try_and_never_a_loop(world: World):
    """Where the vendor has spent the old token the viewer is asked again; elsewhere the next try succeeds."""
    await world.connect()
    world.expire()
    world.fault(kind="lost_answer")
    assert (await world.exchange()).status_code == 503
    for _ in range(3):
        world.later(120)
        last = await world.exchange()
    graceful = not _rotates(world)
    assert last.status_code == (200 if graceful else 400), last.text
    assert world.calls("refresh_token") == 2
    if not graceful:
        assert world.connection().status_reason == "interrupted_refresh"


@at(SERVICES)
async def test_a_service_account(world: World):
    token = await world.token()
    assert (await world.opens(token) or {})["kind"] == "service"
    assert await world.token() == token
    assert world.calls() == 1
    world.expire()
    assert await world.token() != token


@at([case for case in SERVICES if case in PLAIN])
async def test_what_each_answer_means_for_a_service_account(world: World):
    for row in _rows(world):
        world.later(world.lifetime + 4000)
        world.fault(**row.fault)
        before = world.calls()
        answers = [await world.exchange() for _ in range(2)]
        expected = 502 if row.ends else row.status
        assert [answer.status_code for answer in answers] == [expected] * 2, (row.name, answers[0].text)
        assert world.calls() == before + 1, row.name
        world.later(4000)
        assert await world.opens(await world.token()), row.name
