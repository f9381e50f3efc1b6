"""Owns a provider without sockets, a clock that tests turn, and a person who clicks through the pages."""

import base64
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from integrations.sandbox.app import create_app
from integrations.sandbox.settings import ClientSettings, SandboxSettings, default_clients

ISSUER = "http://localhost:3940"
CALLBACK = "http://localhost:3939/__oauth__/integrations/callback"
VIEWER = ("tabard-viewer", "sandbox-viewer-secret")
SERVICE = ("tabard-service", "sandbox-service-secret")
SCOPE = "openid profile email sales.read offline_access"
ADMIN = {"Authorization": "Bearer admin-secret"}
PUBLIC = ClientSettings("public-app", auth_methods=("none",), redirect_uris=("https://app.example.org/cb",))


@dataclass
class Clock:
    """Unix seconds that move only when told."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Pkce:
    """A verifier and its S256 challenge."""

    def __init__(self) -> None:
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Person(httpx.AsyncClient):
    """A browser and a client in one, with the steps every flow shares."""

    def request_for(self, pkce: Pkce | None, **changes: str | None) -> dict[str, str]:
        query: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "tabard-viewer",
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "state": "opaque-state",
        }
        if pkce:
            query |= {"code_challenge": pkce.challenge, "code_challenge_method": "S256"}
        return {name: value for name, value in (query | changes).items() if value is not None}

    async def sign_in(self, query: dict[str, str], sub: str = "alice") -> str:
        """Sign in with one click and return the address of the consent page."""
        waiting = str(httpx.QueryParams(query))
        answer = await self.post("/signin", data={"next": waiting, "continue_as": sub})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def decide(self, address: str, decision: str = "allow") -> dict[str, str]:
        """Press a button on the consent page and return what the browser carries back to the client."""
        page = await self.get(address)
        key = re.search(r'name="form_key" value="([^"]+)"', page.text)
        assert key, page.text
        answer = await self.post(address, data={"form_key": key[1], "decision": decision})
        assert answer.status_code == 303, answer.text
        return carried(answer)

    async def code(self, pkce: Pkce | None, sub: str = "alice", **changes: str | None) -> str:
        """Walk through sign-in and consent and return the code."""
        back = await self.decide(await self.sign_in(self.request_for(pkce, **changes), sub))
        return back["code"]

    async def redeem(self, code: str, pkce: Pkce | None, **changes: Any) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        if pkce:
            form["code_verifier"] = pkce.verifier
        auth = changes.pop("auth", VIEWER)
        return await self.post("/token", data=form | changes, auth=auth)

    async def tokens(self, sub: str = "alice", **changes: str | None) -> dict[str, Any]:
        """Walk the whole code flow and return the token answer."""
        pkce = Pkce()
        answer = await self.redeem(await self.code(pkce, sub, **changes), pkce)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refresh(self, token: str, auth: Any = VIEWER, **form: str) -> httpx.Response:
        return await self.post("/token", data={"grant_type": "refresh_token", "refresh_token": token} | form, auth=auth)

    async def whoami(self, token: str) -> httpx.Response:
        return await self.get("/api/whoami", headers={"Authorization": f"Bearer {token}"})

    async def configure(self, client_id: str = "tabard-viewer", **changes: Any) -> httpx.Response:
        return await self.put(f"/admin/clients/{client_id}", json=changes, headers=ADMIN)

    async def log(self) -> dict[str, Any]:
        return (await self.get("/admin/log", headers=ADMIN)).json()


def carried(answer: httpx.Response) -> dict[str, str]:
    """Return the query of a redirect's address."""
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def person(clock: Clock) -> AsyncIterator[Person]:
    settings = SandboxSettings(issuer=ISSUER, clients=(*default_clients(), PUBLIC), admin_token="admin-secret")
    transport = httpx.ASGITransport(create_app(settings, clock=clock))
    async with Person(transport=transport, base_url=ISSUER) as client:
        yield client


@pytest.fixture
def pkce() -> Pkce:
    return Pkce()
