"""A small gateway whose network leads into the sandbox provider: each vendor's own hosts and paths answer there."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import httpx
from joserfc.jwk import RSAKey

from integrations.contract import AuthType, ClientConfig
from integrations.http import OutboundClient
from integrations.sandbox.app import Sandbox, create_app
from integrations.sandbox.settings import SandboxSettings, changed
from integrations.sandbox.vendors.github import INSTALLATION_LIFETIME
from integrations.template import Template
from server.db.models import Connection
from server.oauth.integrations import Draft
from tests.harness.pem import certificate_pem, rsa_pem, rsa_public_pem
from tests.harness.walking import Walk, walk
from tests.unit.server.vault.house import ORIGIN, App, House, Person

SANDBOX = "https://sandbox.example.com"
# Whose hosts these are; every other host is a plain provider's.
VENDOR_HOSTS = (
    (r"\.snowflakecomputing\.c", "snowflake"),
    (r"databricks", "databricks"),
    (r"(^|\.)google(apis)?\.com$", "google"),
    (r"(^|\.)microsoft(online)?\.com$", "entra"),
    (r"(^|\.)github\.com$", "github"),
    (r"\.(salesforce|force)\.com$", "salesforce"),
    (r"\.okta\.com$", "okta"),
    (r"\.auth0\.com$", "auth0"),
    (r"^sso\.", "keycloak"),
)
ISSUERS = {
    "google": "https://accounts.google.com",
    "entra": "https://login.microsoftonline.com",
    "plain": "https://provider.example.com",
    "okta": "https://acme.okta.com",
    "auth0": "https://acme.auth0.com",
    "keycloak": "https://sso.example.com",
}
PLAIN = {
    "authorization_uri": "https://provider.example.com/authorize",
    "token_uri": "https://provider.example.com/token",
    "revocation_uri": "https://provider.example.com/revoke",
    "userinfo_uri": "https://provider.example.com/userinfo",
    "issuer": "https://provider.example.com",
}
# Making a key takes long, so all worlds' vendors sign with one.
SIGNS = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
EXCHANGE = "/__api__/v1/oauth/integrations/credentials"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
USER, CONTENT = "urn:posit:connect:user-session-token", "urn:posit:connect:content-session-token"


def vendor_of(host: str) -> str:
    """The vendor that answers at a host."""
    return next((key for pattern, key in VENDOR_HOSTS if re.search(pattern, host)), "plain")


class Network(httpx.AsyncBaseTransport):
    """Leads every request to the vendor whose host it names, path and query unchanged."""

    def __init__(self) -> None:
        self.hosts: set[str] = set()
        self.app: Any = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the sandbox; what it breaks off looks as it would on a wire."""
        self.hosts.add(request.url.host)
        base, path = f"/v/{vendor_of(request.url.host)}".encode(), request.url.raw_path
        # The sandbox's own forms know their whole path.
        there = httpx.URL(SANDBOX, raw_path=path if path.startswith(base) else base + path)
        sent = httpx.Request(request.method, there, headers=request.headers, stream=request.stream)
        try:
            return await httpx.ASGITransport(self.app).handle_async_request(sent)
        except ConnectionError as error:
            raise httpx.ReadError("cut", request=request) from error


class Outside:
    """In place of the tests' own provider: the outbound client alone."""

    def __init__(self) -> None:
        self.network = Network()
        self.client = OutboundClient(allow_local=False, transport=self.network)


