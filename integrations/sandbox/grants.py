"""Owns the four grants and the extensions (PKCE, OpenID Connect) that decide who gets which token."""

from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749 import grants as rfc6749
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode as AuthlibOpenIDCode
from authlib.oidc.core.grants import OpenIDToken

from integrations.sandbox.behaviour import Behaviour
from integrations.sandbox.ledger import Entry
from integrations.sandbox.settings import AUTH_METHODS, UserSettings
from integrations.sandbox.state import State
from integrations.sandbox.tokens import Code, Token, digest
from integrations.sandbox.wire import WireRequest


class _Making:
    """Lets the vendor make the tokens its own way before they are recorded."""

    server: Any
    request: WireRequest

    @property
    def state(self) -> State:
        """Return the provider's memory."""
        return self.server.state  # type: ignore[no-any-return]

    def generate_token(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return Authlib's tokens, changed as the vendor wants."""
        token = super().generate_token(*args, **kwargs)  # type: ignore[misc]
        return self.server.behaviour.made(self.request, kwargs.get("user"), token)  # type: ignore[no-any-return]


class AuthorizationCodeGrant(_Making, rfc6749.AuthorizationCodeGrant):  # type: ignore[misc]
    """A code for ten minutes, used once; using it again takes back what it gave (RFC 6749 section 4.1.2)."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = list(AUTH_METHODS)

    def save_authorization_code(self, code: str, request: WireRequest) -> None:
        """Keep the code, bound to the client, the address and the challenge of this request."""
        asked = request.payload.data
        self.state.store.add_code(
            Code(
                key=digest(code),
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.scope if request.granted is None else request.granted,
                sub=request.user.sub,
                issued_at=self.state.clock(),
                code_challenge=asked.get("code_challenge"),
                code_challenge_method=asked.get("code_challenge_method"),
                nonce=asked.get("nonce"),
                asked=dict(asked),
                role=self.server.behaviour.role(request, request.user),
            )
        )

    def query_authorization_code(self, code: str, client: Any) -> Code | None:
        """Return the code if it is this client's and unused."""
        found = self.state.store.code(code)
        if found is None or found.client_id != client.client_id:
            return None
        if found.family is not None:
            found.family.revoked = True
            return None
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Leave the code in place: it is marked as used by its family, so that a second use is noticed."""

    def authenticate_user(self, authorization_code: Code) -> UserSettings | None:
        """Return who agreed."""
        return self.state.users.get(authorization_code.sub)

    def generate_token(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Issue tokens; a refresh token only where the client's settings say so."""
        settings, code = self.request.client.settings, self.request.authorization_code
        asked = not settings.refresh_scope or set(settings.refresh_scope) & set(code.get_scope().split())
        kwargs["include_refresh_token"] = (
            bool(asked)
            and settings.issue_refresh
            and settings.access_lifetime is not None
            and kwargs.get("include_refresh_token", False)
            and self.server.behaviour.gives_refresh(code)
        )
        return super().generate_token(*args, **kwargs)


class RefreshTokenGrant(_Making, rfc6749.RefreshTokenGrant):  # type: ignore[misc]
    """A new access token; with rotation also a new refresh token, the old one being spent (RFC 9700 4.14)."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = list(AUTH_METHODS)

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:  # noqa: N802 - Authlib's name
        """Say whether the answer carries a new refresh token."""
        return bool(self.request.client.settings.rotate_refresh)

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        """Return the token if it is live; a spent one condemns its family where reuse is watched."""
        token = self.state.store.find(refresh_token, "refresh_token")
        if token is None or not token.check_client(self.request.client):
            return None
        settings = self.request.client.settings
        if token.spent and not token.in_grace(settings.rotation_grace):
            if settings.reuse_detection and not token.family.revoked:
                token.family.revoked = True
                self.state.ledger.add(
                    Entry(self.state.clock(), "family", None, token.family.client_id, token.key[:16], "reuse")
                )
            return None
        return None if token.is_expired() or token.revoked or token.family.revoked else token

    def _validate_token_scope(self, token: Token) -> None:
        """Let the vendor say which scopes a refresh may ask for."""
        self.server.behaviour.check_refresh(self.request, token)

    def authenticate_user(self, refresh_token: Token) -> UserSettings | None:
        """Return whose token it is."""
        return self.state.users.get(refresh_token.family.sub)

    def revoke_old_credential(self, refresh_token: Token) -> None:
        """Spend the old token when a new one was issued, where the vendor does so."""
        if self.INCLUDE_NEW_REFRESH_TOKEN and self.server.behaviour.spends and not refresh_token.spent:
            refresh_token.spent, refresh_token.spent_at = True, self.state.clock()


class PasswordGrant(_Making, rfc6749.ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc]
    """Name and password for a token (RFC 6749 section 4.3), as seed 002 tests an authorization server."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic", "client_secret_post"]

    def authenticate_user(self, username: str, password: str) -> UserSettings | None:
        """Return the person of that user name or login name whose password it is."""
        return self.state.users.check(username, password)

    def generate_token(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Issue tokens; a refresh token only where the client's settings say so."""
        kwargs["include_refresh_token"] = self.request.client.settings.issue_refresh
        return super().generate_token(*args, **kwargs)


class ClientCredentialsGrant(_Making, rfc6749.ClientCredentialsGrant):  # type: ignore[misc]
    """A token for the client itself; a secret is needed, so `none` is not offered."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


class Pkce(CodeChallenge):  # type: ignore[misc]
    """S256 only; demanded at the authorization endpoint where the client's settings say so (RFC 7636)."""

    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]
    CODE_CHALLENGE_METHODS: ClassVar = {"S256": CodeChallenge.CODE_CHALLENGE_METHODS["S256"]}

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str | None) -> None:
        """Raise InvalidRequestError when a challenge is missing or not S256."""
        asked = grant.request.payload.data
        settings = grant.request.client.settings
        if not asked.get("code_challenge") and (settings.require_pkce or settings.secret is None):
            raise InvalidRequestError("This client must send a code_challenge (PKCE).")
        if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256.")
        super().validate_code_challenge(grant, redirect_uri)


