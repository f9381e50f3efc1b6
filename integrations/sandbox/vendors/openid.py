"""Okta, Auth0 and Keycloak: generic OpenID Connect that is found by its discovery document."""

from collections.abc import Mapping
from typing import Any, ClassVar

from integrations.sandbox.behaviour import Behaviour, Paths
from integrations.sandbox.settings import UserSettings
from integrations.sandbox.tokens import Code
from integrations.sandbox.wire import WireRequest


class Okta(Behaviour):
    """An org and its custom authorization servers; rotation with half a minute of grace."""

    key = "okta"
    name = "Okta"
    names: ClassVar = {"as": "default"}
    paths = Paths(
        authorize=("/oauth2/v1/authorize", "/oauth2/{as}/v1/authorize"),
        token=("/oauth2/v1/token", "/oauth2/{as}/v1/token"),
        revoke=("/oauth2/v1/revoke", "/oauth2/{as}/v1/revoke"),
        introspect=("/oauth2/v1/introspect", "/oauth2/{as}/v1/introspect"),
        userinfo=("/oauth2/v1/userinfo", "/oauth2/{as}/v1/userinfo"),
        jwks=("/oauth2/v1/keys", "/oauth2/{as}/v1/keys"),
        metadata=(
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server",
            "/oauth2/{as}/.well-known/openid-configuration",
            "/oauth2/{as}/.well-known/oauth-authorization-server",
        ),
    )
    sends_iss = False
    client: ClassVar = {
        "scopes": ("*",),
        "refresh_scope": ("offline_access",),
        "reuse_detection": True,
        "rotation_grace": 30.0,
        "jwt_access": True,
    }

    def issuer(self, given: Mapping[str, str]) -> str:
        """A custom authorization server calls itself by its own address."""
        return self.state.root + (f"/oauth2/{given['as']}" if "as" in given else "")

    def metadata(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Who says it."""
        return {"issuer": self.issuer(given)}


class Auth0(Behaviour):
    """A tenant. Without an audience the access token is opaque, and no use at an API."""

    key = "auth0"
    name = "Auth0"
    issuer_path = "/"
    sends_iss = False
    paths = Paths(
        authorize=("/authorize",),
        token=("/oauth/token",),
        revoke=("/oauth/revoke",),
        introspect=(),
        userinfo=("/userinfo",),
        jwks=("/.well-known/jwks.json",),
        metadata=("/.well-known/openid-configuration",),
    )
    client: ClassVar = {
        "scopes": ("*",),
        "access_lifetime": 86_400,
        "refresh_lifetime": 2_592_000,
        "refresh_scope": ("offline_access",),
        "reuse_detection": True,
    }

    def role(self, wire: WireRequest, user: UserSettings) -> str | None:
        """The audience that was asked for goes with the consent."""
        audience: str | None = wire.payload.data.get("audience")
        return audience

    def gives_refresh(self, code: Code) -> bool:
        """Only an API allows offline access, so only with an audience."""
        return bool(code.asked.get("audience"))

    def made(self, wire: WireRequest, user: UserSettings | None, token: dict[str, Any]) -> dict[str, Any]:
        """A JWT for an audience, the opaque token without."""
        audience = wire.payload.data.get("audience")
        if wire.authorization_code:
            audience = wire.authorization_code.role
        elif wire.refresh_token:
            audience = wire.refresh_token.family.role
        if audience:
            settings = wire.client.settings
            token["access_token"] = self.signed(settings, user, token.get("scope") or "", aud=audience)
        return token


class Keycloak(Behaviour):
    """Realms; a refresh token comes with the session, and is not replaced."""

    key = "keycloak"
    name = "Keycloak"
    issuer_path = "/realms/{realm}"
    names: ClassVar = {"realm": "main"}
    paths = Paths(
        authorize=("/realms/{realm}/protocol/openid-connect/auth",),
        token=("/realms/{realm}/protocol/openid-connect/token",),
        revoke=("/realms/{realm}/protocol/openid-connect/revoke",),
        introspect=("/realms/{realm}/protocol/openid-connect/token/introspect",),
        userinfo=("/realms/{realm}/protocol/openid-connect/userinfo",),
        jwks=("/realms/{realm}/protocol/openid-connect/certs",),
        metadata=("/realms/{realm}/.well-known/openid-configuration",),
    )
    client: ClassVar = {
        "scopes": ("*",),
        "access_lifetime": 300,
        "refresh_lifetime": 1800,
        "rotate_refresh": False,
        "jwt_access": True,
    }

    def finish(self, wire: WireRequest, body: dict[str, Any]) -> None:
        """How long the refresh token lives; 0 for an offline one."""
        if "refresh_token" in body:
            offline = "offline_access" in (body.get("scope") or "").split()
            body["refresh_expires_in"] = 0 if offline else wire.client.settings.refresh_lifetime
        body["not-before-policy"] = 0
