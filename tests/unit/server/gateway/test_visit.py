"""The order of a visit's steps: each obstacle in its turn, for HTTP and sockets alike."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from server.access import store as access
from server.accounts import store as accounts
from server.audit.trail import Trail
from server.consent.check import Connected, Missing, Needed
from server.content import store as content
from server.db.engine import Database
from server.db.models import User
from server.gateway import obstacles
from server.gateway.acquire import Acquirer
from server.gateway.introduce import HANDLE_HEADER
from server.gateway.visit import Shelved, Visit, Visits
from server.groups import store as groups
from server.instances.live import Place
from server.links.links import Links
from server.proxy.contract import Destination
from server.proxy.upstream import Upstream
from server.sessions.handles import Handles
from server.sessions.identify import Sessions
from server.web.caller import Caller
from tests.unit.server.instances.rig import Rig

ORIGIN = "http://localhost:3939"


class Gate(Rig):
    """A rig with the steps before it; consent and associations are the test's."""

    def __init__(self, db: Database, root: Path) -> None:
        super().__init__(db, root)
        self.sessions = Sessions(db, secure=False, idle=3600, absolute=7200)
        self.missing: tuple[Needed, ...] = ()
        self.consulted = 0
        self.handles = Handles(self.keyring)
        self.sharing = Links(db, Trail(db), secure=False)
        self.visits = Visits(
            self.sessions,
            self.directory,
            self,  # type: ignore[arg-type]
            self.sharing,
            self,  # type: ignore[arg-type]
            Acquirer(self.pool, self.documents),
            self.handles,
            (ORIGIN, "http://127.0.0.1:3939"),
        )

    def _open(self, host: str, port: int) -> Any:
        return Upstream(host, port)

    async def check(self, caller: Any, view: Any, _associations: Any) -> Connected | Missing:
        """In place of consent."""
        self.consulted += 1
        return Missing(caller, view, self.missing, 1) if self.missing else Connected(caller, view)

    def person(self, name: str, role: str = "viewer") -> tuple[User, str]:
        user = self.db.write_now(lambda s: accounts.add_user(s, username=name, role=role))
        return user, self.db.write_now(accounts.add_key, user, "k")[1]

    def put(self, **fields: Any) -> None:
        self.db.write_now(content.change, self.guid, fields)
        self.directory.forget(self.guid)

    async def visit(self, path: str = "/", key: str = "", *, socket: bool = False, **headers: str) -> Any:
        sent = [(n.encode(), v.encode()) for n, v in headers.items()]
        if key:
            sent.append((b"authorization", f"Key {key}".encode()))
        target = path if path.startswith("/content/x") or path == "/elsewhere" else f"/content/{self.guid}{path}"
        return await self.visits.decide(target.encode(), tuple(sent), socket=socket, patience=2.0)


@pytest.fixture
async def gate(db: Database, tmp_path: Path) -> AsyncIterator[Gate]:
    made = Gate(db, tmp_path)
    number = made.bundle()
    made.put(bundle_id=number, app_mode="python-streamlit")
    yield made
    await made.pool.aclose()


@pytest.mark.parametrize("socket", [False, True])
async def test_each_obstacle_in_its_turn(gate: Gate, socket: bool):
    vic, key = gate.person("vic")

    async def found(path: str = "/", who: str = key) -> Any:
        return await gate.visit(path, who, socket=socket)

    assert isinstance(await found(who="wrong"), obstacles.BadIdentity)
    origin = {"origin": ORIGIN} if socket else {}
    assert isinstance(await gate.visit(socket=socket, **origin), obstacles.SignIn)
    assert isinstance(await found("/elsewhere"), obstacles.Nothing)
    gate.put(access_type="acl", locked=True)
    assert isinstance(await found(), obstacles.NotAllowed)
    gate.db.write_now(access.put, gate.view.id, gate.owner.guid, vic.guid, "viewer")
    gate.directory.forget(gate.guid)
    assert isinstance(await found(), obstacles.Locked)
    gate.put(locked=False)
    gate.missing = (Needed(SimpleNamespace(guid="i")),)  # type: ignore[arg-type]
    assert gate.consulted == 0
    assert isinstance(await found(), obstacles.NotConnected)
    assert gate.runner.started == []
    gate.missing = ()
    visit = await found()
    assert isinstance(visit, Visit)
    assert visit.caller.username == "vic"
    assert isinstance(await found("/_stcore/metrics"), obstacles.Nothing)
    assert isinstance(await found("/_stcore/metrics/x"), obstacles.Nothing)
    assert isinstance(await found("/_stcore/%6detrics"), obstacles.Nothing)
    assert isinstance(await found("/%5Fstcore%2Fmetrics"), obstacles.Nothing)
    assert isinstance(await found("/_stcore/metricsx"), Visit)


