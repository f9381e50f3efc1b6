"""AWS credentials: what is traded for whom, kept how long, and never across viewers (O-41)."""

import asyncio
import base64
import json
import time
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from integrations.contract import Secret, TokenSet
from server.credentials import matching
from server.db.models import Instance
from server.loans.loans import Terms
from server.oauth.integrations import Draft
from server.vault.connections import Consented
from server.vault.seals import Seals
from tests.unit.server.minting.world import EXCHANGE, GRANT, World, told
from tests.unit.server.vault.house import House, Person

CONTENT = "urn:posit:connect:content-session-token"
AWS = "urn:ietf:params:aws:token-type:credentials"
ROLE = "arn:aws:iam::123456789012:role/Analysts"
ISSUER = "https://provider.example.com"


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def id_token(person: str, number: int = 0, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "tabard", "sub": person, "iat": now, "exp": now + 3600, "n": number, **changes}
    return f"{part({'alg': 'RS256', 'kid': 'k'})}.{part(claims)}.c2ln"


class Aws:
    """An STS that grants to whom it likes, and an identity provider that renews id_tokens."""

    def __init__(self, house: House) -> None:
        self.house, self.calls, self.error, self.status = house, [], "", 400
        self.expired: set[str] = set()
        house.provider.fault = self.answer
        self._number = 0

    def answer(self, form: dict[str, str]) -> httpx.Response | None:
        if form.get("grant_type") == "refresh_token":
            self._number += 1
            person = self.house.provider.live[form["refresh_token"]]
            body = {"access_token": "at", "id_token": id_token(person, self._number), "token_type": "Bearer"}
            return httpx.Response(200, json=body)
        if "Action" not in form:
            return None
        self.calls.append(form)
        if form["WebIdentityToken"] in self.expired:
            return httpx.Response(400, json={"Error": {"Code": "ExpiredTokenException"}})
        if self.error:
            return httpx.Response(self.status, json={"Error": {"Code": self.error}})
        ends = self.house.time().timestamp() + int(form["DurationSeconds"])
        number = len(self.calls)
        credentials = {
            "AccessKeyId": f"ASIA{number}",
            "SecretAccessKey": f"secret-{number}",
            "SessionToken": f"session-{number}-{form['RoleSessionName']}",
            "Expiration": ends,
        }
        result = {"AssumeRoleWithWebIdentityResult": {"Credentials": credentials}}
        return httpx.Response(200, json={"AssumeRoleWithWebIdentityResponse": result})


class AwsWorld(World):
    async def start(self, house: House) -> "AwsWorld":
        await self.build(house)
        self.aws = Aws(house)
        config = {
            "role_arn": ROLE,
            "issuer": ISSUER,
            "authorization_uri": f"{ISSUER}/authorize",
            "token_uri": f"{ISSUER}/token",
            "client_id": "tabard",
            "client_secret": house.provider.secret,
        }
        self.personal = await self._made({**config, "sts_region": "eu-west-1"})
        self.common = await self._made({"auth_type": "Service Account", "role_arn": ROLE})
        await house.associate(self.owner, self.app, self.personal, self.common)
        await self.connect(self.alice)
        return self

    async def _made(self, config: dict[str, str]) -> Any:
        draft = Draft(template="aws", name="Lake", config=config)
        return await self.house.integrations.create(self.admin.caller, draft)

    async def connect(self, person: Person, **claims: Any) -> None:
        name = person.caller.username
        tokens = TokenSet(
            access_token=Secret(id_token(name, **claims)), refresh_token=Secret(self.house.provider.new_refresh(name))
        )
        row = self.personal
        config = self.house.integrations.client_config(row)
        new = Consented(row.id, row.config_version, config, tokens, self.house.time(), name)
        assert await self.house.vault.connections.save(person.caller, new)

    async def ask(self, person: Person | None = None, **changes: str) -> httpx.Response:
        return await self.exchange(person, requested_token_type=AWS, **changes)

    async def ask_for_content(self, app: Any = None, **changes: str) -> httpx.Response:
        at = app or self.app
        handle = self.house.handles.content(at.guid, "i")
        form = {"grant_type": GRANT, "subject_token_type": CONTENT, "subject_token": handle} | changes
        return await self.house.browser(key=at.key).post(EXCHANGE, data={"requested_token_type": AWS} | form)


@pytest.fixture
async def lake(house: House) -> AwsWorld:
    return await AwsWorld().start(house)


