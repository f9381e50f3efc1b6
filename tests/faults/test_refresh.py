"""What a provider can do to a refresh, with the real vault and a provider on a real socket: F-04 to F-12, F-15, F-16.

After each fault the same is asked: nobody is shut out who need not be, and no refresh token is sent twice after its
successor was stored.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from integrations.http import OutboundClient
from server.vault.errors import IntegrationBroken, NeedsConsent, TryLater
from server.vault.vault import uptime
from tests.harness.engine_process import KEY
from tests.harness.grants import Node
from tests.harness.tiny_provider import Answering, Fault, TinyProvider


class Ticks:
    """A clock that tests move forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return uptime() + self.ahead


async def until(condition) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain")


@pytest.fixture(params=["on_sqlite", "on_postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def saying(status: str, body: bytes = b"", *fields: str) -> Fault:
    async def fault(exchange: Answering) -> None:
        await exchange.say(status, body, *fields)

    return fault


async def trouble(node: Node, person, row) -> TryLater:
    with pytest.raises(TryLater) as caught:
        await node.vault.tokens.access_token(person.user_id, row.id)
    return caught.value


@pytest.mark.parametrize("who", ["caller", "server"])
async def test_f_04_o_22_who_goes_away_during_a_refresh_does_not_stop_it(url: str, provider: TinyProvider, who: str):
    provider.delay = 0.4
    async with Node(url, KEY) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        guid = await node.connect(provider, person, row)
        before = node.expire(guid)
        leader = asyncio.create_task(node.ask(person, row))
        await until(lambda: provider.refreshes)
        followers = [asyncio.create_task(node.ask(person, row)) for _ in range(10)]
        if who == "caller":
            leader.cancel()
            said = set(await asyncio.gather(*followers))
            assert len(said) == 1
            assert said.pop().startswith("at-")
        else:
            for task in (leader, *followers):
                task.cancel()
            await node.vault.aclose()
        after = node.connection(guid)
        assert (after.version, after.lease_owner, after.attempt_hash) == (before.version + 1, None, None)
        assert len(provider.refreshes) == 1


@pytest.mark.parametrize("said", ["seconds", "date"])
async def test_f_06_a_provider_that_asks_for_a_pause_gets_it(on_sqlite: str, provider: TinyProvider, said: str):
    ticks = Ticks()
    ends = format_datetime(datetime.now(UTC) + timedelta(seconds=8), usegmt=True)
    provider.fault, provider.rotates = (
        saying("429 Too Many", b"", f"Retry-After: {7 if said == 'seconds' else ends}"),
        False,
    )
    async with Node(on_sqlite, KEY, ticks=ticks) as node:
        people = [await node.person(name) for name in ("alice", "ben")]
        row = await node.integration(provider.url)
        for person in people:
            node.expire(await node.connect(provider, person, row))
        first = await trouble(node, people[0], row)
        assert 5.5 < first.retry_after <= 8
        for person in people * 5:
            assert 5 < (await trouble(node, person, row)).retry_after <= 8
        assert len(provider.refreshes) == 1, "nobody of this integration asks in the window"
        provider.fault = None
        ticks.ahead += 8
        assert [(await node.ask(person, row))[:3] for person in people] == ["at-", "at-"]


async def test_f_06_meanwhile_a_token_that_lives_is_served(on_sqlite: str, provider: TinyProvider):
    ticks = Ticks()
    async with Node(on_sqlite, KEY, ticks=ticks) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        await node.connect(provider, person, row)
        provider.fault, provider.rotates = saying("429 Too Many", b"", "Retry-After: 7"), False
        assert await node.ask(person, row) == "at-0"
        ticks.ahead += 3570
        assert [await node.ask(person, row) for _ in range(3)] == ["at-0"] * 3
        assert len(provider.refreshes) == 1


@pytest.mark.parametrize("status", ["500 Oh", "502 Oh", "503 Oh"])
async def test_f_07_two_minutes_of_errors_cost_few_calls_and_no_grant(
    on_sqlite: str, provider: TinyProvider, status: str
):
    ticks = Ticks()
    provider.fault, provider.rotates, provider.grace = saying(status), False, True
    async with Node(on_sqlite, KEY, ticks=ticks) as node:
        people = [await node.person(f"p{number}") for number in range(4)]
        row = await node.integration(provider.url)
        guids = [await node.connect(provider, person, row) for person in people]
        for guid in guids:
            node.expire(guid)
        for _ in range(24):
            await asyncio.gather(*(trouble(node, person, row) for person in people))
            ticks.ahead += 5
        assert len(provider.refreshes) <= 20, "480 were asked for"
        # When it is back, one is sent to see, and then everybody.
        ticks.ahead += 61
        sent, provider.fault, provider.delay = len(provider.refreshes), None, 0.1
        probes = [asyncio.create_task(node.ask(person, row)) for person in people for _ in range(5)]
        await until(lambda: len(provider.refreshes) > sent)
        assert len(provider.refreshes) == sent + 1
        await asyncio.gather(*probes)
        assert [(await node.ask(person, row))[:3] for person in people] == ["at-"] * 4
        assert {node.connection(guid).status for guid in guids} == {"connected"}


async def black_hole(_exchange: Answering) -> None:
    await asyncio.sleep(3600)


async def drip(exchange: Answering) -> None:
    for byte in exchange.head(f"Content-Length: {len(exchange.body)}") + exchange.body:
        exchange.writer.write(bytes([byte]))
        await exchange.writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("fault", [black_hole, drip])
async def test_f_08_f_09_a_provider_that_never_ends_its_answer_holds_up_only_its_own(
    on_sqlite: str, provider: TinyProvider, fault: Fault
):
    client = OutboundClient(allow_local=True, total_seconds=0.8)
    provider.fault = fault
    with TinyProvider() as other:
        async with Node(on_sqlite, KEY, client=client) as node:
            person, row = await node.person("alice"), await node.integration(provider.url)
            good = await node.integration(other.url)
            guid, fine = await node.connect(provider, person, row), await node.connect(other, person, good)
            node.expire(guid)
            began = uptime()
            stuck = asyncio.create_task(trouble(node, person, row))
            waits = []
            while not stuck.done():
                node.expire(fine)
                asked = uptime()
                assert (await node.ask(person, good, force=True)).startswith("at-")
                waits.append(uptime() - asked)
                await asyncio.sleep(0.05)
            assert (await stuck).retry_after > 0
            assert 0.7 < uptime() - began < 4, "the deadline is one for the whole call, not for each byte"
            assert sorted(waits)[len(waits) // 2] < 0.3
            # It was sent, so nobody knows whether the token is spent: the next holder is told so.
            kept = node.connection(guid)
            assert (kept.status, kept.lease_owner, kept.attempt_hash is not None) == ("connected", None, True)


async def reset_after_head(exchange: Answering) -> None:
    exchange.writer.write(exchange.head(f"Content-Length: {len(exchange.body)}"))
    await exchange.writer.drain()
    await asyncio.sleep(0.05)
    exchange.reset()


async def half(exchange: Answering) -> None:
    exchange.writer.write(
        exchange.head(f"Content-Length: {len(exchange.body)}") + exchange.body[: len(exchange.body) // 2]
    )
    await exchange.writer.drain()


async def no_last_chunk(exchange: Answering) -> None:
    size = f"{len(exchange.body):x}\r\n".encode()
    exchange.writer.write(exchange.head("Transfer-Encoding: chunked") + size + exchange.body + b"\r\n")
    await exchange.writer.drain()


async def a_byte_short(exchange: Answering) -> None:
    exchange.writer.write(exchange.head(f"Content-Length: {len(exchange.body) + 1}") + exchange.body)
    await exchange.writer.drain()


@pytest.mark.parametrize("grace", [True, False])
@pytest.mark.parametrize("fault", [reset_after_head, half])
async def test_f_10_an_answer_that_is_cut_is_asked_for_once_more(
    on_sqlite: str, provider: TinyProvider, fault: Fault, grace: bool
):
    ticks = Ticks()
    provider.fault, provider.grace = fault, grace
    async with Node(on_sqlite, KEY, ticks=ticks) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        guid = await node.connect(provider, person, row)
        node.expire(guid)
        await trouble(node, person, row)
        provider.fault = None
        ticks.ahead += 61
        said = await node.ask(person, row)
        if grace:
            assert said.startswith("at-")
        else:
            assert said == "NeedsConsent: interrupted_refresh"
            assert await node.ask(person, row) == said
        assert len(provider.refreshes) == 2
        assert len(set(provider.refreshes)) == 1


@pytest.mark.parametrize("fault", [no_last_chunk, a_byte_short])
async def test_f_10_an_answer_that_is_whole_is_used_however_its_line_ends(
    on_sqlite: str, provider: TinyProvider, fault: Fault
):
    ticks = Ticks()
    provider.fault = fault
    async with Node(on_sqlite, KEY, ticks=ticks) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        await node.connect(provider, person, row)
        assert await node.ask(person, row) == "at-0"
        for _ in range(2):
            ticks.ahead += 3600
            assert (await node.ask(person, row)).startswith("at-")
        assert len(set(provider.refreshes)) == 2
        assert not provider.ended


@pytest.mark.parametrize(
    "fault",
    [
        saying("200 OK", b"<html>Sign in</html>", "X: y"),
        saying("200 OK", '{"access_token": "ü"}'.encode("latin-1")),
        saying("200 OK", gzip.compress(b"{}")[:-9], "Content-Encoding: gzip"),
        saying("200 OK", b"not gzip", "Content-Encoding: gzip"),
        saying("200 OK", b"{}" * 200_000),
        saying("200 OK", json.dumps({"error": "slow_down"}).encode()),
        saying("204 No Content"),
        saying("302 Found", b"", "Location: http://127.0.0.1:1/token"),
        saying("307 Moved", b"", "Location: http://127.0.0.1:1/token"),
        saying("400 Bad Request", b"{}"),
        saying("400 Bad Request", b"<html>"),
        saying("400 Bad Request", b'{"error": "temporarily_unavailable"}'),
        saying("403 Forbidden", b"go away"),
    ],
)
async def test_f_12_garbage_keeps_the_grant_and_is_noted_once(on_sqlite: str, provider: TinyProvider, fault: Fault):
    provider.fault, provider.rotates = fault, False
    ticks = Ticks()
    async with Node(on_sqlite, KEY, ticks=ticks) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        guid = await node.connect(provider, person, row)
        node.expire(guid)
        said = {(await node.ask(person, row)).partition(":")[0] for _ in range(5)}
        assert said == {"TryLater"}
        kept = node.connection(guid)
        assert (kept.status, kept.sealed_refresh is not None) == ("connected", True)
        assert len(provider.refreshes) == 1
        await until(lambda: "fail_oauth_refresh" in node.actions())
        assert node.actions().count("fail_oauth_refresh") == 1
        provider.fault = None
        ticks.ahead += 61
        assert (await node.ask(person, row)).startswith("at-")


async def test_f_11_fifty_refreshes_in_a_row_never_repeat_a_token(url: str, provider: TinyProvider):
    ticks = Ticks()
    async with Node(url, KEY, ticks=ticks) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        await node.connect(provider, person, row)
        assert await node.ask(person, row) == "at-0"
        for _ in range(50):
            ticks.ahead += 3600
            await asyncio.gather(*(node.ask(person, row) for _ in range(3)))
        assert len(provider.refreshes) == len(set(provider.refreshes)) == 50
        assert not provider.ended


async def test_f_15_what_is_to_be_revoked_outlives_an_outage_and_a_restart(url: str, provider: TinyProvider):
    provider.revoke_status = "503 Oh"
    async with Node(url, KEY) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        guid, token = await node.connect(provider, person, row), provider.newest["alice"]
        began = uptime()
        await node.vault.connections.disconnect(person, guid)
        assert uptime() - began < 2, "nobody waits for the provider"
        assert await node.ask(person, row) == "NotConnected: "
        await until(lambda: provider.revoked)
    provider.revoke_status = "200 OK"
    sent = len(provider.revoked)
    async with Node(url, KEY) as node:
        node.db.write_now(_due_now)
        node.vault.revoker.wake()
        await until(lambda: len(provider.revoked) > sent)
        assert set(provider.revoked) == {token}
        assert provider.log[-1].form["token_type_hint"] == "refresh_token"
        await until(lambda: "revoke_oauth_token" in node.actions())


async def test_f_15_a_provider_that_does_not_revoke_is_asked_no_more(on_sqlite: str, provider: TinyProvider):
    provider.revoke_status, provider.revoke_body = "400 Bad Request", b'{"error": "unsupported_token_type"}'
    async with Node(on_sqlite, KEY) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        await node.vault.connections.disconnect(person, await node.connect(provider, person, row))
        await until(lambda: "abandon_oauth_revocation" in node.actions())
        node.vault.revoker.wake()
        await asyncio.sleep(0.05)
        assert len(provider.revoked) == 1


def _due_now(session) -> None:
    from sqlmodel import select

    from server.db.clock import now
    from server.db.models import Revocation

    for row in session.exec(select(Revocation)).all():
        row.next_time = now() - timedelta(hours=1)
        session.add(row)


async def test_f_16_a_secret_that_ended_is_the_administrators_and_viewers_stay(on_sqlite: str, provider: TinyProvider):
    provider.fault, provider.rotates = saying("401 No", b'{"error": "invalid_client"}'), False
    async with Node(on_sqlite, KEY) as node:
        people = [await node.person(f"p{number}") for number in range(5)]
        row = await node.integration(provider.url)
        guids = [await node.connect(provider, person, row) for person in people]
        for guid in guids:
            node.expire(guid)
        heard = []
        node.vault.outcomes.listen(heard.append)
        for person in people:
            with pytest.raises(IntegrationBroken):
                await node.vault.tokens.access_token(person.user_id, row.id)
        assert len(provider.refreshes) == 1, "one refusal speaks for all"
        assert (heard[0].ok, heard[0].code) == (False, "invalid_client")
        provider.fault = None
        await node.change(row, client_secret="a new one")
        assert [(await node.ask(person, row))[:3] for person in people] == ["at-"] * 5
        assert {node.connection(guid).status for guid in guids} == {"connected"}


async def test_an_ended_grant_is_asked_for_once(url: str, provider: TinyProvider):
    async with Node(url, KEY) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        node.expire(await node.connect(provider, person, row))
        provider.ended.add("alice")
        for _ in range(20):
            with pytest.raises(NeedsConsent, match="invalid_grant"):
                await node.vault.tokens.access_token(person.user_id, row.id)
        assert len(provider.refreshes) == 1
