"""A whole server over fakes: nothing is built and no process starts, but every route is the real one, asked by key."""

from __future__ import annotations

import asyncio
import gzip
import io
import itertools
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from sqlmodel import Session

from integrations.contract import Secret, TokenSet
from runners.backends.fake import FakeRunner
from runners.environments.interpreters import Interpreter
from server import app as composition
from server import services as services_module
from server.access import store as access
from server.accounts import store as accounts
from server.app import Application, create_app
from server.bundles import store as bundles
from server.content import store as contents
from server.db.models import Bundle, Instance, Package, User
from server.installation import open_installation
from server.instances import tail
from server.settings import Settings
from server.vault.connections import Consented
from server.web.caller import Caller
from tests.unit.dashboard.rig import open_rig
from tests.unit.server.instances.rig import FakePreparer

CALLERS = ("anonymous", "viewer", "publisher", "collaborator", "owner", "administrator", "app")
ROLES = {
    "viewer": "viewer",
    "publisher": "publisher",
    "collaborator": "publisher",
    "owner": "publisher",
    "administrator": "administrator",
}
SECRET = b"b" * 32


@dataclass(frozen=True)
class Item:
    """One content item of `owner`, with what belongs to it: `active` serves, `bundle` does not, `job` runs."""

    guid: str
    id: int
    active: int
    bundle: int
    job: str
    permission: int
    app_key: str


@dataclass
class House:
    """The server, its people with their keys, and one item; `viewer` and `collaborator` are on the item's list."""

    app: Application
    keys: dict[str, str] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def services(self) -> Any:
        return self.app.services

    @cached_property
    def client(self) -> httpx.AsyncClient:
        """A client without a socket."""
        transport = httpx.ASGITransport(self.app.asgi)
        return httpx.AsyncClient(transport=transport, base_url=self.services.settings.origin + "/__api__")

    def fill(self) -> Item:
        """The people, an environment in the cache, and the first item."""
        for name, role in ROLES.items():
            self.people[name], self.keys[name] = self.services.db.write_now(self._person, name, role)
        cache = self.services.data_dir / "environments" / "key"
        cache.mkdir(parents=True)
        (cache / ".complete").write_text(json.dumps({"key": "key", "version": "3.11.7"}))
        return self.item()

    def _person(self, session: Session, name: str, role: str) -> tuple[User, str]:
        user = accounts.add_user(session, username=name, role=role, email=f"{name}@example.org")
        return user, accounts.add_key(session, user, "test")[1]

    def person(self, role: str = "viewer") -> User:
        """One more person."""
        made: User = self.services.db.write_now(self._person, f"{role}{next(self._numbers)}", role)[0]
        return made

    def caller(self, name: str) -> Caller:
        """A person of the house as the server sees her with her key."""
        user = self.people[name]
        return Caller(user.id or 0, user.guid, user.username, user.username, user.email, user.role, "key", "key:0")

    async def connect(self, name: str, integration: str) -> str:
        """A connection of a person, as a consent leaves it; its GUID."""
        s = self.services
        row = await s.integrations.get(integration)
        tokens = TokenSet(access_token=Secret("a"), token_type="Bearer", refresh_token=Secret("r"), expires_in=3600)
        config = s.integrations.client_config(row)
        new = Consented(row.id, row.config_version, config, tokens, row.created_time, name)
        kept: str | None = await s.vault.connections.save(self.caller(name), new)
        assert kept
        return kept

    def item(self) -> Item:
        """One more item, with two bundles, a job, and people on its list."""
        made: Item = self.services.db.write_now(self._item)
        return made

    def _item(self, session: Session) -> Item:
        owner = self.people["owner"].id or 0
        row = contents.add(session, owner, {"title": "Sales", "access_type": "acl"})
        assert row.id is not None
        entries = [
            access.put(session, row.id, self.people["owner"].guid, self.people[name].guid, role)
            for name, role in (("viewer", "viewer"), ("collaborator", "owner"))
        ]
        numbers = [self._bundle(session, row.id) for _ in range(2)]
        row.bundle_id, row.app_mode, row.py_version = numbers[0], "python-streamlit", "3.11.7"
        session.add(row)
        name = f"job{next(self._numbers):013}"
        job = Instance(key=name, content_id=row.id, bundle_id=numbers[0], tag="run_streamlit")
        session.add(job)
        package = {"language": "python", "name": "streamlit", "version": "1.60.0", "language_version": "3.11.7"}
        session.add(Package(content_id=row.id, bundle_id=numbers[0], **package))
        session.flush()
        key = accounts.add_content_key(session, owner, row.guid, job.key)
        return Item(row.guid, row.id, numbers[0], numbers[1], job.key, entries[0].id or 0, key)

    def _bundle(self, session: Session, content_id: int) -> int:
        folder = f"f{next(self._numbers)}"
        details = {"folder": folder, "md5": "0" * 32, "sha1": "0" * 40, "metadata": {}}
        row = Bundle(content_id=content_id, app_mode="python-streamlit", entrypoint="app.py", size=9, details=details)
        bundles.add(session, row)
        place = self.services.shelf.archive(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(archive())
        return row.id or 0

    async def call(self, caller: str, method: str, path: str, item: Item | None = None, **terms: Any) -> httpx.Response:
        """One call; `caller` is one of CALLERS, and `app` is the running app of `item`."""
        key = item.app_key if caller == "app" and item is not None else self.keys.get(caller)
        headers = dict(terms.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Key {key}"
        return await self.client.request(method, path, headers=headers, **terms)

    async def aclose(self) -> None:
        await self.client.aclose()
        s = self.services
        await s.tasks.aclose()
        await s.pool.aclose()
        await s.vault.aclose()
        await s.trail.aclose()
        await s.outbound.aclose()


def archive(mode: str = "python-streamlit") -> bytes:
    """A bundle as clients send it."""
    files = {
        "manifest.json": json.dumps(
            {
                "version": 1,
                "metadata": {"appmode": mode, "entrypoint": "app.py"},
                "python": {"version": "3.11.7", "package_manager": {"name": "pip", "package_file": "requirements.txt"}},
                "files": {"app.py": {"checksum": "0" * 32}, "requirements.txt": {"checksum": "0" * 32}},
            }
        ),
        "app.py": "print('hello')\n",
        "requirements.txt": "",
    }
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return gzip.compress(raw.getvalue(), mtime=0)


@asynccontextmanager
async def open_house(folder: Path, **terms: Any) -> AsyncIterator[House]:
    """A house in a folder of its own. Use it on one event loop only."""
    rig = open_rig(folder)  # leaves a data directory that is ready
    await rig.aclose()
    local = {"oauth_allow_local_providers": True, "git_allow_local": True}
    settings = Settings(data_dir=folder / "data", bootstrap_secretkey=SECRET, **local, **terms)
    preparer = FakePreparer(folder)
    opened = open_installation(settings)
    with (
        mock.patch.object(services_module, "LocalRunner", FakeRunner),
        mock.patch.object(services_module, "Preparer", return_value=preparer),
        mock.patch.object(composition, "discover", return_value=[Interpreter("3.11.7", Path("/usr/bin/python3"))]),
    ):
        app = create_app(settings, opened)
    house = House(app)
    try:
        # The jobs of a house are only records, which never end.
        with mock.patch.object(tail, "LONGEST", 0.2):
            yield house
    finally:
        await house.aclose()
        # What a call began in a thread ends before its database closes.
        await asyncio.get_running_loop().shutdown_default_executor()
        opened.close()
