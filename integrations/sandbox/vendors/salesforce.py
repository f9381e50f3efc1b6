"""Salesforce: no lifetime in its answers, the org's own address, five approvals a person and app."""

from typing import Any, ClassVar

from integrations.sandbox.behaviour import Behaviour, Paths
from integrations.sandbox.settings import UserSettings
from integrations.sandbox.wire import WireRequest

ORG = "00D000000000001EAA"


class Salesforce(Behaviour):
    """A My Domain; `rotate_refresh` is off unless a client's settings switch it on."""

    key = "salesforce"
    name = "Salesforce"
    sends_iss = False
    paths = Paths(
        authorize=("/services/oauth2/authorize",),
        token=("/services/oauth2/token",),
        revoke=("/services/oauth2/revoke",),
        introspect=("/services/oauth2/introspect",),
        userinfo=("/services/oauth2/userinfo", "/id/{org}/{user}"),
        jwks=("/id/keys",),
    )
    client: ClassVar = {
        "scopes": ("*",),
        "access_lifetime": 7200,
        "omit_expires_in": True,
        "rotate_refresh": False,
        "live_grants": 5,
        "refresh_scope": ("refresh_token", "offline_access"),
    }

    def finish(self, wire: WireRequest, body: dict[str, Any]) -> None:
        """Where the org lives, who it is (as an address), and when, in milliseconds."""
        who = wire.user.sub if wire.user else wire.client.client_id
        body["instance_url"] = wire.client.settings.instance_url
        body["id"] = f"{self.state.root}/id/{ORG}/{user_id(who)}"
        body["issued_at"] = str(int(self.state.clock() * 1000))
        body["signature"] = "c2FuZGJveA=="

    def profile(self, user: UserSettings) -> dict[str, Any]:
        """What userinfo and the identity address tell."""
        return {
            "sub": f"{self.state.root}/id/{ORG}/{user_id(user.sub)}",
            "user_id": user_id(user.sub),
            "organization_id": ORG,
            "preferred_username": user.email,
            "name": user.name,
            "email": user.email,
        }


def user_id(sub: str) -> str:
    """A person's 18 character id."""
    return ("005" + sub.encode().hex().upper() + "0" * 18)[:18]
