"""A whole small server in memory over one SQLite file, with a provider that counts what reaches it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlalchemy import event
from sqlmodel import Session, select
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.catalog import load
from integrations.http import OutboundClient
from server.access.guard import Guard
from server.accounts import store as accounts
from server.audit.trail import Trail
from server.connect.asking import Asking
from server.connect.finish import Finish
from server.connect.flows import Flows
from server.connect.pages import ConnectPages
from server.connect.roles import RoleDesk
from server.connect.room import ConnectRoom
from server.consent.check import Consent
from server.content.directory import Directory
from server.credentials.api import Exchange
from server.credentials.aws import aws_credentials, lent_aws_credentials
from server.credentials.lending import Lending
from server.credentials.limits import Limits
from server.credentials.minted import minted
from server.credentials.repeats import Repeats
from server.credentials.sources import Sources
from server.db.clock import now
from server.db.engine import Database
from server.db.models import AuditEvent, Connection, Content, User
from server.db.upgrade import upgrade
from server.delegations.delegations import Delegations
from server.keys.keyring import Keyring
from server.loans.api import LoansApi
from server.loans.loans import Loans
from server.minting.minting import Minting
from server.oauth import api as oauth_api
from server.oauth.associations import Associations
from server.oauth.choices import Choices
from server.oauth.integrations import Draft, Integrations
from server.oauth.visiting import Visiting
from server.sessions.handles import Handles
from server.sessions.identify import Sessions
from server.sessions.visitors import VisitorKeys
from server.vault import api as vault_api
from server.vault.connections import Consented
from server.vault.vault import Vault
from server.web.api import Api
from server.web.caller import Caller
from server.web.csrf import Csrf
from server.web.screens import Screens

ORIGIN = "http://localhost:3939"
CALLBACK = f"{ORIGIN}/__oauth__/integrations/callback"
CANARY = "CANARY-refresh"
SECRET = "CANARY-client-secret"


@cache
def _empty_database() -> Path:
    path = Path(tempfile.mkdtemp(prefix="tabard-tests-")) / "empty.db"
    db = Database(f"sqlite:///{path}")
    upgrade(db)
    db.close()
    return path


def _hurry(connection: Any, _record: Any) -> None:
    """Tests need no write to survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")


