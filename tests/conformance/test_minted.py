"""Tokens that this server signs, minted by the real exchange, at a warehouse and an STS that check them (seed 002).

The warehouse of the sandbox provider is told about the integration with the very statement that Tabard shows.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.http import OutboundClient
from integrations.sandbox.app import create_app
from integrations.sandbox.settings import SandboxSettings, UserSettings
from server.db.models import User
from server.minting import keys
from server.minting.policy import Entry
from server.oauth.integrations import Draft
from tests.unit.server.minting.world import ACCOUNT, World, key_pair
from tests.unit.server.vault.house import House

SANDBOX, ADMIN = "https://sandbox.example.com", "warehouse-admin"
ROLE = "arn:aws:iam::123456789012:role/Reports"
PEOPLE = (
    UserSettings("alice", "Alice", "alice@example.org", "alice", "Alice", ("PUBLIC", "ANALYST", "LOADER")),
    UserSettings("bob", "Bob", "bob@example.org", "bob", "bob"),
)


class Outside(httpx.AsyncBaseTransport):
    """The network beyond this server: AWS's STS and everything else is the sandbox."""

    def __init__(self) -> None:
        self.app: Any = None
        self.client = OutboundClient(allow_local=False, transport=self)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = b"/sts" if request.url.host.startswith("sts.") else request.url.raw_path
        there = httpx.URL(SANDBOX, raw_path=path)
        sent = httpx.Request(request.method, there, headers=request.headers, stream=request.stream)
        return await httpx.ASGITransport(self.app).handle_async_request(sent)


class Place(World):
    """The app and the integration of the unit tests, and the warehouse."""

    async def open(self, folder: Path) -> Place:
        self.outside = Outside()
        house = House(folder, provider=self.outside)  # type: ignore[arg-type]
        settings = SandboxSettings(issuer=SANDBOX, users=PEOPLE, admin_token=ADMIN)
        self.outside.app = create_app(settings, clock=lambda: house.time().timestamp(), fetch=self._fetch)
        self.warehouse = httpx.AsyncClient(transport=self.outside, base_url=SANDBOX)
        await self.build(house, Entry("default", "", ("ANALYST", "PUBLIC")))
        return self

    async def _fetch(self, url: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.house.browser().get(url)).raise_for_status().json()
        return found

    async def trust(self, **replaced: str) -> None:
        """Run the statement that Tabard shows, with some of its values replaced."""
        statement = (await self.as_admin.get(f"{self.here}/issuer")).json()["statement"]
        for value, other in replaced.items():
            shown = {"audience": ACCOUNT, "claim": "'upn'", "mode": "'DISABLE'", "attribute": "'scp'"}.get(value, "")
            shown = shown or f"/issuers/{self.integration.guid}"
            assert shown in statement
            statement = statement.replace(shown, other)
        headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": "text/plain"}
        path = "/admin/warehouse/external_oauth_custom"
        answer = await self.warehouse.put(path, content=statement, headers=headers)
        assert answer.status_code == 200, answer.text

    async def query(self, person: Any = None, role: str = "", **changes: str) -> httpx.Response:
        answer = await self.exchange(person, **changes)
        assert answer.status_code == 200, answer.text
        return await self.at_warehouse(answer.json()["access_token"], role)

    async def at_warehouse(self, token: str, role: str = "") -> httpx.Response:
        params = {"role": role} if role else None
        headers = {"Authorization": f"Bearer {token}"}
        return await self.warehouse.get("/warehouse/query", params=params, headers=headers)


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    number = itertools.count()
    monkeypatch.setattr(keys, "_make", lambda bits: key_pair(bits, next(number)))
    made = await Place().open(tmp_path)
    yield made
    await made.warehouse.aclose()
    await made.house.aclose()


def failed(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 401, answer.text
    return {each["requirement"] for each in answer.json()["failed"]}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scope_attribute": "scope"},
        {"scope_attribute": "scope", "scope_delimiter": "space", "scopes": "openid"},
        {"audiences": f"https://other.example.com, {ACCOUNT}", "not_before": "true"},
        {"user_attribute": "email", "warehouse_attribute": "email_address", "user_claim": "sub", "key_size": "3072"},
    ],
)
async def test_the_warehouse_takes_what_the_statement_says(place: Place, settings: dict[str, str]):
    await place.configure(**settings)
    with place.house.change(User) as rows:
        for row in rows:
            row.email = f"{row.username.lower()}@example.org"
    await place.trust()
    for person in (place.alice, place.bob):
        answer = await place.query(person)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["user"], answer.json()["role"]) == (person.caller.username.lower(), "ANALYST")


@pytest.mark.parametrize(
    ("replaced", "requirement"),
    [
        ({"audience": ACCOUNT.upper()}, "aud"),
        ({"claim": "'UPN'"}, "user"),
        ({"attribute": "'scope'"}, "scope"),
        ({"issuer": "/issuers/OTHER"}, "iss"),
    ],
)
async def test_each_value_that_differs_is_refused_with_its_case(
    place: Place, replaced: dict[str, str], requirement: str
):
    await place.trust(**replaced)
    assert failed(await place.query()) == {requirement}


