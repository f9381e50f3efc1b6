"""Owns one vendor's person: the vendor's addresses below its base, and the steps of a flow there."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from integrations.sandbox.app import create_app
from integrations.sandbox.settings import CALLBACK_PATH, SandboxSettings
from integrations.sandbox.vendors.all import VENDORS
from tests.harness.walking import Walk, walk
from tests.unit.integrations.sandbox.conftest import ADMIN, CALLBACK, ISSUER, Clock, Pkce


class At:
    """A person and a client at one vendor."""

    def __init__(self, http: httpx.AsyncClient, key: str, client_id: str = "") -> None:
        self.http, self.key = http, key
        self.client_id = client_id or f"tabard-{key}"
        self.base = f"/v/{key}"
        self.paths = VENDORS[key].paths
        self.pkce = Pkce()
        self.last = ""
        self.basic = "client_secret_basic" in VENDORS[key].client.get("auth_methods", ("client_secret_basic",))

    def path(self, name: str, **given: str) -> str:
        path = str(getattr(self.paths, name)[0])
        for key, value in {**VENDORS[self.key].names, **given}.items():
            path = path.replace(f"{{{key}}}", value)
        return self.base + path

    async def ask(self, scope: str = "", sub: str = "alice", **more: Any) -> Walk:
        options = {name: more.pop(name) for name in ("untick", "decision") if name in more}
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "state": secrets.token_hex(8),
            "code_challenge": self.pkce.challenge,
            "code_challenge_method": "S256",
            **({"scope": scope} if scope else {}),
            **more,
        }
        if sub != self.last:
            self.http.cookies.clear()
            self.last = sub
        url = httpx.URL(ISSUER + self.path("authorize"), params=query)
        return await walk(self.http, str(url), sub=sub, home=CALLBACK_PATH, **options)

    async def token(self, headers: dict[str, str] | None = None, **form: str) -> httpx.Response:
        secret = f"sandbox-{self.key}-secret"
        auth = (self.client_id, secret) if self.basic else None
        mine = {} if self.basic else {"client_id": self.client_id, "client_secret": secret}
        sent = {"Accept": "application/json", **(headers or {})}
        return await self.http.post(self.path("token"), data={**mine, **form}, auth=auth, headers=sent)

    async def redeem(self, code: str, **more: Any) -> httpx.Response:
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": self.pkce.verifier}
        return await self.token(grant_type="authorization_code", **form, **more)

    async def connect(self, scope: str = "", sub: str = "alice", **more: Any) -> dict[str, Any]:
        walked = await self.ask(scope, sub, **more)
        assert "code" in walked.back, walked
        answer = await self.redeem(walked.back["code"])
        assert "access_token" in answer.json(), answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def refresh(self, token: str, **more: str) -> httpx.Response:
        return await self.token(grant_type="refresh_token", refresh_token=token, **more)

    async def whoami(self, token: str) -> httpx.Response:
        return await self.http.get(f"{self.base}/api/whoami", headers={"Authorization": f"Bearer {token}"})

    async def set(self, **changes: Any) -> None:
        answer = await self.http.put(f"/admin/clients/{self.client_id}", json=changes, headers=ADMIN)
        assert answer.status_code == 200, answer.text

    async def admin(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.http.request(method, f"/admin{path}", json=body, headers=ADMIN)


@pytest.fixture
async def at(clock: Clock) -> AsyncIterator[Callable[..., At]]:
    """`at("github")` is a person and a client there."""
    app = create_app(SandboxSettings(issuer=ISSUER, admin_token="admin-secret"), clock=clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ISSUER) as client:
        yield lambda key, client_id="": At(client, key, client_id)
