"""Databricks: workspaces and accounts, single-use refresh tokens, and an API that refuses tokens early."""

from collections.abc import Mapping
from typing import Any, ClassVar

from integrations.sandbox.behaviour import Behaviour, Paths
from integrations.sandbox.settings import UserSettings
from integrations.sandbox.wire import Reply, WireRequest


class Databricks(Behaviour):
    """One workspace, and the account it belongs to."""

    key = "databricks"
    name = "Databricks"
    sends_iss = False
    issuer_path = "/oidc"
    names: ClassVar = {"account": "00000000-0000-0000-0000-000000000000"}
    paths = Paths(
        authorize=("/oidc/v1/authorize", "/oidc/accounts/{account}/v1/authorize"),
        token=("/oidc/v1/token", "/oidc/accounts/{account}/v1/token"),
        revoke=(),
        introspect=(),
        userinfo=("/api/2.0/preview/scim/v2/Me", "/api/2.0/accounts/{account}/scim/v2/Me"),
        jwks=("/oidc/jwks.json",),
        metadata=(
            "/oidc/.well-known/oauth-authorization-server",
            "/oidc/accounts/{account}/.well-known/oauth-authorization-server",
        ),
    )
    client: ClassVar = {
        "scopes": ("*",),
        "refresh_lifetime": 604_800,
        "refresh_scope": ("offline_access",),
        "reuse_detection": True,
        "early_rejection": 30,
    }

    def issuer(self, given: Mapping[str, str]) -> str:
        """An account calls itself by its own address."""
        return super().issuer(given) + (f"/accounts/{given['account']}" if "account" in given else "")

    def metadata(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Who says it."""
        return {"issuer": self.issuer(given)}

    def dress(self, wire: WireRequest, reply: Reply) -> Reply:
        """A dead refresh token is called a bad request."""
        dead = isinstance(reply.body, dict) and reply.body.get("error") == "invalid_grant"
        if dead and wire.payload.grant_type == "refresh_token":
            words = {"error": "invalid_request", "error_description": "Refresh token is invalid."}
            return Reply(reply.status, words, [("Cache-Control", "no-store")])
        return reply

    def profile(self, user: UserSettings) -> dict[str, Any]:
        """SCIM's Me."""
        return {"id": user.sub, "userName": user.email, "displayName": user.name, "active": True}