async def test_an_open_page_gets_its_pieces_although_a_connection_ended(gate: Gate):
    _, key = gate.person("vic")
    gate.put(access_type="logged_in")
    gate.missing = (Needed(SimpleNamespace(guid="i")),)  # type: ignore[arg-type]

    async def found(dest: str, site: str = "same-origin") -> Any:
        return await gate.visit("/x.js", key, **{"sec-fetch-dest": dest, "sec-fetch-site": site})

    for dest in ("script", "style", "font", "image"):
        assert isinstance(await found(dest), Visit)
        assert isinstance(await found(dest, "cross-site"), obstacles.NotConnected)
    for dest in ("document", "iframe", "empty", "websocket"):
        assert isinstance(await found(dest), obstacles.NotConnected)


async def test_an_app_that_knows_no_base_path_gets_what_lies_below_it(gate: Gate):
    _, key = gate.person("vic")
    gate.put(bundle_id=gate.bundle("app.py", "python-shiny"), app_mode="python-shiny", access_type="logged_in")
    for inside, below in (("/", b"/"), ("/a%2Fb;c?d=%2e", b"/a%2Fb;c?d=%2e"), ("/?", b"/?")):
        visit = await gate.visit(inside, key)
        assert isinstance(visit, Visit)
        assert (visit.destination.target, visit.destination.stripped) == (below, True)
        assert visit.destination.base_path == f"/content/{gate.guid}"
    socket = await gate.visit("", key, socket=True)
    assert isinstance(socket, Visit)
    assert socket.destination.target == b"/"
    headers = dict(socket.destination.inject)
    assert headers[b"shiny-server-credentials"] == headers[b"rstudio-connect-credentials"]
    for closed in ("//evil.example/", "/__ready__", "/%5F_ready__"):
        assert isinstance(await gate.visit(closed, key), obstacles.Nothing)


