"""Two gateways on one PostgreSQL: one truth within a second, one refresh, and each ends only what is its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlmodel import Session, col, select

from server.db.engine import Database
from server.db.models import Content, Instance, Task
from server.settings import PARSERS
from tests.harness.gateway import Gateway, until
from tests.harness.grants import Node
from tests.harness.nodes import App, behind, caller, gateways
from tests.harness.people import Someone, add_person, csrf_of, sign_in
from tests.harness.postgres import postgres
from tests.harness.publishing import new_content
from tests.harness.tiny_provider import TinyProvider

LATEST = 1.0


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Gateway]]:
    with postgres() as server, gateways(server, tmp_path_factory.mktemp("nodes")) as made:
        yield made


@pytest.fixture
def provider() -> Iterator[TinyProvider]:
    with TinyProvider() as made:
        yield made


@pytest.fixture
def browsers() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as made:
        yield made


@dataclass
class Viewing:
    """Somebody who is connected and has content open, ready to exchange at any gateway."""

    person: Someone
    browser: httpx.Client
    caller: Any
    integration: Any
    connection: str
    app: App


async def viewing(
    node: Node, first: Gateway, provider: TinyProvider, name: str, browsers: contextlib.ExitStack
) -> Viewing:
    person = add_person(first, name)
    browser = browsers.enter_context(contextlib.closing(sign_in(first, person)))
    there = await node.integration(provider.url)
    guid = new_content(first, name=f"app-{name}", access_type="acl")
    entry = {"principal_guid": person.guid, "principal_type": "user", "role": "viewer"}
    reply = first.api("POST", f"/v1/content/{guid}/permissions", json=entry)
    assert reply.status_code == 200, reply.text
    node.db.write_now(_deployed, guid)
    path, body = f"/v1/content/{guid}/oauth/integrations/associations", [{"oauth_integration_guid": there.guid}]
    until(lambda: first.api("PUT", path, json=body).status_code == 200, "the gateway to know of the deployment", 5)
    who = caller(node, person)
    connection = await node.connect(provider, who, there, family=name)
    return Viewing(person, browser, who, there, connection, App.of(node, first, guid, who))


def _deployed(session: Session, guid: str) -> None:
    """As a deployment leaves it; nothing of it is started here."""
    row = session.exec(select(Content).where(Content.guid == guid)).one()
    row.app_mode, row.bundle_id = "python-streamlit", 1
    session.add(row)


def sign_out(first: Gateway, who: Viewing) -> None:
    form = {"csrf": csrf_of(who.browser.get("/__no_such_page__").text)}
    reply = who.browser.post("/__logout__", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert reply.status_code in (200, 303), reply.text


def api(method: str, path: str, **options: Any) -> Callable[[Gateway, Viewing], None]:
    def change(first: Gateway, who: Viewing) -> None:
        names = {"content": who.app.guid, "person": who.person.guid, "connection": who.connection}
        reply = first.api(method, path.format(integration=who.integration.guid, **names), **options)
        assert reply.status_code in (200, 202, 204), (path, reply.text)

    return change


def lose_access(first: Gateway, who: Viewing) -> None:
    (entry,) = first.api("GET", f"/v1/content/{who.app.guid}/permissions").json()
    reply = first.api("DELETE", f"/v1/content/{who.app.guid}/permissions/{entry['id']}")
    assert reply.status_code == 204, reply.text


CHANGES: dict[str, Callable[[Gateway, Viewing], None]] = {
    "disassociated": api("PUT", "/v1/content/{content}/oauth/integrations/associations", json=[]),
    "access": lose_access,
    "locked": api("POST", "/v1/users/{person}/lock", json={"locked": True}),
    "signed out": sign_out,
    "disconnected": api("DELETE", "/v1/oauth/sessions/{connection}"),
    "integration": api("DELETE", "/v1/oauth/integrations/{integration}"),
    "content": api("DELETE", "/v1/content/{content}"),
}


async def test_t_50_what_one_gateway_takes_away_the_other_refuses_within_a_second(
    nodes: list[Gateway], provider: TinyProvider, browsers: contextlib.ExitStack
):
    first, second = nodes
    took: dict[str, float] = {}
    async with behind(first) as node:
        for number, (name, change) in enumerate(CHANGES.items()):
            who = await viewing(node, first, provider, f"viewer{number}", browsers)
            for _ in range(2):
                reply = await asyncio.to_thread(who.app.exchange, second)
                assert reply.status_code == 200, (name, reply.text)
            change(first, who)
            done = time.monotonic()
            while True:
                began = time.monotonic()
                reply = await asyncio.to_thread(who.app.exchange, second)
                if reply.status_code != 200:
                    break
                assert began - done < LATEST, f"{name}: a second later it was still answered"
                await asyncio.sleep(0.02)
            assert 400 <= reply.status_code < 500, (name, reply.text)
            took[name] = round(time.monotonic() - done, 2)
    print(f"\nrefused at the other gateway after {took} s")


async def test_o_20_two_hundred_exchanges_at_two_gateways_at_expiry_are_one_refresh(
    nodes: list[Gateway], provider: TinyProvider, browsers: contextlib.ExitStack
):
    async with behind(nodes[0]) as node:
        who = await viewing(node, nodes[0], provider, "many", browsers)
        node.expire(who.connection)
        provider.delay = 0.5

        async def ask(client: httpx.AsyncClient, gateway: Gateway) -> httpx.Response:
            while True:
                reply = await client.post(**who.app.request(gateway))
                if reply.status_code != 429:
                    return reply
                await asyncio.sleep(0.2)

        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=200)) as client:
            replies = await asyncio.gather(*(ask(client, nodes[number % 2]) for number in range(200)))
        assert {reply.status_code for reply in replies} == {200}
        assert len({reply.json()["access_token"] for reply in replies}) == 1
        assert len(provider.refreshes) == 1


def test_a_gateway_that_starts_leaves_the_others_work_alone(nodes: list[Gateway]):
    first, second = nodes
    guid = new_content(first, name="left")
    database = Database(str(PARSERS["database_url"](first.environ["TABARD_DATABASE_URL"])))
    homes = [(gateway.data_dir / "gateway").read_text().strip() for gateway in nodes]
    assert homes[0] != homes[1]

    def add(session: Session) -> None:
        row = session.exec(select(Content).where(Content.guid == guid)).one()
        for number, home in enumerate(homes):
            owner = f"another boot|{number}|1|x|{home}"
            session.add(Instance(key=f"key{number}", content_id=row.id or 0, owner=owner))
            session.add(Task(id=f"task{number}", user_guid="u", owner=owner))

    def left(session: Session) -> list[str]:
        running = select(Instance.key).where(col(Instance.key).startswith("key"), col(Instance.end_time).is_(None))
        tasks = select(Task.id).where(col(Task.id).startswith("task"), col(Task.finished).is_(False))
        return sorted([*session.exec(running).all(), *session.exec(tasks).all()])

    database.write_now(add)
    second.kill()
    second.start()
    assert database.read_now(left) == ["key0", "task0"]
    database.close()


async def test_f_04_a_gateway_that_is_stopped_stores_what_it_asked_for_and_the_other_hands_it_out(
    nodes: list[Gateway], provider: TinyProvider, browsers: contextlib.ExitStack
):
    first, second = nodes
    async with behind(first) as node:
        who = await viewing(node, first, provider, "stopped", browsers)
        node.expire(who.connection)
        there, provider.delay = threading.Event(), 1.0
        provider.arrived = lambda _form: there.set()
        asking = asyncio.create_task(asyncio.to_thread(_whatever_comes, who.app, first))
        assert await asyncio.to_thread(there.wait, 20)
        assert first.process is not None
        first.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(first.process.wait, 30) == 0
        await asking
        row = node.connection(who.connection)
        assert (row.status, row.lease_owner, row.attempt_hash) == ("connected", None, None)
        reply = await asyncio.to_thread(who.app.exchange, second)
        assert reply.status_code == 200, reply.text
        assert len(provider.refreshes) == 1


def _whatever_comes(app: App, gateway: Gateway) -> None:
    try:
        app.exchange(gateway)
    except httpx.TransportError:
        return
