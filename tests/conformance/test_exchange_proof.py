"""The exchange under load: one refresh for a thousand who ask at once, and nobody ever gets another's token.

Requests enter at the server's own ASGI application, beside each other on one event loop; the provider rotates refresh
tokens and notices any that is used twice.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlmodel import Session
from starlette.types import Message

from integrations.contract import Secret
from server.accounts import store as accounts
from server.db.clock import now
from server.db.models import BrowserSession, Connection
from server.vault.seals import Seals
from server.web.caller import Caller
from tests.unit.server.vault.house import App, House, Person

PATH = "/__api__/v1/oauth/integrations/credentials"
VIEWERS, EACH, APPS = 200, 50, 3
LIFETIME = 60.0


@dataclass(frozen=True)
class Viewer:
    name: str
    caller: Caller


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    yield made
    await made.aclose()


async def crowd(house: House, number: int) -> tuple[list[App], list[Viewer]]:
    """Apps with one viewer integration, and signed-in viewers who have connected it."""
    admin: Person = await house.person("admin", "administrator")
    owner: Person = await house.person("paula", "publisher")
    row = await house.integration(admin)
    apps = [await house.content(owner) for _ in range(APPS)]
    for app in apps:
        await house.associate(owner, app, row)

    def seed(session: Session) -> list[Viewer]:
        viewers = []
        for each in range(number):
            user = accounts.add_user(session, username=f"viewer{each}", role="viewer")
            assert user.id is not None
            there = str(uuid.uuid4())
            ends = now().replace(year=now().year + 1)
            session.add(BrowserSession(token_hash=there, guid=there, user_id=user.id, expires_at=ends))
            connection = Connection(
                guid=str(uuid.uuid4()), user_id=user.id, integration_id=row.id, fingerprint=row.fingerprint,
                access_lifetime=LIFETIME, access_expires_at=now(), scopes="read",
            )  # fmt: skip
            refresh = Secret(house.provider.new_refresh(user.username))
            Seals(house.keyring).put(connection, access=Secret(f"at-{user.username}-0"), refresh=refresh)
            session.add(connection)
            caller = Caller(user.id, user.guid, user.username, via="session", credential=f"session:{there}")
            viewers.append(Viewer(user.username, caller))
        return viewers

    house.provider.lifetime = LIFETIME
    return apps, await house.db.write(seed)


async def exchange(house: House, app: App, viewer: Viewer) -> tuple[int, dict[str, object], float]:
    """What one exchange answers, and how long it took in seconds."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:posit:connect:user-session-token",
        "subject_token": house.handles.viewer(viewer.caller, app.guid),
    }
    headers = {"authorization": f"Key {app.key}", "content-type": "application/x-www-form-urlencoded", "host": "x"}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": PATH, "raw_path": PATH.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "headers": [(n.encode(), v.encode()) for n, v in headers.items()],
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": urlencode(form).encode(), "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    began = time.perf_counter()
    await house.app(scope, receive, send)
    took = time.perf_counter() - began
    return sent[0]["status"], json.loads(b"".join(part["body"] for part in sent[1:])), took


async def test_a_thousand_exchanges_at_expiry_cost_one_refresh_and_wait_for_the_provider_alone(house: House):
    apps, (alice,) = await crowd(house, 1)
    for app in apps:
        await exchange(house, app, alice)
    house.time.ahead += LIFETIME + 1
    house.provider.delay, before = 0.5, house.provider.refreshes
    asked = (exchange(house, app, alice) for app, _ in zip(itertools.cycle(apps), range(1000), strict=False))
    answers = await asyncio.gather(*asked)
    assert {status for status, _, _ in answers} == {200}
    assert len({body["access_token"] for _, body, _ in answers}) == 1
    assert (house.provider.refreshes - before, house.provider.reused) == (1, 0)
    assert max(took for _, _, took in answers) < house.provider.delay + 1


async def test_ten_thousand_interleaved_exchanges_never_give_anybody_anothers_token(house: House):
    apps, viewers = await crowd(house, VIEWERS)
    turns = itertools.count()
    wrong: list[tuple[str, object]] = []

    async def visits(viewer: Viewer) -> None:
        for number in range(EACH):
            status, body, _ = await exchange(house, apps[number % APPS], viewer)
            if status != 200 or str(body["access_token"]).split("-")[1] != viewer.name:
                wrong.append((viewer.name, body))
            if next(turns) % 2000 == 0:
                house.time.ahead += LIFETIME / 2
            await asyncio.sleep(0)

    await asyncio.gather(*(visits(viewer) for viewer in viewers))
    assert next(turns) == VIEWERS * EACH
    assert wrong == []
    assert house.provider.reused == 0
    assert VIEWERS * 2 <= house.provider.refreshes <= VIEWERS * 6


async def test_fifty_apps_that_force_a_new_token_share_one_and_keep_it(house: House):
    """Where a new token ends the old one, each app must get the live one, and none may end another's in turn."""
    apps, (alice,) = await crowd(house, 1)
    await exchange(house, apps[0], alice)
    house.time.ahead += 15
    before = house.provider.refreshes
    tokens = house.vault.tokens
    integration = (await house.integrations.all())[0]
    for _ in range(3):
        forced = (tokens.access_token(alice.caller.user_id, integration.id, force=True) for _ in range(50))
        assert len({issued.access_token.reveal() for issued in await asyncio.gather(*forced)}) == 1
    _, body, _ = await exchange(house, apps[1], alice)
    assert body["access_token"] == (
        await tokens.access_token(alice.caller.user_id, integration.id)
    ).access_token.reveal()  # fmt: skip
    assert (house.provider.refreshes - before, house.provider.reused) == (1, 0)