class Time:
    """The clocks that tests move: `ahead` lets time pass, `jumped` only sets the wall clock."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.jumped = 0.0

    def __call__(self) -> datetime:
        return now() + timedelta(seconds=self.ahead + self.jumped)

    def ticks(self) -> float:
        return time.monotonic() + self.ahead


@dataclass
class Provider:
    """An authorization server's token, revocation and userinfo endpoints, rotating and strict about reuse."""

    lifetime: float | None = 3600
    delay: float = 0.0
    scope: str | None = None
    fault: Callable[[dict[str, str]], httpx.Response | Exception | None] | None = None
    """Asked before a token request does anything."""
    lost: int = 0
    """So many token answers are lost after the work was done."""
    secret: str = SECRET
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    live: dict[str, str] = field(default_factory=dict)
    """Refresh token to person."""
    spent: set[str] = field(default_factory=set)
    reused: int = 0
    challenges: dict[str, str] = field(default_factory=dict)
    issues_refresh: bool = True

    def __post_init__(self) -> None:
        self._number = itertools.count(1)
        self.client = OutboundClient(allow_local=True, transport=httpx.MockTransport(self._answer))

    def of(self, grant: str) -> list[dict[str, str]]:
        return [form for path, form in self.requests if form.get("grant_type") == grant]

    @property
    def refreshes(self) -> int:
        return len(self.of("refresh_token"))

    def revoked(self) -> list[str]:
        return [form["token"] for path, form in self.requests if path == "/revoke"]

    def new_refresh(self, person: str) -> str:
        token = f"{CANARY}-{next(self._number)}-{uuid.uuid4().hex}"
        self.live[token] = person
        return token

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        form = {key: values[0] for key, values in parse_qs((await request.aread()).decode()).items()}
        form["host"] = request.url.host
        self.requests.append((request.url.path, form))
        if request.url.path == "/userinfo":
            return httpx.Response(200, json={"preferred_username": "someone"})
        if request.url.path == "/revoke":
            self.live.pop(form["token"], None)
            return httpx.Response(200)
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.fault is not None:
            answer = self.fault(form)
            if isinstance(answer, Exception):
                raise answer
            if answer is not None:
                return answer
        sent = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        if sent.partition(":")[2] != self.secret:
            return httpx.Response(401, json={"error": "invalid_client"})
        return self._token(form)

    def _token(self, form: dict[str, str]) -> httpx.Response:
        grant = form["grant_type"]
        if grant == "client_credentials":
            return self._tokens("service", None)
        if grant == "authorization_code":
            verifier = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
            if self.challenges.get(form["code"]) != verifier.rstrip(b"=").decode():
                return httpx.Response(400, json={"error": "invalid_grant"})
            person = form["code"].partition("-")[0]
        else:
            old = form["refresh_token"]
            if old in self.spent:
                self.reused += 1
                self.live.clear()
            if old not in self.live:
                return httpx.Response(400, json={"error": "invalid_grant"})
            person = self.live.pop(old)
            self.spent.add(old)
        answer = self._tokens(person, self.new_refresh(person) if self.issues_refresh else None)
        if self.lost:
            self.lost -= 1
            raise httpx.ReadError("cut")
        return answer

    def _tokens(self, person: str, refresh: str | None) -> httpx.Response:
        body: dict[str, Any] = {"access_token": f"at-{person}-{next(self._number)}", "token_type": "bearer"}
        if refresh is not None:
            body["refresh_token"] = refresh
        if self.lifetime is not None:
            body["expires_in"] = self.lifetime
        if self.scope is not None:
            body["scope"] = self.scope
        return httpx.Response(200, json=body)


def config(**changes: Any) -> dict[str, Any]:
    """A custom integration's configuration."""
    provider = "https://provider.example.com"
    return {
        "client_id": "tabard",
        "client_secret": SECRET,
        "authorization_uri": f"{provider}/authorize",
        "token_uri": f"{provider}/token",
        "revocation_uri": f"{provider}/revoke",
        "scopes": "read offline_access",
        **changes,
    }