def opened(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = json.loads(base64.b64decode(answer.json()["access_token"]))
    return found


async def test_a_viewer_gets_credentials_in_the_form_that_clients_read(lake):
    answer = await lake.ask()
    found = opened(answer)
    assert found.keys() == {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}
    assert datetime.strptime(found["expiration"], "%Y-%m-%dT%H:%M:%SZ")
    body = answer.json()
    assert (body["token_type"], body["issued_token_type"]) == ("aws_credentials", AWS)
    assert 3590 <= body["expires_in"] <= 3600
    (call,) = lake.aws.calls
    assert call["host"] == "sts.eu-west-1.amazonaws.com"
    assert (call["RoleArn"], call["RoleSessionName"], call["DurationSeconds"]) == (ROLE, "Alice", "3600")
    assert json.loads(base64.urlsafe_b64decode(call["WebIdentityToken"].split(".")[1] + "=="))["sub"] == "Alice"


async def test_credentials_are_kept_until_shortly_before_they_expire(lake, house):
    first = opened(await lake.ask())
    assert opened(await lake.ask()) == first
    house.time.ahead = 3600 - 299
    assert opened(await lake.ask()) != first
    assert len(lake.aws.calls) == 2


async def test_they_are_asked_for_once_by_many(lake):
    answers = await asyncio.gather(*(lake.ask() for _ in range(20)))
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    assert len(lake.aws.calls) == 1


async def test_no_viewer_gets_anothers(lake):
    await lake.connect(lake.bob)
    answers = await asyncio.gather(*(lake.ask(person) for person in [lake.alice, lake.bob] * 10))
    for person, answer in zip(["Alice", "bob"] * 10, answers, strict=True):
        assert opened(answer)["sessionToken"].endswith(f"-{person}")
    assert len(lake.aws.calls) == 2


async def test_another_account_of_the_same_person_has_its_own(lake):
    first = opened(await lake.ask())
    await lake.connect(lake.alice, sub="alice-at-work")
    assert opened(await lake.ask()) != first


async def test_who_disconnects_gets_none_whatever_is_kept(lake, house):
    await lake.ask()
    (connection,) = await house.vault.connections.of_user(lake.alice.id)
    await house.vault.connections.disconnect(lake.alice.caller, connection.guid)
    answer = await lake.ask()
    assert told(answer) == (404, 220)
    assert "/login?" in answer.json()["payload"]["consent_url"]
    assert told(await lake.ask(lake.bob)) == (404, 220)


async def test_nobodys_id_token_goes_to_an_sts_that_was_entered_later(lake, house):
    await lake.ask()
    before = len(lake.aws.calls)
    for endpoint in ("https://sts.elsewhere.example.com/", ""):
        draft = Draft(config={"sts_endpoint": endpoint}, sent=frozenset({"config"}))
        await house.integrations.change(lake.admin.caller, lake.personal.guid, draft)
        answer = await lake.ask()
        assert answer.status_code == 400, answer.text
        assert "consent_url" in answer.text  # nor does changing it back bring anything back
    assert len(lake.aws.calls) == before


async def test_an_id_token_that_sts_finds_expired_is_renewed_once(lake, house):
    connection = house.connection()
    lake.aws.expired.add(Seals(house.keyring).access(connection).reveal())
    house.time.ahead = 60
    assert opened(await lake.ask())["accessKeyId"] == "ASIA2"
    assert house.provider.refreshes == 1


async def test_content_gets_credentials_by_our_own_signature(lake, house):
    found = opened(await lake.ask_for_content())
    assert found["sessionToken"].endswith(f"-content-{lake.app.guid}")
    (call,) = lake.aws.calls
    assert call["host"] == "sts.us-east-1.amazonaws.com"
    issuer = f"http://localhost:3939/__oauth__/issuers/{lake.common.guid}"
    keys = (await house.browser().get(f"{issuer}/jwks.json")).json()
    claims = jwt.decode(call["WebIdentityToken"], KeySet.import_key_set(keys), algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["sub"]) == (issuer, "sts.amazonaws.com", lake.app.guid)
    assert claims["exp"] - claims["iat"] == 300
    assert opened(await lake.ask_for_content()) == found
    other = await house.content(lake.owner)
    await house.associate(lake.owner, other, lake.common)
    assert opened(await lake.ask_for_content(other)) != found


async def test_neither_answers_for_the_other(lake):
    assert told(await lake.ask(audience=lake.common.guid)) == (400, 252)
    assert told(await lake.ask_for_content(audience=lake.personal.guid)) == (400, 252)


async def test_other_types_are_refused_with_connects_numbers(lake, house):
    refused = await lake.exchange()
    assert told(refused) == (400, 242)
    assert refused.json()["error"] == matching.AWS_ONLY
    assert told(await lake.exchange(audience=lake.personal.guid)) == (400, 242)
    assert told(await lake.ask_for_content(requested_token_type="urn:ietf:params:oauth:token-type:access_token")) == (
        400,
        242,
    )
    other = await house.integration(lake.admin)
    await house.associate(lake.owner, lake.app, other, lake.personal)
    assert told(await lake.ask(audience=other.guid)) == (400, 250)
    assert (await lake.ask()).status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "answered"),
    [
        ("AccessDenied", 403, 502),
        ("InvalidIdentityToken", 400, 502),
        ("ValidationError", 400, 502),
        ("IDPCommunicationError", 400, 503),
        ("IDPRejectedClaim", 403, 400),
        ("ExpiredTokenException", 400, 400),
    ],
)
async def test_what_goes_wrong_at_aws_has_number_248(lake, error, status, answered):
    lake.aws.error, lake.aws.status = error, status
    answer = await lake.ask()
    assert told(answer) == (answered, 248)
    assert ("consent_url" in (answer.json()["payload"] or {})) == (answered == 400)
    if answered == 503:
        assert int(answer.headers["retry-after"]) >= 1


