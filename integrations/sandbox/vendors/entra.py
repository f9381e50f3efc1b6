"""Microsoft Entra ID: one resource a token, scopes demanded at a refresh, old refresh tokens that stay good."""

import json
from typing import Any, ClassVar
from urllib.parse import urlsplit

from integrations.sandbox.behaviour import Behaviour, Paths
from integrations.sandbox.faults import NO_STORE
from integrations.sandbox.settings import UserSettings
from integrations.sandbox.tokens import Token
from integrations.sandbox.wire import Reply, WireRequest

GRAPH = "https://graph.microsoft.com"
PERSONAL = {"openid", "profile", "email", "offline_access"}
# The number Entra puts before its sentence, and into error_codes.
AADSTS = {
    "invalid_grant": (700082, "The refresh token has expired due to inactivity, or was revoked."),
    "invalid_client": (7000215, "Invalid client secret provided."),
    "interaction_required": (50076, "Due to a configuration change you must use multi-factor authentication."),
    "invalid_scope": (70011, "The provided value for the input parameter 'scope' is not valid."),
    "unauthorized_client": (700016, "Application was not found in the directory."),
    "invalid_request": (900144, "The request body must contain a parameter that is missing."),
}
CLAIMS = {"access_token": {"acrs": {"essential": True, "value": "c1"}}}


def resource_of(scope: str) -> str | None:
    """The resource a scope is for; None for those about the person; Microsoft Graph's where none is named."""
    if scope in PERSONAL:
        return None
    if scope.startswith(("https://", "api://")):
        parts = urlsplit(scope)
        return f"{parts.scheme}://{parts.netloc}{parts.path.rpartition('/')[0]}"
    return scope.rpartition("/")[0] or GRAPH


class Entra(Behaviour):
    """login.microsoftonline.com, any tenant."""

    key = "entra"
    name = "Microsoft Entra ID"
    sends_iss = False
    spends = False
    issuer_path = "/{tenant}/v2.0"
    names: ClassVar = {"tenant": "contoso.onmicrosoft.com"}
    paths = Paths(
        authorize=("/{tenant}/oauth2/v2.0/authorize",),
        token=("/{tenant}/oauth2/v2.0/token",),
        revoke=(),
        introspect=(),
        userinfo=("/oidc/userinfo", "/v1.0/me"),
        jwks=("/{tenant}/discovery/v2.0/keys",),
        metadata=("/{tenant}/v2.0/.well-known/openid-configuration",),
    )
    client: ClassVar = {
        "scopes": ("*",),
        "auth_methods": ("client_secret_post",),
        "access_lifetime": 4500,
        "refresh_lifetime": 7_776_000,
        "refresh_scope": ("offline_access",),
        "require_pkce": False,
    }

    def before(self, wire: WireRequest) -> Reply | None:
        """Refuse a refresh without scope, and a service account's scope that is not one resource's .default."""
        scopes = (wire.payload.scope or "").split()
        if wire.payload.grant_type == "refresh_token" and not scopes:
            return _problem("invalid_request", 90014, "The required field 'scope' is missing from the credential.")
        if wire.payload.grant_type == "client_credentials" and not (
            len(scopes) == 1 and scopes[0].endswith("/.default")
        ):
            words = "The provided value for scope is not valid: it must be one resource's /.default."
            return _problem("invalid_scope", 1002012, words)
        return None

    def check_refresh(self, wire: WireRequest, token: Token) -> None:
        """Let a refresh ask for any resource: refresh tokens are good for all that were consented to."""

    def made(self, wire: WireRequest, user: UserSettings | None, token: dict[str, Any]) -> dict[str, Any]:
        """A token for the first resource asked for, and the scopes of that one alone."""
        scopes = (token.get("scope") or "").split()
        resource = next((found for found in map(resource_of, scopes) if found), GRAPH)
        mine = [scope for scope in scopes if resource_of(scope) == resource]
        about = [scope for scope in scopes if scope in PERSONAL - {"offline_access"}]
        names = [scope.rpartition("/")[2] for scope in mine]
        if resource == GRAPH:
            told = [*(name for name in names if name != ".default"), *about]
        else:
            told = [f"{resource}/{'user_impersonation' if name == '.default' else name}" for name in names]
        token["scope"] = " ".join(told) or "User.Read"
        token["access_token"] = self.signed(
            wire.client.settings, user, token["scope"], aud=resource, tid=self.names["tenant"], ver="2.0"
        )
        return token

    def finish(self, wire: WireRequest, body: dict[str, Any]) -> None:
        """The lifetime a second time, as Entra says it."""
        body["ext_expires_in"] = body.get("expires_in")

    def dress(self, wire: WireRequest, reply: Reply) -> Reply:
        """Errors with their numbers; a wish to see the person says which claims to ask for."""
        if not isinstance(reply.body, dict) or "error_codes" in reply.body or "error" not in reply.body:
            return reply
        number, words = AADSTS.get(reply.body["error"], (90000, "The request could not be answered."))
        told = _problem(reply.body["error"], number, words, reply.status)
        if reply.body["error"] == "interaction_required":
            told.body |= {"suberror": "basic_action", "claims": json.dumps(CLAIMS)}
        return told

    def profile(self, user: UserSettings) -> dict[str, Any]:
        """What Graph and userinfo tell, in one."""
        return {
            "sub": user.sub,
            "id": user.sub,
            "displayName": user.name,
            "name": user.name,
            "userPrincipalName": user.email,
            "email": user.email,
        }


def _problem(error: str, number: int, words: str, status: int = 400) -> Reply:
    body = {
        "error": error,
        "error_description": f"AADSTS{number}: {words} Trace ID: 0 Correlation ID: 0 Timestamp: 2026-01-01 00:00:00Z",
        "error_codes": [number],
    }
    return Reply(status, body, list(NO_STORE))
