"""Bad input at every route with a body: a 4xx that says what is wrong, at once, with nothing written (S-18, T-113)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, func, select

from server.api import api_routes
from server.web.openapi import says
from server.web.routes import Route
from tests.unit.server.house import House, open_house
from tests.unit.server.samples import World
from tests.unit.server.test_who_may_call import ORIGIN, signed_in
from tests.unit.server.who_may_call import name

JSON = "application/json"
DEEP = 100_000
ON_THEIR_OWN = {
    "api_keys", "audit_events", "audit_head", "instances", "integration_health", "integration_hours", "revocations",
    "task_lines",
}  # fmt: skip
# Bodies that no route takes, however lenient.
NO_JSON = {
    "cut": b'{"name": "x"',
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "NaN": b'{"name": NaN}',
    "Infinity": b"[-Infinity]",
    "1e400": b'{"name": 1e400}',
    "a number of 5000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "a name twice": b'{"name": "x", "name": "y"}',
    "nested lists": b"[" * DEEP + b"]" * DEEP,
    "nested objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "nested, never closed": b"[" * DEEP,
    "33 levels": b"[" * 33 + b"]" * 33,
    "two values": b"{} {}",
    "a form": b"name=x&title=y",
    "HTML": b"<html></html>",
    "a NUL": b'{"name": "\x00"}',
    "a bare word": b"nothing",
}
TELLING = ("cut", "no UTF-8", "1e400", "a name twice", "nested lists")
# Valid JSON that is no object and no list of objects.
WRONG = [1, -1.5, True, None, "x", [[]], [1], ["x"], [None]]
ODD: list[Any] = [
    None, True, -1, 1.5, 10**30, 2**31, "", "x" * 5000, "\0", "\ud800", "../x", [[]], {}, "9" * 40, "٣",
]  # fmt: skip


def with_body(house: House) -> list[Route]:
    return [route for route in api_routes(house.services) if route.says is not None and route.says.body is not None]


def who(route: Route) -> str:
    """Who may ask: an administrator, but for what only the app or the content's owner may."""
    if route.path.endswith("/credentials"):
        return "app"
    return "owner" if (route.method, route.path[-5:]) == ("PUT", "/loan") else "administrator"


def takes_json(route: Route) -> bool:
    return says(route).body_type == JSON


class Watch:
    """Tells whether anything was committed since it was made, without reading what."""

    def __init__(self, house: House) -> None:
        self._file = sqlite3.connect(house.services.data_dir / "tabard.db")
        self.counted, self._version = counts(house), self._now()
        self._house = house

    def _now(self) -> int:
        return int(self._file.execute("PRAGMA data_version").fetchone()[0])

    def unchanged(self) -> bool:
        """Whether no table has more or fewer rows than when this was asked last."""
        before, version = self.counted, self._now()
        if version != self._version:
            self.counted, self._version = counts(self._house), version
        return self.counted == before


def counts(house: House) -> dict[str, int]:
    """How many rows each table has. The trail may tell of a refusal, and what was begun before goes on."""

    def read(session: Session) -> dict[str, int]:
        tables = SQLModel.metadata.sorted_tables
        return {t.name: session.exec(select(func.count()).select_from(t)).one() for t in tables}

    found: dict[str, int] = house.services.db.read_now(read)
    return {table: count for table, count in found.items() if table not in ON_THEIR_OWN}