async def test_sts_is_left_alone_after_a_refusal(lake):
    lake.aws.error, lake.aws.status = "AccessDenied", 403
    answers = [told(await lake.ask()) for _ in range(5)]
    assert set(answers) == {(502, 248)}
    assert len(lake.aws.calls) == 1
    await lake.connect(lake.bob)
    lake.aws.error = ""
    assert (await lake.ask(lake.bob)).status_code == 200


async def test_credentials_that_still_work_are_given_while_sts_does_not_answer(lake, house):
    first = opened(await lake.ask())
    house.time.ahead = 3400
    lake.aws.error, lake.aws.status = "ServiceUnavailable", 503
    answer = await lake.ask()
    assert opened(answer) == first
    assert answer.json()["expires_in"] <= 200


async def test_a_service_account_is_tested(lake, house):
    path = f"/__api__/v1/oauth/integrations/{lake.common.guid}"
    assert (await lake.as_admin.post(f"{path}/verify")).status_code == 200
    shown = (await lake.as_admin.get(f"{path}/inspect")).json()
    assert (shown["whose"], shown["claims"]["sub"]) == ("content", lake.common.guid)
    issuer = (await lake.as_admin.get(f"{path}/issuer")).json()
    assert issuer["statement"] is None
    lake.aws.error, lake.aws.status = "AccessDenied", 403
    assert told(await lake.as_admin.post(f"{path}/verify")) == (400, 241)


async def test_an_identity_provider_without_id_tokens_is_told_from_others(lake, house):
    lake.aws.answer = None
    house.provider.fault = None
    house.time.ahead = 3700
    assert (await lake.ask()).status_code == 503


async def test_a_viewers_id_token_is_inspected(lake, house):
    path = f"/__api__/v1/oauth/integrations/{lake.personal.guid}/inspect"
    shown = (await house.browser(key=lake.alice.key).get(path)).json()
    assert (shown["kind"], shown["claims"]["sub"]) == ("id_token", "Alice")


async def test_a_lender_lends_credentials_and_never_her_identity_token(lake, house):
    await lake.connect(lake.owner)
    await house.db.write(
        lambda session: session.add(Instance(key=f"instance-{lake.app.guid}", content_id=1, bundle_id=1))
    )
    view = await house.directory.by_guid(lake.app.guid)
    terms = Terms(house.time() + timedelta(days=1))
    loan = await house.loans.lend(lake.owner.caller, view, lake.personal.guid, terms)
    assert opened(await lake.ask(lake.bob))["sessionToken"].endswith("-paula")
    assert opened(await lake.ask(lake.bob)) == opened(await lake.ask(lake.owner))
    assert len(lake.aws.calls) == 1
    house.time.ahead = 3400
    lake.aws.error, lake.aws.status = "IDPRejectedClaim", 403
    assert told(await lake.ask(lake.bob)) == (404, 220)
    assert loan.lender_username == "paula"


async def test_credentials_that_are_new_are_not_forced_anew(lake, house):
    first = opened(await lake.ask())
    assert [opened(await lake.ask(force_refresh="true")) for _ in range(5)] == [first] * 5
    house.time.ahead = 11
    assert opened(await lake.ask(force_refresh="true")) != first
    content = opened(await lake.ask_for_content())
    assert opened(await lake.ask_for_content(force_refresh="true")) == content
    assert len(lake.aws.calls) == 3