class _Identify:
    """The part of the composition root that puts the caller into a request."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app, self._sessions = app, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {
            "caller": await self._sessions.identify(tuple(scope["headers"])),
            "request_id": "test",
        }
        await self._app(scope, receive, send)


class House:
    """Everything a composition root makes, small."""

    def __init__(
        self, folder: Path, *, path: Path | None = None, provider: Provider | None = None, url: str = ""
    ) -> None:
        """A new SQLite file in `folder`, the one at `path`, or another migrated database at `url`."""
        self.path = path or folder / "tabard.db"
        if path is None and not url:
            shutil.copy(_empty_database(), self.path)
        self.time = Time()
        self.provider = provider or Provider()
        self.keyring = Keyring(b"k" * 32)
        self.url = url
        self.db = Database(url or f"sqlite:///{self.path}")
        if not url:
            event.listen(self.db.engine, "connect", _hurry)
        self.trail = Trail(self.db, gather=0.01)
        self.directory = Directory(self.db)
        self.sessions = Sessions(self.db, secure=False, idle=3600, absolute=86400)
        self.handles = Handles(self.keyring)
        self.integrations = Integrations(
            self.db, self.keyring, load(), self.trail, allow_local=True, outbound=self.provider.client
        )
        self.associations = Associations(self.db, self.trail, self.integrations, self.directory)
        self.choices = Choices(self.db, self.trail)
        self.visiting = Visiting(self.directory, self.associations)
        self.sessions.entitle(self.visiting.role)
        client = self.provider.client
        clocks: dict[str, Any] = {"clock": self.time, "ticks": self.time.ticks}
        self.vault = Vault(self.db, self.keyring, self.integrations, client=client, trail=self.trail, **clocks)
        self.loans = Loans(self.db, self.associations, self.vault.standings, self.trail, self.time)
        self.directory.when_changed(self.loans.forget)
        self.consent = Consent(self.vault.standings, self.choices, self.loans)
        self.delegations = Delegations(self.db, self.integrations, self.vault.connections, self.trail, clock=self.time)
        self.csrf = Csrf(self.keyring, (ORIGIN,))
        self.sources = Sources(self.vault, VisitorKeys(self.db, self.keyring, self.sessions), self.visiting)
        lending = Lending(self.db, self.loans, self.vault.tokens)
        self.sources.add(lending.issue)
        self.sources.choose_roles(self.choices.role_for)
        self.minting = Minting(
            self.db,
            self.keyring,
            self.integrations,
            self.vault,
            client=client,
            trail=self.trail,
            origin=ORIGIN,
            clock=self.time,
        )
        self.sources.add(minted(self.minting.minter))
        self.sources.add(aws_credentials(self.minting.aws, ORIGIN))
        lending.through("aws_credentials", lent_aws_credentials(self.minting.aws))
        self.exchange = Exchange(
            self.sources,
            self.associations,
            self.directory,
            sessions=self.sessions,
            handles=self.handles,
            trail=self.trail,
            limits=Limits(5000, 1000),
            origin=ORIGIN,
            repeats=Repeats(
                self.db.changes,
                self.time.ticks,
                lambda: (self.sessions.epoch, self.directory.epoch, self.handles.mark),
            ),
        )
        self.connect = ConnectRoom(
            self.integrations,
            Asking(self.integrations, self.associations, self.directory, self.vault.connections),
            RoleDesk(self.integrations, self.vault.connections, self.choices),
            Flows(self.db, self.keyring, clock=self.time),
            Finish(self.vault, client, clock=self.time),
            ConnectPages(Screens(self.csrf, ORIGIN, https=False), self.keyring, self.integrations.catalog),
            delegations=self.delegations,
            csrf=self.csrf,
            trail=self.trail,
            callback_url=CALLBACK,
            secure=False,
        )
        guard = Guard(self.directory)
        api = Api(
            [
                *self.exchange.routes,
                *oauth_api.routes(self.integrations, self.associations, guard),
                *LoansApi(self.loans, guard, self.directory).routes().routes,
                *vault_api.routes(self.vault, self.integrations, self.trail, ORIGIN),
                *self.minting.api(),
            ],
            self.csrf,
        )
        rooms = Starlette(routes=[*self.connect.routes, *self.minting.issuers.routes(), Mount("/", app=api)])
        self.app = _Identify(rooms, self.sessions)
        self._clients: list[httpx.AsyncClient] = []

    async def aclose(self) -> None:
        for client in self._clients:
            await client.aclose()
        await self.vault.aclose()
        await self.trail.aclose()
        self.db.close()

    def browser(self, cookie: str | None = None, key: str | None = None) -> httpx.AsyncClient:
        """A client of the server; `cookie` signs it in, `key` is an API key."""
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=ORIGIN)
        if cookie is not None:
            client.cookies.set("tabard_session", cookie)
        if key is not None:
            client.headers["Authorization"] = f"Key {key}"
        self._clients.append(client)
        return client

    def rows(self, model: Any) -> list[Any]:
        return self.db.read_now(lambda session: list(session.exec(select(model)).all()))

    def connection(self) -> Connection:
        (row,) = self.rows(Connection)
        found: Connection = row
        return found

    async def actions(self) -> list[str]:
        await self.trail.aclose()
        return [row.action for row in self.rows(AuditEvent)]

    @contextmanager
    def change(self, model: Any) -> Iterator[list[Any]]:
        """Edit rows behind the server's back."""
        # From its beginning a writer, or what the trail writes meanwhile ends it.
        engine = self.db.engine.execution_options(tabard_write=True)
        with Session(engine, expire_on_commit=False) as session:
            rows = list(session.exec(select(model)).all())
            yield rows
            session.add_all(rows)
            session.commit()

    async def person(self, name: str, role: str = "viewer") -> Person:
        def add(session: Session) -> tuple[int, str, str]:
            user = accounts.add_user(session, username=name, role=role)
            assert user.id is not None
            return user.id, user.guid, accounts.add_key(session, user, "test")[1]

        user_id, guid, key = await self.db.write(add)
        cookie, _ = await self.sessions.open(user_id, address="", user_agent="")
        caller = await self.sessions.identify([(b"cookie", f"tabard_session={cookie}".encode())])
        assert isinstance(caller, Caller)
        return Person(user_id, guid, cookie, key, caller)

    async def content(self, owner: Person, **fields: Any) -> App:
        def add(session: Session) -> tuple[str, str]:
            values = {"app_mode": "python-streamlit", "access_type": "logged_in", "bundle_id": 1, **fields}
            row = Content(guid=str(uuid.uuid4()), name=f"app-{uuid.uuid4().hex[:8]}", owner_id=owner.id, **values)
            session.add(row)
            session.flush()
            return row.guid, accounts.add_content_key(session, owner.id, row.guid, f"instance-{row.guid}")

        return App(*await self.db.write(add))

    async def integration(self, admin: Person, template: str = "custom", **changes: Any) -> Any:
        draft = Draft(template=template, name="Warehouse", config=config(**changes))
        return await self.integrations.create(admin.caller, draft)

    async def snowflake(self, admin: Person, name: str = "Snowflake") -> Any:
        """One of a vendor with roles."""
        terms = {"account_url": "https://acme.snowflakecomputing.com", "client_id": "tabard", "client_secret": SECRET}
        return await self.integrations.create(admin.caller, Draft(template="snowflake", name=name, config=terms))

    async def visitor_integration(self, admin: Person, max_role: str = "Viewer") -> Any:
        """One that lets apps ask for visitor API keys."""
        draft = Draft(template="connect", name="API", config={"max_role": max_role})
        return await self.integrations.create(admin.caller, draft)

    async def associate(self, owner: Person, app: App, *integrations: Any) -> None:
        view = await self.directory.by_guid(app.guid)
        assert view is not None
        await self.associations.replace(owner.caller, view, [row.guid for row in integrations])

    async def connected(self, person: Person, integration: Any, *, refresh: bool = True, role: str = "") -> str:
        """A connection as a consent would leave it; returns its GUID."""
        from integrations.contract import Secret, TokenSet

        token = self.provider.new_refresh(person.caller.username) if refresh else None
        tokens = TokenSet(
            access_token=Secret(f"at-{person.caller.username}-0"),
            refresh_token=None if token is None else Secret(token),
            expires_in=self.provider.lifetime,
        )
        consented = Consented(
            integration_id=integration.id,
            config_version=integration.config_version,
            config=self.integrations.client_config(integration, role if integration.template == "snowflake" else ""),
            tokens=tokens,
            asked_at=self.time(),
            account=person.caller.username,
            role=role,
        )
        guid = await self.vault.connections.save(person.caller, consented)
        assert guid is not None
        return guid


@dataclass(frozen=True)
class Person:
    id: int
    guid: str
    cookie: str
    key: str
    caller: Caller


@dataclass(frozen=True)
class App:
    guid: str
    key: str


def challenge_of(url: str) -> dict[str, str]:
    """The parameters of an authorization request."""
    return {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition by polling it."""
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition did not come true")


def lock(session: Session, guid: str) -> None:
    """Lock a person's account."""
    user = session.exec(select(User).where(User.guid == guid)).one()
    user.locked = True
    session.add(user)
