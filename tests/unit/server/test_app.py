"""The whole server over ASGI, without a socket: every room is mounted, and who may call what is a list."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from server import app as composition
from server.accounts import store as accounts
from server.app import Application, create_app
from server.content import store as contents
from server.db.touched import Touched
from server.installation import open_installation
from server.instances.live import Place
from server.settings import Settings
from server.web.room import NoSuchRoom
from tests.unit.dashboard.rig import open_rig

ORIGIN = "http://localhost:3939"


@asynccontextmanager
async def made(folder: Path, **terms: Any) -> AsyncIterator[Application]:
    rig = open_rig(folder)  # leaves a data directory that is ready
    await rig.aclose()
    settings = Settings(data_dir=folder / "data", **terms)
    opened = open_installation(settings)
    try:
        yield create_app(settings, opened)
    finally:
        opened.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """Looking for interpreters starts each of them."""
    monkeypatch.setattr(composition, "discover", list)


def client(app: Application, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app.asgi), base_url=ORIGIN, headers=headers)


async def test_every_room_is_there(tmp_path: Path):
    async with made(tmp_path) as app, client(app, Accept="text/html") as browser:
        for path, status in (
            ("/__ping__", 200),
            ("/__login__", 200),
            ("/__api__/server_settings", 200),
            ("/__api__/v1/user", 401),
            ("/__api__/v1/nothing", 404),
            ("/static/favicon.svg", 200),
            ("/nothing", 303),
            ("/content/046f9a7d-3c00-41db-9ac7-0d153f2edfdd/", 303),
            ("/connections", 303),
        ):
            found = await browser.get(path)
            assert found.status_code == status, (path, found.status_code)


async def test_a_server_without_a_dashboard_and_one_whose_dashboard_is_missing(tmp_path: Path):
    async with made(tmp_path / "a", dashboard="") as app, client(app) as browser:
        assert (await browser.get("/connections")).status_code == 404
        assert (await browser.get("/__login__")).status_code == 200
    with pytest.raises(NoSuchRoom):
        async with made(tmp_path / "b", dashboard="nowhere:room"):
            pass


async def test_no_path_of_ours_can_be_contents_own(tmp_path: Path):
    async with made(tmp_path) as app:
        served = app.services.vanities.served
        assert {"static", "dashboard-static", "connections", "keys", "apps", "integrations", "favicon.svg"} <= served
        assert "__login__" in served


async def test_a_path_of_contents_own_is_told_only_to_those_who_may_look(tmp_path: Path):
    async with made(tmp_path) as app:
        s = app.services
        people = {}
        for name in ("ann", "eve"):
            user = s.db.write_now(lambda x, n=name: accounts.add_user(x, username=n, role="publisher"))
            people[name] = (user, {"Authorization": f"Key {s.db.write_now(accounts.add_key, user, 'k')[1]}"})
        ann, key = people["ann"]
        guid = s.db.write_now(lambda x: contents.add(x, ann.id or 0, {})).guid
        body = {"path": "Finance/2026"}
        async with client(app) as script, client(app, Accept="text/html") as browser:
            put = await script.put(f"/__api__/v1/content/{guid}/vanity", json=body, headers=key)
            assert put.json()["path"] == "/Finance/2026/"
            for path, leads in (("/finance/2026", "/"), ("/Finance/2026/a/b?c=%2F&d", "/a/b?c=%2F&d")):
                found = await script.request("POST", path, headers=key)
                assert (found.status_code, found.headers["location"]) == (307, f"/content/{guid}{leads}")
            for asking, headers in (
                (script, {}),
                (script, people["eve"][1]),
                (browser, {}),
                (browser, people["eve"][1]),
            ):
                there, nowhere = [await asking.get(p, headers=headers) for p in ("/finance/2026/x", "/finance/2027/x")]
                same = [r.text.replace("2027", "2026") for r in (there, nowhere)]
                assert there.status_code == nowhere.status_code != 307
                assert len(same[0]) == len(same[1])
                assert there.headers.get("location", "") == nowhere.headers.get("location", "").replace("2027", "2026")
            s.db.write_now(contents.change, guid, {"access_type": "all"})
            s.directory.forget(guid)
            assert (await browser.get("/finance/2026/")).status_code == 307
            shown = await browser.get(f"/content/{guid}/__thumbnail__")
            assert (shown.status_code, shown.content) == (204, b"")


async def test_what_a_visitor_meets_follows_the_access_list(tmp_path: Path):
    async with made(tmp_path) as app:
        s = app.services
        ann = s.db.write_now(lambda x: accounts.add_user(x, username="ann", role="publisher"))
        guid = s.db.write_now(lambda x: contents.add(x, ann.id or 0, {"access_type": "all"})).guid
        async with client(app) as script:
            assert (await script.get(f"/content/{guid}/")).status_code == 404
            s.db.write_now(contents.change, guid, {"access_type": "acl"})
            assert (await script.get(f"/content/{guid}/")).status_code == 404
            s.directory.forget(guid)
            assert (await script.get(f"/content/{guid}/")).status_code == 401


async def test_who_must_hear_of_a_change_does(tmp_path: Path, monkeypatch):
    heard: list[tuple[str, str]] = []

    class Listening(composition.Presence):
        def session_ended(self, tag: str) -> None:
            heard.append(("session", tag))

        async def content_changed(self, content_guid: str) -> None:
            heard.append(("content", content_guid))

        async def people_changed(self, user_guids: frozenset[str]) -> None:
            heard.extend(("person", guid) for guid in user_guids)

    monkeypatch.setattr(composition, "Presence", Listening)
    async with made(tmp_path) as app:
        app.services.directory.forget("g")
        app.services.sessions.end_key(7, "hash")
        app.services.sessions.people_changed(["p"])
        await asyncio.sleep(0)
    assert sorted(heard) == [("content", "g"), ("person", "p"), ("session", "key:7")]


async def test_renderings_of_deleted_content_are_stopped(tmp_path: Path, monkeypatch):
    stopped: list[str] = []

    async def stop(key: str) -> bool:
        stopped.append(key)
        return True

    async with made(tmp_path) as app:
        s = app.services
        monkeypatch.setattr(s.renderer, "of", lambda guid: [f"job of {guid}"])
        monkeypatch.setattr(s.renderer, "stop", stop)
        owner = s.db.write_now(lambda session: accounts.add_user(session, username="ann", role="publisher"))
        there = s.db.write_now(lambda session: contents.add(session, owner.id or 0, {}))
        s.directory.forget(there.guid)
        s.directory.forget("gone")
        async with asyncio.timeout(5):
            while not stopped:
                await asyncio.sleep(0.01)
    assert stopped == ["job of gone"]


async def test_the_lifespan_starts_and_ends(tmp_path: Path):
    async with made(tmp_path) as app:
        asked, said = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], []

        async def receive() -> dict[str, str]:
            return asked.pop(0)

        async def send(message: dict[str, str]) -> None:
            said.append(message["type"])

        await app.asgi({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]
        assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_what_another_gateway_changed_is_caught_up_with(tmp_path: Path, monkeypatch):
    retired: list[tuple[str, bool]] = []
    renewed: list[str] = []

    async def renew(guid: str) -> None:
        renewed.append(guid)

    async with made(tmp_path) as app:
        s = app.services
        owner = s.db.write_now(lambda session: accounts.add_user(session, username="ann", role="publisher"))
        there = s.db.write_now(lambda session: contents.add(session, owner.id or 0, {}))
        lives = {there.guid: [Running(Place(there.guid, 7))], "gone": [Running(Place("gone", 1))]}
        monkeypatch.setattr(s.pool, "served", lambda: set(lives))
        monkeypatch.setattr(s.pool, "find", lives.__getitem__)
        monkeypatch.setattr(s.pool, "retire", lambda guid, *, but=None, now=False: retired.append((guid, now)))
        monkeypatch.setattr(s.pool, "renew_tokens", renew)
        s.db.changes._tell(Touched({"content": frozenset({1}), "associations": None}), elsewhere=True)
        async with asyncio.timeout(5):
            while len(retired) < 2 or len(renewed) < 2:
                await asyncio.sleep(0.01)
    assert sorted(retired) == sorted([(there.guid, False), ("gone", True)])
    assert sorted(renewed) == sorted(lives)


class Running:
    """An instance as far as its place is concerned."""

    def __init__(self, place: Place) -> None:
        self.place = place