class World:
    """Alice, an app, and one integration made from a template, at the vendor that the template is for.

    `thorough`: of all templates that are alike in how answers are read, this one is asked everything.
    """

    thorough = True

    async def build(self, folder: Path, template: Template, auth_type: AuthType, **config: str) -> World:
        """Make it; `config` changes the template's own example."""
        self.outside = Outside()
        self.house = House(folder, provider=self.outside)  # type: ignore[arg-type]
        settings = SandboxSettings(issuer=SANDBOX, vendor_issuers=ISSUERS)
        app = create_app(settings, clock=lambda: self.house.time().timestamp())
        self.outside.network.app = app
        self.sandbox: Sandbox = app.state.whole
        self.sandbox.state.key.__dict__["private"] = SIGNS
        self.admin = await self.house.person("admin", "administrator")
        self.owner = await self.house.person("paula", "publisher")
        self.alice = await self.house.person("alice")
        self.app = await self.house.content(self.owner)
        self.as_app = self.house.browser(key=self.app.key)
        self.browser = self.house.browser(self.alice.cookie)
        self.provider = httpx.AsyncClient(transport=self.outside.network)
        self.row = await self._integration(template, auth_type, config)
        self.config: ClientConfig = self.house.integrations.client_config(self.row)
        self.vendor = vendor_of(httpx.URL(self.config.token_uri).host)
        # Tests let more time pass than a consent lives at some vendors.
        self.set(refresh_lifetime=None, public_key=rsa_public_pem())
        if self.config.client_auth_method == "private_key_jwt":
            self.set(auth_methods=["private_key_jwt"])
        await self.house.associate(self.owner, self.app, self.row)
        return self

    async def _integration(self, template: Template, auth_type: AuthType, config: dict[str, str]) -> Any:
        given = example(template, auth_type, **config)
        if template.data.discovery and given["issuer"] != PLAIN["issuer"]:
            return await self._discovered(template, given)
        known = {field.name for field in template.data.fields}
        plain = {name: value for name, value in PLAIN.items() if name in given or name == "issuer"}
        if template.data.endpoints and template.data.endpoints.token_uri == "{token_uri}":
            given |= {name: value for name, value in plain.items() if name in known}
        host = self._client(template, given)
        draft = Draft(template=template.key, name=template.name, config={**given, **host})
        return await self.house.integrations.create(self.admin.caller, draft)

    async def _discovered(self, template: Template, given: dict[str, str]) -> Any:
        """One whose addresses are read from its issuer's metadata when it is saved."""
        assert template.data.discovery is not None
        typed = {name: value for name, value in given.items() if name not in template.data.discovery.pins}
        key = vendor_of(httpx.URL(given["issuer"]).host)
        client = {"client_id": f"tabard-{key}", "client_secret": f"sandbox-{key}-secret"}
        draft = Draft(template=template.key, name=template.name, config={**typed, **client})
        return await self.house.integrations.create(self.admin.caller, draft)

    def _client(self, template: Template, given: dict[str, str]) -> dict[str, str]:
        settled = template.settle(given, allow_local=False)
        config = template.client(settled.config, settled.secrets)
        key = vendor_of(httpx.URL(config.token_uri).host)
        if config.client_auth_method == "none" and config.service_grant == "client_credentials":
            return {"client_id": f"tabard-{key}-public"}
        secret = {"client_secret": f"sandbox-{key}-secret"} if "client_secret" in given else {}
        return {"client_id": f"tabard-{key}", **secret}

    async def aclose(self) -> None:
        """Close everything."""
        await self.provider.aclose()
        await self.house.aclose()

    @property
    def client_id(self) -> str:
        """Our client at the vendor."""
        return self.config.client_id

    def set(self, **changes: Any) -> None:
        """Change our client's settings at the vendor."""
        clients = self.sandbox.vendors[self.vendor].state.clients
        found = clients.get(self.client_id)
        assert found is not None
        clients.put(changed(found.settings, changes))

    def fault(self, **fault: Any) -> None:
        """Script what the token endpoint answers next."""
        self.set(fail_next=[fault])

    @property
    def lifetime(self) -> int:
        """How long the vendor's access tokens live."""
        found = self.sandbox.vendors[self.vendor].state.clients.get(self.client_id)
        assert found is not None
        app = self.config.service_grant == "github_app"
        return INSTALLATION_LIFETIME if app else found.settings.access_lifetime or 0

    def calls(self, grant: str | None = None) -> int:
        """How many requests the token endpoint has seen, of one grant or of all."""
        return self.sandbox.state.ledger.count("token", grant)

    def later(self, seconds: float) -> None:
        """Let time pass, here and at the vendor."""
        self.house.time.ahead += seconds

    def expire(self) -> None:
        """Let the access token run out."""
        self.later(self.lifetime + 1)

    async def consent(
        self, *, untick: Collection[str] = (), decision: str = "allow", role: str = ""
    ) -> tuple[Walk, httpx.Response]:
        """Connect as alice: what was seen at the vendor, and what the callback answered."""
        form = {
            "csrf": self.house.csrf.token(self.alice.caller.credential),
            "next": f"/content/{self.app.guid}/",
            "content": self.app.guid,
            **({"role": role} if role else {}),
        }
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        asked = await self.browser.post(f"/__oauth__/integrations/{self.row.guid}/login", data=form, headers=headers)
        assert asked.status_code == 303, asked.text
        walked = await walk(self.provider, asked.headers["location"], untick=untick, decision=decision)
        assert walked.url, walked
        return walked, await self.browser.get(walked.url)

    async def connect(self, **more: Any) -> Walk:
        """Connect as alice, with success."""
        walked, answer = await self.consent(**more)
        assert answer.status_code == 303, answer.text
        return walked

    async def exchange(self, **more: str) -> httpx.Response:
        """What the app gets for alice, or for itself where the integration is a service account's."""
        service = self.config.auth_type == "Service Account"
        handles = self.house.handles
        token = handles.content(self.app.guid, "i") if service else handles.viewer(self.alice.caller, self.app.guid)
        form = {"grant_type": GRANT, "subject_token_type": CONTENT if service else USER, "subject_token": token}
        return await self.as_app.post(EXCHANGE, data={**form, **more})

    async def token(self) -> str:
        """The token of an exchange that succeeds."""
        answer = await self.exchange()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def opens(self, token: str) -> dict[str, Any] | None:
        """What the vendor's API says of a token; None when it takes it no more."""
        base = httpx.URL(self.config.token_uri).copy_with(path="/api/whoami", query=None)
        answer = await self.provider.get(base, headers={"Authorization": f"Bearer {token}"})
        return answer.json() if answer.status_code == 200 else None

    def connection(self) -> Connection:
        """Alice's connection."""
        return self.house.connection()

    def audit(self) -> dict[str, int]:
        """What the vendor has to say of how we treat refresh tokens."""
        return self.sandbox.state.ledger.audit()


def example(template: Template, auth_type: AuthType, **config: str) -> dict[str, str]:
    """A complete config of a template, made of its own examples; `config` wins over them."""
    given = template.example(auth_type, **config)
    secrets = {"private_key": rsa_pem(), "certificate": certificate_pem()}
    return {**given, **{name: secrets[name] for name in secrets.keys() & given.keys()}}


__all__ = ["App", "Person", "World", "example", "vendor_of"]