async def test_who_leaves_a_group_while_she_is_let_in_is_not(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    vic, key = gate.person("vic")
    team = gate.db.write_now(groups.add, "Team", gate.owner.id)
    gate.db.write_now(groups.join, team.id, vic.guid)
    gate.db.write_now(access.put, gate.view.id, gate.owner.guid, team.guid, "viewer", "group")
    gate.put(access_type="acl")
    visit = await gate.visit("/", key)
    assert isinstance(visit, Visit)
    assert json.loads(dict(visit.destination.inject)[b"rstudio-connect-credentials"])["groups"] == ["Team"]
    look_up = gate.directory.by_guid

    async def leaving(guid: str) -> Any:
        view = await look_up(guid)
        gate.db.write_now(groups.drop, team.id, team.guid)
        gate.sessions.people_changed([vic.guid])
        monkeypatch.undo()
        return view

    monkeypatch.setattr(gate.directory, "by_guid", leaving)
    assert isinstance(await gate.visit("/", key), obstacles.NotAllowed)


async def test_a_picture_is_for_those_who_may_look_and_needs_no_app(gate: Gate):
    _vic, key = gate.person("vic")
    gate.put(access_type="acl")
    path = "/__thumbnail__"
    assert isinstance(await gate.visit(path, key), obstacles.NotAllowed)
    assert isinstance(await gate.visit(path), obstacles.SignIn)
    gate.put(access_type="logged_in", locked=True, bundle_id=None)
    assert isinstance(await gate.visit(path, key), obstacles.Pictured)
    for other in ("/__thumbnail__/", "/x/__thumbnail__"):
        assert not isinstance(await gate.visit(other, key), obstacles.Pictured)
    assert (gate.runner.started, gate.consulted) == ([], 0)


async def test_strangers_learn_nothing_of_what_exists(gate: Gate):
    unknown = "/content/x46f9a7d-3c00-41db-9ac7-0d153f2edfdd/".replace("/x", "/0")
    here = await gate.visits.decide(f"/content/{gate.guid}/".encode(), (), socket=False, patience=1)
    there = await gate.visits.decide(unknown.encode(), (), socket=False, patience=1)
    assert here == there == obstacles.SignIn()


@pytest.mark.parametrize("socket", [False, True])
@pytest.mark.parametrize("how", ["access", "key", "lock", "content"])
async def test_what_changes_while_an_app_starts_counts(gate: Gate, how: str, socket: bool):
    vic, key = gate.person("vic")
    gate.put(access_type="logged_in")
    gate.runner.gate.clear()
    visit = asyncio.create_task(gate.visit("/", key, socket=socket))
    while not gate.pool.progress(Place(gate.guid, gate.view.bundle_id or 0)):
        await asyncio.sleep(0.01)
    if how == "access":
        gate.put(access_type="acl")
    elif how == "content":
        gate.put(locked=True)
    elif how == "lock":
        gate.db.write_now(accounts.set_locked, vic.guid, True)
        await gate.sessions.person_changed(vic.guid, end_sessions=True)
    else:
        gate.sessions.end_key(1, gate.db.write_now(accounts.drop_key, vic.id, 1))
    gate.runner.gate.set()
    wanted = {"access": obstacles.NotAllowed, "content": obstacles.Locked}.get(how, obstacles.BadIdentity)
    assert isinstance(await visit, wanted)


async def test_a_missing_slash_is_added_for_those_who_may_look(gate: Gate):
    _vic, key = gate.person("vic")
    gate.put(access_type="logged_in")
    found = await gate.visit("?a=b", key)
    assert found == obstacles.Elsewhere(f"/content/{gate.guid}/?a=b")
    assert isinstance(await gate.visit("", ""), obstacles.SignIn)


async def test_drafts_are_for_editors(gate: Gate):
    pat, key = gate.person("pat", "publisher")
    gate.put(access_type="logged_in")
    number = gate.bundle("draft.py")
    assert isinstance(await gate.visit(f"/_bundle{number}/", key), obstacles.NotAllowed)
    gate.db.write_now(access.put, gate.view.id, gate.owner.guid, pat.guid, "owner")
    gate.directory.forget(gate.guid)
    visit = await gate.visit(f"/_bundle{number}/", key)
    assert isinstance(visit, Visit)
    assert visit.destination.base_path == f"/content/{gate.guid}/_bundle{number}"
    assert f"draft:{gate.guid}:{pat.guid}" in visit.destination.tags
    other = gate.db.write_now(lambda s: content.add(s, gate.owner.id or 0, {}))
    assert other.id
    assert isinstance(await gate.visit("/_bundle99999/", key), obstacles.NotRunning)


async def test_content_without_a_version_and_one_that_cannot_start(gate: Gate):
    _vic, key = gate.person("vic")
    gate.put(access_type="logged_in", bundle_id=None)
    found = await gate.visit("/", key)
    assert isinstance(found, obstacles.Nothing)
    assert found.view is not None
    gate.put(bundle_id=gate.bundle("crash.py"))
    found = await gate.visit("/", key)
    assert isinstance(found, obstacles.NotRunning)
    assert (found.status, found.editable) == (502, False)


@pytest.mark.parametrize(
    ("origin", "key", "passes"),
    [
        (ORIGIN, True, True), ("http://127.0.0.1:3939", True, True), ("", True, True), ("", False, False),
        ("null", True, False), ("http://evil.example", True, False), ("https://localhost:3939", True, False),
        ("http://localhost:3939.evil.example", False, False), (ORIGIN, False, True),
    ],
)  # fmt: skip
async def test_sockets_come_from_our_own_pages(gate: Gate, origin: str, key: bool, passes: bool):
    _vic, value = gate.person("vic")
    gate.put(access_type="all")
    headers = {"origin": origin} if origin else {}
    found = await gate.visit("/_stcore/stream", value if key else "", socket=True, **headers)
    assert isinstance(found, Visit if passes else obstacles.ForeignOrigin)


async def test_a_script_without_a_session_is_told_to_sign_in(gate: Gate):
    gate.put(access_type="logged_in")
    assert isinstance(await gate.visit("/_stcore/stream", socket=True), obstacles.SignIn)


async def test_the_identity_an_app_is_given(gate: Gate):
    vic, key = gate.person("zoë")
    gate.put(access_type="logged_in")
    visit = await gate.visit("/", key)
    given = dict(visit.destination.inject)
    assert given[b"x-app-user"] == b"zo%C3%AB"
    handle = gate.handles.read(given[HANDLE_HEADER].decode())
    assert handle is not None
    assert (handle.user_guid, handle.content_guid) == (vic.guid, gate.guid)
    assert all(b"\r" not in v and b"\n" not in v and v.isascii() for v in given.values())
    again = await gate.visit("/", key)
    assert dict(again.destination.inject)[HANDLE_HEADER] == given[HANDLE_HEADER]
    gate.put(access_type="all")
    public = dict((await gate.visit("/", key)).destination.inject)
    assert HANDLE_HEADER not in public
    nobody = await gate.visit("/")
    assert nobody.destination.inject == ()
    assert f"visit:{gate.guid}:{vic.guid}" in visit.destination.tags
    assert f"viewer:{vic.guid}" in visit.destination.tags


@pytest.mark.parametrize("socket", [False, True])
async def test_files_are_behind_the_same_steps(gate: Gate, socket: bool):
    vic, key = gate.person("vic")
    gate.put(bundle_id=gate.site({"index.html": ""}), app_mode="static", access_type="acl")
    assert isinstance(await gate.visit("/", key, socket=socket), obstacles.NotAllowed)
    gate.db.write_now(access.put, gate.view.id, gate.owner.guid, vic.guid, "viewer")
    gate.directory.forget(gate.guid)
    visit = await gate.visit("/a?b=1", key, socket=socket)
    assert isinstance(visit.destination, Shelved)
    assert (visit.destination.inside, visit.destination.query) == ("/a", "b=1")
    assert visit.destination.base_path == f"/content/{gate.guid}"
    assert gate.consulted == 1
    assert gate.runner.started == []


async def test_a_share_link_opens_its_content_to_nobody_in_particular(gate: Gate):
    _pat, key = gate.person("pat")
    owner = Caller(gate.owner.id or 0, gate.owner.guid, "ann", role="publisher", via="session")
    gate.put(access_type="acl")
    row, secret = await gate.sharing.make(owner, gate.view, "", None)
    assert isinstance(await gate.visit(), obstacles.SignIn)
    for extra in ({}, {"origin": ORIGIN}):
        found = await gate.visit(cookie=f"tabard_share={secret}", socket=bool(extra), **extra)
        assert isinstance(found, Visit)
        assert (found.caller.via, found.caller.signed_in) == ("link", False)
        assert isinstance(found.destination, Destination)
        assert found.destination.inject == ()
        assert found.caller.credential in found.destination.tags
    # Her own credential counts before a link, and a wrong or missing secret opens nothing.
    assert isinstance(await gate.visit(key=key, cookie=f"tabard_share={secret}"), obstacles.NotAllowed)
    assert isinstance(await gate.visit(cookie=f"tabard_share={secret[::-1]}"), obstacles.SignIn)
    assert isinstance(await gate.visit(cookie=f"tabard_share={secret}", socket=True), obstacles.ForeignOrigin)
    await gate.sharing.revoke(owner, gate.view, row.guid)
    assert isinstance(await gate.visit(cookie=f"tabard_share={secret}"), obstacles.SignIn)
