"""The grants: who gets tokens for what. Authlib walks the protocol; these say what is kept and what ends."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    ClientMixin,
    InvalidGrantError,
    InvalidRequestError,
    TokenMixin,
)
from authlib.oauth2.rfc6749 import grants as rfc6749
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceCodeGrant as AuthlibDeviceCodeGrant
from authlib.oauth2.rfc8628 import DeviceCredentialMixin
from sqlmodel import Session

from server.clients import redirects, store
from server.clients.wire import Asked
from server.db.models import ToolClient, ToolCode, ToolDevice, ToolSignIn, User
from server.keys.credentials import digest

CODE_LIFE = timedelta(seconds=60)
PUBLIC: list[str] = ["none"]
# RFC 8628 section 3.5: each answer slow_down makes a tool wait so many seconds longer.
SLOWER = 5


class Keeper(Protocol):
    """What grants ask of the authorization server that made them: its transaction, and whose tokens are whose."""

    session: Session
    moment: datetime

    def held_refresh(self, token: str) -> Held | None:
        """The sign-in a refresh token belongs to, be it the newest one or not."""

    def end(self, row: ToolSignIn | None, reason: str) -> None:
        """End a sign-in with all its tokens."""


class Client(ClientMixin):  # type: ignore[misc]
    """A registered tool, as Authlib asks about it. There are no scopes: a tool may do what the person may."""

    def __init__(self, row: ToolClient) -> None:
        self.row = row

    def get_client_id(self) -> str:
        return self.row.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        return ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirects.allowed(redirect_uri, self.row.redirect_uris)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "none"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grant_types


class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """A code that was shown for the first time."""

    code_challenge_method = "S256"

    def __init__(self, row: ToolCode) -> None:
        self.row, self.code_challenge = row, row.code_challenge

    def get_redirect_uri(self) -> str:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return ""


class Held(TokenMixin):  # type: ignore[misc]
    """What a token that was shown belongs to; `access` is the digest of an access token, empty for a refresh token."""

    def __init__(self, sign_in: ToolSignIn, access: str = "") -> None:
        self.sign_in, self.access = sign_in, access

    def check_client(self, client: Client) -> bool:
        return self.sign_in.client_row == client.row.id

    def get_scope(self) -> str:
        return ""


class AuthorizationCodeGrant(rfc6749.AuthorizationCodeGrant):  # type: ignore[misc]
    """A code for a minute, shown once; shown again, it takes back what it gave (RFC 6749 section 4.1.2)."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = PUBLIC
    server: Keeper
    request: Asked

    def generate_authorization_code(self) -> str:
        return secrets.token_urlsafe(32)

    def save_authorization_code(self, code: str, request: Asked) -> None:
        row = ToolCode(
            code_hash=digest(code),
            client_row=request.client.row.id,
            user_id=request.user.id,
            redirect_uri=request.payload.redirect_uri,
            code_challenge=request.payload.data["code_challenge"],
            expires_at=self.server.moment + CODE_LIFE,
        )
        store.add_code(self.server.session, row, self.server.moment)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """The code, which is used up by being shown, whatever comes of it."""
        row = store.code(self.server.session, digest(code))
        if row is None:
            return None
        if row.used:
            if row.sign_in_id is not None:
                self.server.end(self.server.session.get(ToolSignIn, row.sign_in_id), "code_reuse")
            return None
        row.used = True
        self.server.session.add(row)
        good = row.client_row == client.row.id and row.expires_at > self.server.moment
        return Code(row) if good else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Kept, marked as used, so that a second use is noticed."""

    def authenticate_user(self, authorization_code: Code) -> User | None:
        return store.person(self.server.session, authorization_code.row.user_id)


class Pkce(CodeChallenge):  # type: ignore[misc]
    """S256, always (RFC 9700 section 2.1.1): Authlib alone would take `plain`, and requests without a challenge."""

    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]
    CODE_CHALLENGE_METHODS: ClassVar = {"S256": CodeChallenge.CODE_CHALLENGE_METHODS["S256"]}

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str | None) -> None:
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Send a code_challenge with code_challenge_method S256 (PKCE).")
        super().validate_code_challenge(grant, redirect_uri)


class RefreshTokenGrant(rfc6749.RefreshTokenGrant):  # type: ignore[misc]
    """Each refresh gives a new refresh token; an older one ends the sign-in (RFC 9700 section 4.14.2)."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = PUBLIC
    INCLUDE_NEW_REFRESH_TOKEN = True
    server: Keeper
    request: Asked

    def _validate_token_scope(self, token: Held) -> None:
        """There are no scopes to narrow."""

    def authenticate_refresh_token(self, refresh_token: str) -> Held | None:
        held = self.server.held_refresh(refresh_token)
        if held is None or not held.check_client(self.request.client):
            return None
        if not hmac.compare_digest(held.sign_in.refresh_hash, digest(refresh_token)):
            self.server.end(held.sign_in, "refresh_reuse")
            return None
        if held.sign_in.expires_at <= self.server.moment:
            self.server.end(held.sign_in, "expired")
            return None
        return held

    def authenticate_user(self, refresh_token: Held) -> User:
        user = store.person(self.server.session, refresh_token.sign_in.user_id)
        if user is None:
            raise InvalidGrantError("The person may not sign in any more.")
        return user

    def revoke_old_credential(self, refresh_token: Held) -> None:
        """Done when the new one was kept: there is one newest token."""


class Device(DeviceCredentialMixin):  # type: ignore[misc]
    """A device authorization that its tool asks about."""

    def __init__(self, row: ToolDevice, client_id: str, moment: datetime) -> None:
        self.row, self._client_id, self._moment = row, client_id, moment

    def get_client_id(self) -> str:
        return self._client_id

    def get_scope(self) -> str:
        return ""

    def get_user_code(self) -> ToolDevice:
        return self.row

    def is_expired(self) -> bool:
        return self.row.expires_at <= self._moment


class DeviceCodeGrant(AuthlibDeviceCodeGrant):  # type: ignore[misc]
    """Tokens for a device code, once a person has typed its user code and agreed (RFC 8628)."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = PUBLIC
    server: Keeper
    request: Asked

    def query_device_credential(self, device_code: str) -> Device:
        row = store.device(self.server.session, digest(device_code))
        client = None if row is None else self.server.session.get(ToolClient, row.client_row)
        if row is None or client is None:
            raise InvalidGrantError("The device_code is not valid, or was used.")
        return Device(row, client.client_id, self.server.moment)

    def validate_device_credential(self, credential: Device) -> User:
        """As Authlib's; success uses the authorization up."""
        user: User | None = super().validate_device_credential(credential)
        self.server.session.delete(credential.row)
        if user is None:
            raise InvalidGrantError("The person may not sign in any more.")
        return user

    def query_user_grant(self, user_code: ToolDevice) -> tuple[User | None, bool] | None:
        if not user_code.decision:
            return None
        return store.person(self.server.session, user_code.user_id or 0), user_code.decision == "allowed"

    def should_slow_down(self, credential: Device) -> bool:
        row, moment = credential.row, self.server.moment
        early = row.polled_time is not None and moment - row.polled_time < timedelta(seconds=row.interval)
        row.polled_time, row.interval = moment, row.interval + (SLOWER if early else 0)
        self.server.session.add(row)
        return early
