"""Owns what a vendor may do differently from plain OAuth 2.0; each vendor's module overrides some of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidScopeError
from joserfc import jwt
from starlette.routing import Route

from integrations.sandbox.settings import ClientSettings, UserSettings
from integrations.sandbox.state import State
from integrations.sandbox.tokens import Code, Token
from integrations.sandbox.wire import Reply, WireRequest


@dataclass(frozen=True)
class Paths:
    """Where a vendor's endpoints live below its own base, several where it has several."""

    authorize: Sequence[str] = ("/authorize",)
    token: Sequence[str] = ("/token",)
    revoke: Sequence[str] = ("/revoke",)
    introspect: Sequence[str] = ("/introspect",)
    userinfo: Sequence[str] = ("/userinfo",)
    jwks: Sequence[str] = ("/jwks",)
    metadata: Sequence[str] = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


def filled(path: str, names: Mapping[str, str]) -> str:
    """Return `path` with what stands in braces replaced; Starlette's `{name:path}` too."""
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", value)
    return path


class Behaviour:
    """Plain OAuth 2.0 as the sandbox itself speaks it."""

    key: ClassVar[str] = ""
    name: ClassVar[str] = "Sandbox"
    paths: ClassVar[Paths] = Paths()
    client: ClassVar[Mapping[str, Any]] = {}
    """Settings of this vendor's clients that differ from a plain client's."""
    issuer_path: ClassVar[str] = ""
    """What follows the vendor's address in its issuer; braces stand for `names`, or for what the path says."""
    names: ClassVar[Mapping[str, str]] = {}
    sends_iss: ClassVar[bool] = True
    signs_in_each_time: ClassVar[bool] = False
    ticks: ClassVar[bool] = False
    """Whether people may leave single scopes unticked."""
    spends: ClassVar[bool] = True
    """Whether a refresh token that was replaced stops to work."""
    needs_client_to_revoke: ClassVar[bool] = True

    def __init__(self, state: State) -> None:
        """Speak for the vendor whose memory `state` is."""
        self.state = state

    @property
    def base(self) -> str:
        """The path all of this vendor's pages and forms begin with."""
        return self.state.base

    def issuer(self, given: Mapping[str, str]) -> str:
        """What the vendor calls itself towards a request whose path says `given`."""
        return self.state.root + filled(self.issuer_path, {**self.names, **given})

    def routes(self) -> list[Route]:
        """Endpoints that only this vendor has, below its base."""
        return []

    def metadata(self, given: Mapping[str, str]) -> dict[str, Any]:
        """What the discovery document says differently whose path says `given`."""
        return {}

    def check(self, wire: WireRequest, user: UserSettings, redirect_uri: str) -> None:
        """Raise OAuth2Error for an authorization request of `user` that the vendor refuses."""

    def asks(self, wire: WireRequest, user: UserSettings) -> bool:
        """Say whether the consent page is shown."""
        return True

    def agreed(self, wire: WireRequest, user: UserSettings, ticked: Sequence[str] | None) -> None:
        """Take note of a consent; `ticked` are the scopes left ticked, None where there was nothing to tick."""

    def role(self, wire: WireRequest, user: UserSettings) -> str | None:
        """The warehouse role that a code is for."""
        return None

    def gives_refresh(self, code: Code) -> bool:
        """Say whether redeeming `code` gives a refresh token, where the client may have one."""
        return True

    def before(self, wire: WireRequest) -> Reply | None:
        """A refusal of a token request before anything is done, or None."""
        return None

    def check_refresh(self, wire: WireRequest, token: Token) -> None:
        """Raise InvalidScopeError when a refresh asks for more than was granted (RFC 6749 section 6)."""
        asked, granted = (wire.payload.scope or "").split(), token.get_scope().split()
        if not set(asked) <= set(granted):
            raise InvalidScopeError()

    def made(self, wire: WireRequest, user: UserSettings | None, token: dict[str, Any]) -> dict[str, Any]:
        """The tokens as this vendor makes them, before they are recorded."""
        if wire.client.settings.jwt_access:
            token["access_token"] = self.signed(wire.client.settings, user, token.get("scope") or "")
        return token

    def signed(self, client: ClientSettings, user: UserSettings | None, scope: str, **claims: Any) -> str:
        """An access token that is a JWT (RS256): who, for whom, which scopes, from when until when."""
        now = int(self.state.clock())
        body: dict[str, Any] = {
            "iss": self.state.issuer,
            "aud": client.audience or client.client_id,
            "sub": user.sub if user else client.client_id,
            "iat": now,
            "nbf": now,
            "exp": now + (client.access_lifetime or 3600),
            "jti": self.state.next_number(),
        }
        scopes = scope.split()
        body[client.scope_claim] = scopes if client.scope_claim == "scp" else client.scope_delimiter.join(scopes)
        if user is not None:
            body["upn"] = user.login
        key = self.state.key
        return jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, {**body, **claims}, key.private, ["RS256"])

    def finish(self, wire: WireRequest, body: dict[str, Any]) -> None:
        """Add or change members of a successful token answer; the tokens in it are recorded already."""

    def dress(self, wire: WireRequest, reply: Reply) -> Reply:
        """Give an answer of the token endpoint the vendor's form."""
        return reply

    def revoked(self, token: Token) -> None:
        """Take back a token: an access token alone, a refresh token with all of its consent."""
        token.revoked = True
        if token.kind == "refresh_token":
            token.family.revoked = True

    def profile(self, user: UserSettings) -> dict[str, Any] | None:
        """What the vendor's own profile address says of a person; None for OpenID Connect's claims."""
        return None


def refuse(error: str, description: str, redirect_uri: str) -> NoReturn:
    """Send an authorization request back with an error (RFC 6749 section 4.1.2.1)."""
    raise OAuth2Error(description, redirect_uri=redirect_uri, error=error)
