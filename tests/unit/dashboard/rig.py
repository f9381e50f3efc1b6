"""The dashboard over real services in one folder, asked as a browser asks: no socket, no process."""

from __future__ import annotations

import atexit
import html
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import Session, select
from starlette.types import Receive, Scope, Send

from dashboard.room import room
from integrations.contract import Secret, TokenSet
from server.accounts import store as accounts
from server.content import store as contents
from server.db.models import AuditEvent, Bundle, Content, Instance, Permission, User
from server.installation import Installation, open_installation
from server.oauth.integrations import Draft
from server.services import Network, Services, assemble
from server.settings import Settings
from server.vault.connections import Consented
from server.web.api import Api
from server.web.caller import Caller
from server.web.screens import new_request_id
from server.web.site import Site

ORIGIN = "http://localhost:3939"
PROVIDER = "http://127.0.0.1:9"
CUSTOM = {
    "auth_type": "Viewer",
    "client_id": "tabard",
    "client_secret": "CANARY-secret",
    "scopes": "read",
    "authorization_uri": f"{PROVIDER}/authorize",
    "token_uri": f"{PROVIDER}/token",
}
ROBOT = {key: value for key, value in CUSTOM.items() if key != "authorization_uri"} | {"auth_type": "Service Account"}

Pairs = dict[str, str] | list[tuple[str, str]]


def _no_link(_host: str, _port: int) -> Any:
    raise AssertionError("no test of this folder starts an app")