class _Signing:
    """How an id_token is signed, and what it says."""

    _state: State
    _behaviour: Behaviour
    _issuer = ""

    def encode_id_token(self, token: dict[str, Any], request: WireRequest) -> Any:
        """Name the issuer that the path of the request stands for."""
        self._issuer = self._behaviour.issuer(request.given)
        return super().encode_id_token(token, request)  # type: ignore[misc]

    def resolve_client_private_key(self, client: Any) -> Any:
        """Return the signing key."""
        return self._state.key.private

    def get_encode_header(self, client: Any) -> dict[str, str]:
        """Name the key, so that clients find it in the JWK set."""
        return {"alg": "RS256", "kid": self._state.key.kid}

    def get_client_algorithm(self, client: Any) -> str:
        """Sign with RS256, always."""
        return "RS256"

    def get_client_claims(self, client: Any) -> dict[str, Any]:
        """Return who issued the id_token, to whom, and for how long."""
        now = int(self._state.clock())
        lifetime = client.settings.access_lifetime or 3600
        return {"iss": self._issuer, "aud": [client.client_id], "iat": now, "exp": now + lifetime}

    def generate_user_info(self, user: UserSettings, scope: str) -> UserInfo:
        """Return the claims about the person that the scope allows."""
        return user_claims(user, scope)


class OpenIDCode(_Signing, AuthlibOpenIDCode):  # type: ignore[misc]
    """Adds an id_token (RS256) when the scope has `openid`."""

    def __init__(self, behaviour: Behaviour) -> None:
        """Sign with the provider's key."""
        super().__init__(require_nonce=False)
        self._state, self._behaviour = behaviour.state, behaviour

    def exists_nonce(self, nonce: str, request: WireRequest) -> bool:
        """Accept any nonce: replay is stopped by the code, which works once."""
        return False


class RefreshedIdToken(_Signing, OpenIDToken):  # type: ignore[misc]
    """Adds a new id_token to a refresh (OpenID Connect Core section 12.2)."""

    def __init__(self, behaviour: Behaviour) -> None:
        """Sign with the provider's key."""
        self._state, self._behaviour = behaviour.state, behaviour


def user_claims(user: UserSettings, scope: str) -> UserInfo:
    """Return the OpenID Connect claims of `user` that `scope` allows (OpenID Connect Core section 5.4)."""
    claims = UserInfo(sub=user.sub, name=user.name, preferred_username=user.sub, email=user.email, email_verified=True)
    return claims.filter(scope)
