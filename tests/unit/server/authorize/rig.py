"""The authorization server with its pages over ASGI, one person, a browser of hers and a clock that is set by hand."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from server.accounts import store as accounts
from server.audit.trail import Trail
from server.authorize.claim import ClaimRoom
from server.authorize.device import DeviceRoom
from server.authorize.endpoints import Endpoints
from server.authorize.pages import ToolPages
from server.authorize.room import AuthorizeRoom
from server.claims.api import TokensApi
from server.claims.claims import Claims
from server.clients.tools import Tools
from server.db.clock import now
from server.db.engine import Database
from server.db.models import User
from server.keys.keyring import Keyring
from server.sessions import identify
from server.sessions import store as sessions_store
from server.sessions.identify import Sessions
from server.sessions.signatures import Line
from server.web.api import Api
from server.web.caller import BadCredential, Caller
from server.web.csrf import Csrf
from server.web.errors import ApiError, reply
from server.web.screens import Screens
from tests.harness.signing import Signer
from tests.harness.tool_browser import decision_form

ORIGIN = "http://localhost:3939"
SAME = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}
BACK = "http://127.0.0.1:53211/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
POSIT = {
    "client_name": "Posit CLI",
    "redirect_uris": ["http://127.0.0.1/callback"],
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token", DEVICE],
    "response_types": ["code"],
}


class Rig:
    """`ann` is signed in with her `browser`; `tool` is a program that has no cookies."""

    def __init__(self, db: Database, monkeypatch: Any) -> None:
        self.db, self.moment = db, now()
        self.started = self.moment
        for module in (identify, sessions_store):
            monkeypatch.setattr(module, "now", lambda: self.moment)
        self.sessions = Sessions(db, secure=False, idle=10**8, absolute=10**8)
        self.trail = Trail(db, gather=0.01)
        self.csrf = Csrf(Keyring(b"r" * 32), (ORIGIN,))
        self.screens = Screens(self.csrf, ORIGIN, https=False)
        self.tools = Tools(db, self.sessions, self.trail, ORIGIN, clock=lambda: self.moment)
        pages = ToolPages(self.screens)
        self.claims = Claims(db, self.sessions, self.trail, clock=lambda: self.moment)
        rooms = (
            Endpoints(self.tools),
            AuthorizeRoom(self.tools, pages, self.csrf),
            DeviceRoom(self.tools, pages, self.csrf),
            ClaimRoom(self.claims, pages, self.csrf),
        )
        routes = [route for room in rooms for route in room.routes()]
        self.api = Api(TokensApi(self.claims, ORIGIN).routes().routes, self.csrf)
        self.rooms = Starlette(routes=routes, exception_handlers={ApiError: lambda _request, error: reply(error)})
        self.ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
        self.ended: list[str] = []
        self.sessions.when_ended(self.ended.append)
        self.tool, self.browser = self.new_browser(), self.new_browser()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        line = Line(scope["method"], scope["raw_path"])
        scope["state"] = {"caller": await self.sessions.identify(scope["headers"], line), "request_id": "r"}
        await (self.api if scope["path"].startswith("/__api__/") else self.rooms)(scope, receive, send)

    def new_browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self), base_url=ORIGIN)  # type: ignore[arg-type]

    async def sign_in(self, browser: httpx.AsyncClient, user: User) -> Caller:
        assert user.id is not None
        token, _life = await self.sessions.open(user.id, address="1.2.3.4", user_agent="x")
        browser.cookies.set(self.sessions.cookie, token)
        caller = await self.sessions.identify([(b"cookie", f"{self.sessions.cookie}={token}".encode())])
        assert isinstance(caller, Caller)
        return caller

    def later(self, **distance: float) -> None:
        self.moment += timedelta(**distance)

    def rows(self, table: type[Any]) -> list[Any]:
        return self.db.read_now(lambda session: list(session.exec(select(table)).all()))

    async def register(self, **changes: Any) -> str:
        reply = await self.tool.post("/oauth/v1/register", json=POSIT | changes)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["client_id"])

    def asks(self, client_id: str, /, **changes: str | None) -> dict[str, str]:
        """The parameters of an authorization request; None leaves one out."""
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": BACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "s1",
        }
        return {name: value for name, value in (asked | changes).items() if value is not None}

    async def answer(self, client_id: str, decision: str = "allow", **changes: str) -> dict[str, str]:
        """What comes back to the tool's address after the person's decision."""
        page = await self.browser.get("/oauth/v1/authorize", params=self.asks(client_id, **changes))
        assert page.status_code == 200, page.text
        action, fields = decision_form(page.text)
        reply = await self.browser.post(action, data=fields | {"decision": decision}, headers=SAME)
        assert reply.status_code == 303, reply.text
        return {name: value for name, (value,) in parse_qs(urlsplit(reply.headers["location"]).query).items()}

    async def redeem(self, client_id: str, code: str, **changes: str | None) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
        }
        return await self.token({name: value for name, value in (form | changes).items() if value is not None})

    async def token(self, form: dict[str, str]) -> httpx.Response:
        return await self.tool.post("/oauth/v1/token", data=form)

    async def refresh(self, client_id: str, token: str) -> httpx.Response:
        return await self.token({"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token})

    async def signed_in(self) -> tuple[str, dict[str, Any]]:
        """A tool that went all the way: its client id and its tokens."""
        client_id = await self.register()
        reply = await self.redeem(client_id, (await self.answer(client_id))["code"])
        assert reply.status_code == 200, reply.text
        return client_id, reply.json()

    async def who(self, access_token: str) -> Caller | BadCredential:
        return await self.sessions.identify([(b"authorization", f"Bearer {access_token}".encode())])

    async def works(self, access_token: str) -> bool:
        return isinstance(await self.who(access_token), Caller)

    async def bring(self, signer: Signer, **changes: object) -> httpx.Response:
        """POST /tokens, as a tool begins."""
        agent = {"User-Agent": "PositPublisher/2.11"}
        return await self.tool.post("/__api__/tokens", json=signer.registration() | changes, headers=agent)

    async def claim_page(self, signer: Signer) -> str:
        """The address that a person opens for a tool that brought its token."""
        reply = await self.bring(signer)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["token_claim_url"]).replace(f"{ORIGIN}/connect/#", "")

    async def aclose(self) -> None:
        await self.tool.aclose()
        await self.browser.aclose()
        await self.trail.aclose()


@asynccontextmanager
async def open_rig(db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """A rig whose person is signed in with her browser, closed at the end."""
    made = Rig(db, monkeypatch)
    await made.sign_in(made.browser, made.ann)
    try:
        yield made
    finally:
        await made.aclose()
