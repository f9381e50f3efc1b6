"""Google: a refresh token at the first consent only, scopes that people can untick, revocation of everything."""

from collections.abc import Sequence
from typing import Any, ClassVar

from integrations.sandbox.behaviour import Behaviour, Paths
from integrations.sandbox.settings import UserSettings
from integrations.sandbox.tokens import Code, Token
from integrations.sandbox.wire import Reply, WireRequest

LONG = {
    "email": "https://www.googleapis.com/auth/userinfo.email",
    "profile": "https://www.googleapis.com/auth/userinfo.profile",
}


class Google(Behaviour):
    """accounts.google.com, oauth2.googleapis.com and openidconnect.googleapis.com."""

    key = "google"
    name = "Google"
    ticks = True
    sends_iss = False
    needs_client_to_revoke = False
    paths = Paths(
        authorize=("/o/oauth2/v2/auth",),
        token=("/token",),
        revoke=("/revoke",),
        introspect=(),
        userinfo=("/v1/userinfo",),
        jwks=("/oauth2/v3/certs",),
        metadata=("/.well-known/openid-configuration",),
    )
    client: ClassVar = {
        "scopes": ("*",),
        "access_lifetime": 3599,
        "rotate_refresh": False,
        "live_grants": 100,
        "require_pkce": False,
    }

    def asks(self, wire: WireRequest, user: UserSettings) -> bool:
        """Not again for scopes that were granted before, unless the client insists."""
        known = self.state.consents.get((wire.client.client_id, user.sub), set())
        insists = "consent" in (wire.payload.data.get("prompt") or "").split()
        return insists or not set((wire.scope or "").split()) <= known

    def agreed(self, wire: WireRequest, user: UserSettings, ticked: Sequence[str] | None) -> None:
        """Grant what was left ticked; who sends a form without ticks, not having seen the page, grants all."""
        asked = (wire.scope or "").split()
        granted = [scope for scope in asked if scope == "openid" or ticked is None or scope in ticked]
        wire.granted = " ".join(granted)
        key = (wire.client.client_id, user.sub)
        wire.first = key not in self.state.consents
        self.state.consents.setdefault(key, set()).update(granted)

    def role(self, wire: WireRequest, user: UserSettings) -> str | None:
        """Nothing is chosen; whether this is a first consent is kept here until the code is redeemed."""
        return "first" if wire.first else None

    def gives_refresh(self, code: Code) -> bool:
        """Only with access_type=offline, and only at the first consent or when consent was forced."""
        forced = "consent" in code.asked.get("prompt", "").split()
        return code.asked.get("access_type") == "offline" and (forced or code.role == "first")

    def finish(self, wire: WireRequest, body: dict[str, Any]) -> None:
        """Scopes in Google's spelling."""
        if "scope" in body:
            body["scope"] = " ".join(LONG.get(scope, scope) for scope in body["scope"].split())

    def dress(self, wire: WireRequest, reply: Reply) -> Reply:
        """A dead token in Google's words."""
        if isinstance(reply.body, dict) and reply.body.get("error") == "invalid_grant":
            reply.body.setdefault("error_description", "Token has been expired or revoked.")
        return reply

    def revoked(self, token: Token) -> None:
        """Take back everything that this person gave to this client, the consent too."""
        token.revoked = True
        family = token.family
        family.revoked = True
        for one in self.state.store.live(family.client_id, family.sub):
            one.revoked = True
        self.state.consents.pop((family.client_id, family.sub or ""), None)