async def test_a_token_ends(place: Place):
    await place.trust()
    token = (await place.exchange()).json()["access_token"]
    place.house.time.ahead = 601
    assert failed(await place.at_warehouse(token)) == {"exp"}
    assert (await place.query()).status_code == 200


async def test_a_clock_that_is_ahead_is_noticed(place: Place):
    await place.configure(not_before="true")
    await place.trust()
    place.house.time.ahead = 100
    token = (await place.exchange()).json()["access_token"]
    place.house.time.ahead = 0
    assert failed(await place.at_warehouse(token)) == {"iat", "nbf"}


async def test_a_person_whom_the_warehouse_does_not_know(place: Place):
    await place.trust()
    assert failed(await place.query(place.owner)) == {"user"}
    await place.map(Entry("user", place.owner.guid, ("ANALYST",), login="bob"))
    assert (await place.query(place.owner)).json()["user"] == "bob"


async def test_a_role_that_the_warehouse_did_not_grant(place: Place):
    await place.trust()
    await place.map(Entry("default", "", ("LOADER",)))
    assert failed(await place.query(place.bob)) == {"role"}
    assert (await place.query(place.alice)).json()["role"] == "LOADER"


async def test_any_role_lets_people_switch(place: Place):
    await place.trust()
    assert failed(await place.query(role="LOADER")) == {"role"}
    await place.configure(any_role_mode="ENABLE")
    await place.map(Entry("default", "", ("*",)))
    await place.trust()
    assert (await place.query(role="LOADER")).json()["role"] == "LOADER"
    assert failed(await place.query(place.bob, role="LOADER")) == {"role"}


async def test_keys_are_replaced_without_a_gap(place: Place):
    await place.trust()
    before = (await place.exchange()).json()["access_token"]
    new = (await place.as_admin.post(f"{place.here}/signing-keys")).json()["kid"]
    await place.trust()
    assert (await place.query()).status_code == 200
    assert (await place.as_admin.post(f"{place.here}/signing-keys/{new}/use")).status_code == 200
    after = (await place.exchange()).json()["access_token"]
    assert after != before
    for token in (before, after):
        assert (await place.at_warehouse(token)).status_code == 200
    place.house.time.ahead = 4000
    await place.trust()
    assert failed(await place.at_warehouse(before)) == {"signature", "exp"}
    assert (await place.query()).status_code == 200


async def test_anothers_signature_is_refused(place: Place):
    await place.trust()
    token = (await place.exchange()).json()["access_token"]
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==")) | {"upn": "bob"}
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert failed(await place.at_warehouse(f"{head}.{forged}.{signature}")) == {"signature"}


async def test_the_inspector_and_the_warehouse_agree(place: Place):
    await place.trust()
    shown = (await place.house.browser(key=place.alice.key).get(f"{place.here}/inspect")).json()
    assert all(finding["met"] for finding in shown["findings"])
    assert (await place.query()).status_code == 200


async def test_content_gets_aws_credentials_by_this_servers_own_signature(place: Place):
    config = {"auth_type": "Service Account", "role_arn": ROLE}
    row = await place.house.integrations.create(place.admin.caller, Draft(template="aws", name="Lake", config=config))
    await place.house.associate(place.owner, place.app, row)
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:posit:connect:content-session-token",
        "subject_token": place.house.handles.content(place.app.guid, "i"),
        "requested_token_type": "urn:ietf:params:aws:token-type:credentials",
    }
    trusted = {"audiences": ["sts.amazonaws.com"], "subjects": {ROLE: [place.app.guid]}}
    headers = {"Authorization": f"Bearer {ADMIN}"}
    assert (await place.warehouse.put("/admin/sts", json=trusted, headers=headers)).status_code == 204
    answer = await place.as_app.post("/__api__/v1/oauth/integrations/credentials", data=form)
    assert answer.status_code == 200, answer.text
    session = json.loads(base64.b64decode(answer.json()["access_token"]))["sessionToken"]
    who = await place.warehouse.post(
        "/sts",
        data={"Action": "GetCallerIdentity"},
        headers={"X-Amz-Security-Token": session, "Accept": "application/json"},
    )
    assert who.json()["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Arn"].endswith(
        f"/content-{place.app.guid}"
    )
    other = await place.house.content(place.owner)
    await place.house.associate(place.owner, other, row)
    refused = await place.house.browser(key=other.key).post(
        "/__api__/v1/oauth/integrations/credentials",
        data=form | {"subject_token": place.house.handles.content(other.guid, "i")},
    )
    assert (refused.status_code, refused.json()["code"]) == (502, 248)


async def test_the_seeds_own_test_procedure_works_against_the_sandbox(place: Place):
    """`curl --user id:secret --data-urlencode grant_type=password ...`, as the seed has it."""
    form = {
        "username": "alice",
        "password": "alice",
        "grant_type": "password",
        "scope": "session:role:analyst",
    }
    kind = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
    client = ("tabard-external", "sandbox-external-secret")
    answer = await place.warehouse.post("/token", data=form, headers=kind, auth=client)
    assert answer.status_code == 200, answer.text
    claims = json.loads(base64.urlsafe_b64decode(answer.json()["access_token"].split(".")[1] + "=="))
    assert claims["scp"] == ["session:role:analyst"]
