"""Snowflake's own OAuth: ten-minute tokens, single-use refresh tokens, roles as scopes, delegated authorizations."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from integrations.sandbox.behaviour import Behaviour, Paths, refuse
from integrations.sandbox.settings import UserSettings
from integrations.sandbox.state import State
from integrations.sandbox.wire import WireRequest

ROLE = "session:role:"


class Snowflake(Behaviour):
    """An account with one security integration for each client.

    Without a role scope the person's default role counts. A role is compared with its case. A role that is
    blocked, not granted to the person, or `session:role-any` is refused. A consent is for one role; one that
    was given, by the person or by an administrator, is not asked for again, but signing in is, every time.
    """

    key = "snowflake"
    name = "Snowflake"
    sends_iss = False
    signs_in_each_time = True
    paths = Paths(
        authorize=("/oauth/authorize",), token=("/oauth/token-request",), revoke=(), introspect=(), userinfo=()
    )
    client: ClassVar = {
        "scopes": ("refresh_token", "session:role:*", "session:role-any", "openid", "profile", "email"),
        "access_lifetime": 600,
        "refresh_lifetime": 7_776_000,
        "refresh_scope": ("refresh_token",),
        "reuse_detection": True,
        "old_access_dies": True,
    }

    def __init__(self, state: State) -> None:
        """Start without any delegated authorization."""
        super().__init__(state)
        self._delegated: dict[tuple[str, str, str], float] = {}

    def check(self, wire: WireRequest, user: UserSettings, redirect_uri: str) -> None:
        """Refuse roles that this integration or this person may not use."""
        scopes = (wire.scope or "").split()
        roles = [scope.removeprefix(ROLE) for scope in scopes if scope.startswith(ROLE)]
        if "session:role-any" in scopes or len(roles) > 1:
            refuse("invalid_scope", "The requested scope is invalid.", redirect_uri)
        role = roles[0] if roles else user.default_role
        if role in wire.client.settings.blocked_roles:
            refuse("invalid_scope", "The role requested has been explicitly blocked in the integration.", redirect_uri)
        if role not in user.roles:
            refuse("invalid_scope", "The role requested is not granted to this user.", redirect_uri)

    def role(self, wire: WireRequest, user: UserSettings) -> str:
        """The role a consent is for."""
        roles = [one.removeprefix(ROLE) for one in (wire.scope or "").split() if one.startswith(ROLE)]
        return roles[0] if roles else user.default_role

    def asks(self, wire: WireRequest, user: UserSettings) -> bool:
        """Only for a role that nobody has consented to yet."""
        role = self.role(wire, user)
        given = (user.sub, role, wire.client.client_id) in self._delegated
        return not given and role not in wire.client.settings.pre_authorized_roles

    def agreed(self, wire: WireRequest, user: UserSettings, ticked: Sequence[str] | None) -> None:
        """Keep the consent as a delegated authorization."""
        self.add(user.sub, self.role(wire, user), wire.client.client_id)

    def finish(self, wire: WireRequest, body: dict[str, Any]) -> None:
        """Say who it is, and how long the refresh token lives."""
        if wire.user:
            body["username"] = wire.user.sub.upper()
            body["idpInitiated"] = False
        if "refresh_token" in body:
            body["refresh_token_expires_in"] = wire.client.settings.refresh_lifetime

    def add(self, sub: str, role: str, client_id: str) -> None:
        """ALTER USER ... ADD DELEGATED AUTHORIZATION OF ROLE ... TO SECURITY INTEGRATION."""
        self._delegated.setdefault((sub, role, client_id), self.state.clock())

    def remove(self, sub: str, client_id: str, role: str | None = None) -> int:
        """ALTER USER ... REMOVE DELEGATED AUTHORIZATION(S): ends the tokens too; returns how many were removed."""
        gone = [key for key in self._delegated if (key[0], key[2]) == (sub, client_id) and role in {None, key[1]}]
        for key in gone:
            del self._delegated[key]
        for family in self.state.store.live(client_id, sub):
            if role in {None, family.role}:
                family.revoked = True
        return len(gone)

    def shown(self, sub: str | None = None, client_id: str | None = None) -> list[dict[str, str]]:
        """SHOW DELEGATED AUTHORIZATIONS, of one person or to one integration."""
        return [
            {
                "created_on": datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds"),
                "user_name": key[0].upper(),
                "role_name": key[1],
                "integration_name": key[2],
                "integration_status": "ENABLED",
            }
            for key, moment in self._delegated.items()
            if sub in {None, key[0]} and client_id in {None, key[2]}
        ]