@dataclass
class Rig:
    """A server whose pages are called directly."""

    services: Services
    opened: Installation
    people: dict[str, Caller] = field(default_factory=dict)
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    _site: tuple[Services, Site] | None = None

    async def browser(self, name: str = "", role: str = "viewer") -> Browser:
        """A browser, signed in as a person of that role (made on first use) unless `name` is empty."""
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=self._serve), base_url=ORIGIN)
        self.clients.append(client)
        if not name:
            return Browser(self, client, Caller())
        person = self.people.get(name) or await self.person(name, role)
        token, _life = await self.services.sessions.open(person.user_id, address="", user_agent="")
        client.cookies.set(self.services.sessions.cookie, token)
        caller = await self.services.sessions.identify(
            [(b"cookie", f"{self.services.sessions.cookie}={token}".encode())]
        )
        assert isinstance(caller, Caller)
        return Browser(self, client, caller)

    async def person(self, name: str, role: str = "viewer") -> Caller:
        def write(session: Session) -> User:
            return accounts.add_user(
                session,
                username=name,
                role=role,
                first_name=name.capitalize(),
                last_name="Example",
                email=f"{name}@a.org",
            )

        user = await self.services.db.write(write)
        assert user.id is not None
        made = Caller(
            user.id, user.guid, name, f"{name.capitalize()} Example", user.email, role, "session", f"session:{name}"
        )
        self.people[name] = made
        return made

    async def content(self, owner: str, title: str = "Sales", *, deployed: bool = True, access: str = "acl") -> str:
        """A content item of a person; its GUID."""
        person = self.people.get(owner) or await self.person(owner, "publisher")

        def write(session: Session) -> Content:
            row = contents.add(session, person.user_id, {"title": title, "access_type": access})
            if deployed:
                assert row.id is not None
                bundle = Bundle(content_id=row.id, app_mode="python-streamlit", size=2048, details={"folder": "x"})
                session.add(bundle)
                session.flush()
                row.bundle_id, row.app_mode, row.py_version = bundle.id, "python-streamlit", "3.11.7"
                session.add(row)
            return row

        guid = (await self.services.db.write(write)).guid
        self.contents.append(guid)
        return guid

    async def put_on_list(self, guid: str, name: str, role: str) -> None:
        """Put a person on a content item's list, whatever her account may do."""
        view = await self.services.directory.by_guid(guid)
        assert view is not None
        entry = Permission(content_id=view.id, principal_guid=self.people[name].guid, role=role)
        await self.services.db.write(lambda session: session.add(entry))
        self.services.directory.forget(guid)

    async def run(self, guid: str, **terms: Any) -> Instance:
        """One recorded run of a content item's version."""

        def write(session: Session) -> Instance:
            content = contents.by_guid(session, guid)
            assert content.id is not None
            row = Instance(**{"content_id": content.id, "bundle_id": content.bundle_id, "tag": "run_streamlit"} | terms)
            session.add(row)
            session.flush()
            return row

        return await self.services.db.write(write)

    async def integration(self, name: str = "Warehouse", *, service: bool = False) -> str:
        draft = Draft("custom", name, "Rows", dict(ROBOT if service else CUSTOM))
        return (await self.services.integrations.create(await self._admin(), draft)).guid

    async def snowflake(self) -> str:
        """One of a vendor with roles."""
        terms = {"account_url": "https://acme.snowflakecomputing.com", "client_id": "c", "client_secret": "CANARY-s"}
        return (
            await self.services.integrations.create(await self._admin(), Draft("snowflake", "Snowflake", "", terms))
        ).guid

    async def _admin(self) -> Caller:
        return self.people.get("ada") or await self.person("ada", "administrator")

    async def associate(self, content: str, *integrations: str) -> None:
        view = await self.services.directory.by_guid(content)
        assert view is not None
        await self.services.associations.replace(await self._admin(), view, integrations)

    async def connect(self, name: str, integration: str, account: str = "alice@sandbox", *, role: str = "") -> str:
        """A connection of a person, as a consent leaves it; its GUID."""
        row = await self.services.integrations.get(integration)
        config = self.services.integrations.client_config(row, role)
        tokens = TokenSet(
            access_token=Secret("CANARY-access"),
            token_type="Bearer",
            refresh_token=Secret("CANARY-refresh"),
            expires_in=3600,
        )
        assert row.id is not None
        new = Consented(row.id, row.config_version, config, tokens, row.created_time, account, role)
        kept = await self.services.vault.connections.save(self.people[name], new)
        assert kept
        return kept

    async def events(self, action: str) -> list[AuditEvent]:
        query = select(AuditEvent).where(AuditEvent.action == action)
        return await self.services.db.read(lambda session: list(session.exec(query).all()))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As server.gateway.dispatch does for our own site."""
        state = scope.setdefault("state", {})
        state["request_id"] = new_request_id()
        state["caller"] = await self.services.sessions.identify(scope["headers"])
        if self._site is None or self._site[0] is not self.services:
            site = Site(Api([], self.services.csrf), room(self.services), self.services.screens)
            self._site = (self.services, site)
        await self._site[1](scope, receive, send)

    async def aclose(self) -> None:
        for client in self.clients:
            await client.aclose()
        await self.services.vault.aclose()
        await self.services.outbound.aclose()
        self.opened.close()


@dataclass
class Browser:
    """One browser with its cookies."""

    rig: Rig
    client: httpx.AsyncClient
    caller: Caller

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers={"Accept": "text/html", **headers})

    async def post(
        self, path: str, pairs: dict[str, str] | list[tuple[str, str]] | None = None, **headers: str
    ) -> httpx.Response:
        """A form, as our own page sends it; a `csrf` among the fields replaces the right one."""
        given = list((pairs or {}).items()) if not isinstance(pairs, list) else pairs
        token = self.rig.services.csrf.token(self.caller.credential)
        content = httpx.QueryParams([("csrf", token), *given])
        sent = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"} | headers
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        return await self.client.post(path, content=str(content), headers=sent)

    async def send(self, path: str, file: bytes, **fields: str) -> httpx.Response:
        """A form with a file named `picture`, as our own page sends it."""
        given = {"csrf": self.rig.services.csrf.token(self.caller.credential)} | fields
        sent = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        return await self.client.post(path, data=given, files={"picture": ("p.svg", file)}, headers=sent)

    async def told(self, reply: httpx.Response) -> str:
        """Follow a form's redirect and return the page, checking that there is one."""
        assert reply.status_code == 303, reply.text
        page = await self.get(reply.headers["location"])
        assert page.status_code == 200, page.text
        return page.text


def notices(page: str) -> list[str]:
    """The words of each notice on a page."""
    found = re.findall(r'<div class="notice.*?</div>\s*</div>', page, re.DOTALL)
    return [html.unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split())) for text in found]


@cache
def _empty() -> Path:
    """A data directory of a server on which nothing has happened yet; making one takes a second."""
    folder = Path(tempfile.mkdtemp(prefix="tabard-rig-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_installation(Settings(data_dir=folder / "data")).close()
    return folder / "data"


def open_rig(folder: Path) -> Rig:
    shutil.copytree(_empty(), folder / "data")
    settings = Settings(data_dir=folder / "data", oauth_allow_local_providers=True)
    network = Network(_no_link, lambda _tag: 0, lambda _tag, _reason: None)
    opened = open_installation(settings)
    return Rig(assemble(settings, opened, (), network), opened)