class Asker:
    """Sends an administrator's request to any route (the app's, where only it may ask), with things that exist."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.world = World(house, "administrator", house.fill())
        self.routes = with_body(house)
        assert len(self.routes) > 10
        self.paths: dict[str, str] = {}
        self.watch = Watch(house)

    async def prepare(self) -> None:
        for route in self.routes:
            self.paths[name(route)] = await self.world.path(route)

    def who(self, route: Route) -> str:
        return who(route)

    async def send(self, route: Route, **terms: Any) -> Any:
        path = self.paths[name(route)]
        return await self.house.call(self.who(route), route.method, path, self.world.item, **terms)

    async def refused(self, route: Route, what: object, **terms: Any) -> Any:
        """The reply, which is a refusal of one shape that left the tables as they were."""
        self.watch.unchanged()
        reply = await self.send(route, **terms)
        told = (name(route), what, reply.status_code, reply.text[:200])
        assert 400 <= reply.status_code < 500, told
        error = reply.json()
        assert set(error) == {"code", "error", "payload"}, told
        assert isinstance(error["code"], int), told
        assert len(error["error"]) > 8, told
        assert len(reply.content) < 2000, told
        assert self.watch.unchanged(), told
        return reply


@pytest.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Asker]:
    async with open_house(tmp_path) as house:
        made = Asker(house)
        await made.prepare()
        yield made


async def test_what_is_no_json_is_refused_everywhere(asker: Asker):
    for number, route in enumerate(filter(takes_json, asker.routes)):
        # All of them meet the same parser: that each route asks it is what has to be seen.
        for what, raw in NO_JSON.items() if number < 2 else [(what, NO_JSON[what]) for what in TELLING]:
            reply = await asker.refused(route, what, content=raw, headers={"Content-Type": JSON})
            assert (reply.status_code, reply.json()["code"]) == (400, 87), (name(route), what, reply.text)


async def test_json_of_the_wrong_type_is_refused_everywhere(asker: Asker):
    for route in filter(takes_json, asker.routes):
        for value in WRONG:
            reply = await asker.refused(route, value, content=json.dumps(value).encode())
            assert reply.status_code == 400, (name(route), value, reply.text)


async def test_no_member_of_a_body_breaks_a_route(asker: Asker):
    """Every member of what each route takes, replaced by odd values: taken or refused, never a 5xx."""
    for route in filter(takes_json, asker.routes):
        sample = (await asker.world.terms(route)).get("json")
        whole = sample[0] if isinstance(sample, list) and sample else sample
        for member in whole if isinstance(whole, dict) else ():
            for value in ODD:
                changed = dict(whole) | {member: value}
                sent = json.dumps([changed] if isinstance(sample, list) else changed).encode()
                asker.watch.unchanged()
                reply = await asker.send(route, content=sent, headers={"Content-Type": JSON})
                told = (name(route), member, str(value)[:40], reply.status_code, reply.text[:200])
                assert reply.status_code < 500, told
                if reply.status_code >= 400:
                    assert set(reply.json()) == {"code", "error", "payload"}, told
                    assert asker.watch.unchanged(), told
                elif route.method == "DELETE":
                    break


async def test_unknown_members_are_ignored_and_protected_ones_do_not_change(asker: Asker):
    house, item = asker.house, asker.world.item
    odd = {"frobnicate": {"a": [1]}, "guid": "x", "id": 5, "created_time": "2001-01-01T00:00:00Z", "app_role": "owner"}
    one = f"/v1/content/{item.guid}"
    before = (await house.call("owner", "GET", one)).json()
    after = await house.call("owner", "PATCH", one, json=odd)
    assert (after.status_code, after.json()) == (200, before)
    person = house.people["viewer"]
    for member, value in (("user_role", "administrator"), ("locked", True), ("guid", "x"), ("confirmed", False)):
        await house.call("viewer", "PUT", f"/v1/users/{person.guid}", json={member: value})
    kept = (await house.call("administrator", "GET", f"/v1/users/{person.guid}")).json()
    assert (kept["user_role"], kept["locked"], kept["guid"]) == ("viewer", False, person.guid)


async def test_a_browser_must_say_json(asker: Asker):
    cookie, token = await signed_in(asker.house, "administrator")
    page = {"Cookie": cookie, "Origin": ORIGIN, "X-Tabard-CSRF": token}
    for route in filter(takes_json, asker.routes):
        if asker.who(route) == "app":
            continue
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "json"):
            headers = page | ({"Content-Type": kind} if kind else {})
            path = asker.paths[name(route)]
            reply = await asker.house.call("", route.method, path, content=b'{"name":"x"}', headers=headers)
            assert reply.status_code == 415, (name(route), kind, reply.text)
            assert JSON in reply.json()["error"]


async def stream(
    asker: Asker, route: Route, chunks: int, chunk: bytes, *, ends: str
) -> tuple[int, dict[str, Any], int]:
    """Send chunks without a length; how it was answered, and how many were read. `ends`: cut, or never."""
    key = asker.world.item.app_key if asker.who(route) == "app" else asker.house.keys[asker.who(route)]
    read, sent = 0, list[Any]()

    async def receive() -> dict[str, Any]:
        nonlocal read
        if read < chunks:
            read += 1
            return {"type": "http.request", "body": chunk, "more_body": True}
        if ends == "cut":
            return {"type": "http.disconnect"}
        raise AssertionError(f"{name(route)} reads a body to its end that is too large")

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"host": "localhost", "authorization": f"Key {key}", "content-type": JSON}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": route.method,
        "path": "/__api__" + asker.paths[name(route)],
        "raw_path": ("/__api__" + asker.paths[name(route)]).encode(),
        "query_string": b"",
        "client": ("127.0.0.1", 1),
        "headers": [(n.encode(), v.encode()) for n, v in headers.items()],
    }
    await asker.house.app.asgi(scope, receive, send)  # type: ignore[arg-type]
    return sent[0]["status"], json.loads(b"".join(m.get("body", b"") for m in sent)), read


async def test_a_body_of_100_mb_is_not_read_to_its_end(asker: Asker):
    chunk = b" " * (1024 * 1024)
    tracemalloc.start()
    try:
        for route in filter(takes_json, asker.routes):
            asker.watch.unchanged()
            status, error, read = await stream(asker, route, 100, chunk, ends="never")
            assert (status, set(error)) == (413, {"code", "error", "payload"}), name(route)
            assert read <= 2, name(route)
            assert asker.watch.unchanged()
            declared = await asker.send(route, content=b"{}", headers={"Content-Length": str(100 * 1024 * 1024)})
            assert declared.status_code == 413, name(route)
        assert tracemalloc.get_traced_memory()[1] < 50 * 1024 * 1024
    finally:
        tracemalloc.stop()


async def test_a_body_that_ends_early_is_refused(asker: Asker):
    for route in asker.routes:
        asker.watch.unchanged()
        status, error, _read = await stream(asker, route, 3, b'{"name": "x",', ends="cut")
        assert status == 400, (name(route), error)
        assert set(error) == {"code", "error", "payload"}
        assert asker.watch.unchanged()


async def test_the_same_request_twice(asker: Asker):
    """RFC 9110 section 9.2.2: PUT twice is as PUT once, and what was deleted is gone, not deleted again."""
    house = asker.house
    for route in api_routes(house.services):
        if route.method not in ("PUT", "DELETE"):
            continue
        world = World(house, who(route), house.item())
        path, terms = await world.path(route), await world.terms(route)
        first = await house.call(who(route), route.method, path, **terms)
        again = await house.call(who(route), route.method, path, **terms)
        told = (name(route), first.status_code, again.status_code, again.text)
        assert first.status_code < 300, told
        if route.method == "PUT":
            same = first.text == again.text or says(route).reply is None or unlike(first.json(), again.json())
            assert (again.status_code, same) == (first.status_code, True), told
        elif name(route) not in REPEATED:
            assert again.status_code == REFUSED_AGAIN.get(name(route), 404), told


# What can be deleted again and again, because it is about a state and not a thing.
REPEATED = {
    "DELETE /v1/oauth/authorizations",
    "DELETE /v1/system/caches/runtime",
    "DELETE /v1/content/{guid}/tags/{id}",
    "DELETE /v1/content/{guid}/bookmark",
}
# connect-api.md 2.7: the job is there, it only does not run any more.
REFUSED_AGAIN = {"DELETE /v1/content/{guid}/jobs/{key}": 409}


def unlike(one: Any, other: Any) -> bool:
    """Whether two replies differ in the time of the change at most."""
    if isinstance(one, list):
        return len(one) == len(other) and all(map(unlike, one, other))
    times = {"updated_time", "created_time"}
    return {k: v for k, v in one.items() if k not in times} == {k: v for k, v in other.items() if k not in times}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


async def test_fuzzed_json(asker: Asker):
    """Whatever JSON a route is sent, it is taken or refused in the one shape."""
    names = sorted({key for route in asker.routes for key in members_of(await asker.world.terms(route))})
    shaped = st.dictionaries(st.sampled_from(names) | st.text(max_size=8), anything, max_size=6)
    loop, said = asyncio.get_running_loop(), list[str]()

    def ask(route: Route, value: Any) -> None:
        raw = json.dumps(value).encode()
        sending = asker.send(route, content=raw, headers={"Content-Type": JSON})
        reply = asyncio.run_coroutine_threadsafe(sending, loop).result(30)
        assert reply.status_code < 500, (name(route), raw, reply.text)
        if reply.status_code >= 400:
            assert set(reply.json()) == {"code", "error", "payload"}, (name(route), raw)
        said.append(name(route))

    @seed(20261121)
    @settings(
        max_examples=15, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(value=shaped | st.lists(shaped, max_size=3) | anything)
    def everywhere(value: Any) -> None:
        for route in filter(takes_json, asker.routes):
            if route.method != "DELETE":
                ask(route, value)

    await asyncio.to_thread(everywhere)
    assert len(set(said)) > 10


def members_of(terms: dict[str, Any]) -> list[str]:
    value = terms.get("json")
    first = value[0] if isinstance(value, list) and value else value
    return list(first) if isinstance(first, dict) else []
