"""Redeeming a code: kept with who signed in there, whoever leaves meanwhile, and never for a changed integration."""

import asyncio
import base64
import hashlib
from contextlib import suppress

import pytest

from integrations.contract import Secret
from integrations.errors import ClientRejected, ProviderError
from server.connect.finish import Finish
from server.connect.flows import Taken
from server.db.models import Connection, Flow
from tests.unit.server.vault.house import CALLBACK, House

VERIFIER = "v" * 43


class Desk:
    def __init__(self, house: House) -> None:
        self.house = house
        self.finish = Finish(house.vault, house.provider.client, clock=house.time)

    async def build(self, **terms: str) -> "Desk":
        admin = await self.house.person("admin", "administrator")
        self.alice = await self.house.person("alice")
        self.row = await self.house.integration(admin, **terms)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        self.house.provider.challenges["alice-code"] = challenge
        return self

    async def keep(self, *, code: str = "alice-code", version: int | None = None) -> str | None:
        flow = Flow(
            integration_id=self.row.id,
            config_version=version or self.row.config_version,
            role="",
            redirect_uri=CALLBACK,
        )
        config = self.house.integrations.client_config(self.row)
        kept = await self.finish.keep(self.alice.caller, Taken(flow, Secret(VERIFIER)), config, code)
        return None if kept is None else kept.guid


async def test_a_code_becomes_a_connection(house: House):
    desk = await Desk(house).build(userinfo_uri="https://provider.example.com/userinfo")
    asked_at = house.time()
    guid = await desk.keep()
    kept = house.connection()
    assert (kept.guid, kept.user_id, kept.account, kept.status) == (guid, desk.alice.id, "someone", "connected")
    assert abs((kept.access_expires_at - asked_at).total_seconds() - 3600) < 5
    (form,) = house.provider.of("authorization_code")
    assert (form["redirect_uri"], form["code_verifier"]) == (CALLBACK, VERIFIER)


async def test_who_closes_the_page_is_connected_all_the_same(house: House):
    desk = await Desk(house).build()
    house.provider.delay = 0.02
    leaving = asyncio.create_task(desk.keep())
    while not house.provider.requests:
        await asyncio.sleep(0)
    leaving.cancel()
    with suppress(asyncio.CancelledError):
        await leaving
    await house.vault.aclose()
    assert house.connection().status == "connected"


async def test_an_integration_that_changed_meanwhile_keeps_nothing(house: House):
    desk = await Desk(house).build()
    assert await desk.keep(version=7) is None
    assert house.rows(Connection) == []


async def test_a_code_that_is_not_good_is_the_providers_error(house: House):
    desk = await Desk(house).build()
    with pytest.raises(ProviderError):
        await desk.keep(code="unknown")
    assert house.rows(Connection) == []


async def test_failures_are_told_but_not_of_a_role(house: House):
    desk, told = await Desk(house).build(), []
    house.vault.outcomes.listen(told.append)
    desk.finish.failed(desk.row.guid, ClientRejected("It refuses."), "")
    desk.finish.failed(desk.row.guid, ClientRejected("It refuses.", code="invalid_scope"), "ANALYST")
    assert [(one.kind, one.ok, one.code, one.reason) for one in told] == [
        ("consent", False, "invalid_client", "It refuses.")
    ]
