"""Owns the authorization server: Authlib's framework-neutral core, tied to our memory and our wire shapes."""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc9207 import IssuerParameter

from integrations.sandbox.assertions import Assertions
from integrations.sandbox.behaviour import Behaviour
from integrations.sandbox.clients import Client
from integrations.sandbox.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    OpenIDCode,
    PasswordGrant,
    Pkce,
    RefreshedIdToken,
    RefreshTokenGrant,
)
from integrations.sandbox.settings import AUTH_METHODS
from integrations.sandbox.state import State
from integrations.sandbox.tokens import Family, Token, new_secret
from integrations.sandbox.wire import Reply, WireRequest


class SandboxServer(AuthorizationServer):  # type: ignore[misc]
    """Answers WireRequests with Replies."""

    def __init__(self, state: State, behaviour: Behaviour | None = None) -> None:
        """Register every grant, endpoint and extension. Which scopes there are, each client's settings say."""
        super().__init__()
        self.state = state
        self.behaviour = behaviour or Behaviour(state)
        self.register_token_generator("default", _bearer())
        self.register_grant(AuthorizationCodeGrant, [Pkce(required=True), OpenIDCode(self.behaviour)])
        self.register_grant(RefreshTokenGrant, [RefreshedIdToken(self.behaviour)])
        self.register_grant(ClientCredentialsGrant)
        self.register_grant(PasswordGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)
        self.register_client_auth_method("private_key_jwt", Assertions(state))
        self.issuer_parameter = _Issuer(state, self.behaviour)
        self.register_extension(self.issuer_parameter)

    def query_client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        return self.state.clients.get(client_id)

    def save_token(self, token: dict[str, Any], request: WireRequest) -> None:
        """Record what is about to be answered; tokens of one consent share a family."""
        settings = request.client.settings
        if request.refresh_token:
            family = request.refresh_token.family
        else:
            family = Family(settings.client_id, request.user.sub if request.user else None)
            self.state.store.begin(family, settings.live_grants if request.user else None)
        if request.authorization_code:
            request.authorization_code.family = family
            family.role = request.authorization_code.role
        scope = token.get("scope", "")
        store = self.state.store
        if request.refresh_token and settings.old_access_dies:
            store.revoke_access(family)
        issued = store.issue(token["access_token"], "access_token", family, scope, settings.access_lifetime)
        issued.early = settings.early_rejection
        if "refresh_token" in token:
            # A refresh may narrow what the access token may do, never the refresh token (RFC 6749 section 6).
            kept = request.refresh_token.get_scope() if request.refresh_token else scope
            store.issue(token["refresh_token"], "refresh_token", family, kept, settings.refresh_lifetime)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: nobody listens."""

    def create_oauth2_request(self, request: WireRequest) -> WireRequest:
        """Return the request as it is."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Reply:
        """Return a Reply."""
        return Reply(status, body, headers)


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Takes tokens back (RFC 7009): an access token alone, a refresh token with its whole family."""

    CLIENT_AUTH_METHODS: ClassVar = list(AUTH_METHODS)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        """Return the token whatever the hint says, as RFC 7009 section 2.1 asks."""
        return self.server.state.store.find(token_string)  # type: ignore[no-any-return]

    def revoke_token(self, token: Token, request: WireRequest) -> None:
        """Take it back as the vendor does."""
        self.server.behaviour.revoked(token)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Says what a token is (RFC 7662), to the client it was issued to."""

    CLIENT_AUTH_METHODS: ClassVar = ["client_secret_basic", "client_secret_post"]

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        """Return the token of that value."""
        return self.server.state.store.find(token_string)  # type: ignore[no-any-return]

    def check_permission(self, token: Token, client: Client, request: WireRequest) -> bool:
        """Let a client see its own tokens only; others look inactive."""
        return token.check_client(client)

    def introspect_token(self, token: Token) -> dict[str, Any]:
        """Return the members of RFC 7662 section 2.2."""
        family = token.family
        claims: dict[str, Any] = {
            "active": True,
            "client_id": family.client_id,
            "token_type": "Bearer" if token.kind == "access_token" else "refresh_token",
            "scope": token.get_scope(),
            "sub": family.sub or family.client_id,
            "aud": family.client_id,
            "iss": self.server.state.issuer,
            "iat": int(token.issued_at),
        }
        if family.sub:
            claims["username"] = family.sub
        if token.expires_at is not None:
            claims["exp"] = int(token.expires_at)
        return claims


class _Issuer(IssuerParameter):  # type: ignore[misc]
    """Adds `iss` to what the browser carries back (RFC 9207), or not, or wrongly, as the client's settings say."""

    def __init__(self, state: State, behaviour: Behaviour) -> None:
        self._state = state
        self._behaviour = behaviour
        self.client_id: str | None = None
        self.given: Mapping[str, str] = {}

    def get_issuer(self) -> str | None:
        client = self._state.clients.get(self.client_id)
        how = client.settings.iss if client else "right"
        if how == "missing" or not (self._behaviour.sends_iss or how in {"wrong", "twice"}):
            return None
        issuer = self._behaviour.issuer(self.given)
        return f"{issuer}/other" if how == "wrong" else issuer

    def add_issuer_parameter(self, authorization_server: object, response: Reply) -> None:
        super().add_issuer_parameter(authorization_server, response)
        client = self._state.clients.get(self.client_id)
        if client and client.settings.iss == "twice":
            super().add_issuer_parameter(authorization_server, response)


def _bearer() -> BearerTokenGenerator:
    """Return the generator of opaque tokens; lifetimes and prefixes are the client's."""
    # Authlib writes freshly issued tokens to its debug log.
    logging.getLogger("authlib").setLevel(logging.WARNING)
    return BearerTokenGenerator(
        access_token_generator=lambda **_: new_secret("sbx-access-"),
        refresh_token_generator=lambda client, **_: new_secret(client.settings.refresh_prefix),
        expires_generator=lambda client, _grant_type: client.settings.access_lifetime,
    )
