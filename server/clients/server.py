"""The authorization server over one transaction: Authlib's core, tied to our tables and shapes.

Authlib's core is synchronous and keeps no state, so it runs whole inside one function of a database session, in the
writer's thread: what a request checks and what it changes are one transaction, and a refusal that ends a sign-in is
committed like a success.
"""

from __future__ import annotations

import logging
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, UnauthorizedClientError
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint
from authlib.oauth2.rfc9207 import IssuerParameter
from sqlmodel import Session

from server.audit.trail import Trail
from server.clients import store
from server.clients.grants import (
    PUBLIC,
    AuthorizationCodeGrant,
    Client,
    DeviceCodeGrant,
    Held,
    Pkce,
    RefreshTokenGrant,
)
from server.clients.wire import Asked, Reply
from server.db.models import ToolDevice, ToolSignIn, ToolToken
from server.keys.credentials import digest

ACCESS_LIFE = timedelta(minutes=30)
SIGN_IN_LIFE = timedelta(days=90)
DEVICE_LIFE = timedelta(minutes=10)
INTERVAL = 5
ACCESS_PREFIX, REFRESH_PREFIX = "tba_", "tbr_"
SEE_OTHER = 303
DEVICE_PAGE = "/oauth/v1/device"


class _Issuer(IssuerParameter):  # type: ignore[misc]
    """Adds `iss` to what the browser carries back (RFC 9207)."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


class ToolServer(AuthorizationServer):  # type: ignore[misc]
    """Made for one request. `ended` are the sign-ins it ended, of which the sessions must hear after the commit."""

    def __init__(self, session: Session, issuer: str, trail: Trail, moment: datetime) -> None:
        super().__init__()
        # Authlib writes the tokens it issues to its debug log.
        logging.getLogger("authlib").setLevel(logging.WARNING)
        self.session, self.issuer, self.trail, self.moment = session, issuer, trail, moment
        self.ended: list[str] = []
        self._family = secrets.token_urlsafe(16)
        self.register_token_generator("default", self._bearer())
        self.register_grant(AuthorizationCodeGrant, [Pkce(required=True)])
        self.register_grant(RefreshTokenGrant)
        self.register_grant(DeviceCodeGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(DeviceAuthorization)
        self._issuer = _Issuer(issuer)
        self.register_extension(self._issuer)

    def _bearer(self) -> BearerTokenGenerator:
        """Opaque tokens. Those of one sign-in share the part before the dot, by which an old one is recognised."""
        return BearerTokenGenerator(
            access_token_generator=lambda **_: ACCESS_PREFIX + secrets.token_urlsafe(32),
            refresh_token_generator=lambda **_: f"{REFRESH_PREFIX}{self._family}.{secrets.token_urlsafe(32)}",
            expires_generator=lambda _client, _grant: int(ACCESS_LIFE.total_seconds()),
        )

    def query_client(self, client_id: str) -> Client | None:
        """The registered tool of this name."""
        row = store.client(self.session, client_id)
        return None if row is None else Client(row)

    def held_refresh(self, token: str) -> Held | None:
        """The sign-in a refresh token belongs to, be it the newest one or not."""
        family = token.removeprefix(REFRESH_PREFIX).partition(".")[0]
        row = store.sign_in_of_family(self.session, digest(family))
        if row is None:
            return None
        self._family = family
        return Held(row)

    def save_token(self, token: dict[str, Any], request: Asked) -> None:
        """Keep the digests of what is about to be answered."""
        refresh_hash = digest(token.get("refresh_token") or secrets.token_urlsafe(32))
        if request.refresh_token is not None:
            row: ToolSignIn = request.refresh_token.sign_in
            row.refresh_hash = refresh_hash
        else:
            row = self._sign_in(request, refresh_hash)
        lasting = SIGN_IN_LIFE if "refresh_token" in token else ACCESS_LIFE
        row.expires_at, row.last_used_time = self.moment + lasting, self.moment
        request.client.row.last_used_time = self.moment
        self.session.add_all([row, request.client.row])
        self.session.flush()
        if request.authorization_code is not None:
            request.authorization_code.row.sign_in_id = row.id
        assert row.id is not None
        access = ToolToken(
            token_hash=digest(token["access_token"]),
            sign_in_id=row.id,
            created_time=self.moment,
            expires_at=self.moment + ACCESS_LIFE,
        )
        store.add_token(self.session, access)

    def _sign_in(self, request: Asked, refresh_hash: str) -> ToolSignIn:
        client, user = request.client.row, request.user
        row = ToolSignIn(
            guid=str(uuid.uuid4()),
            client_row=client.id,
            user_id=user.id,
            family=digest(self._family),
            refresh_hash=refresh_hash,
            address=request.address[:64],
            created_time=self.moment,
            expires_at=self.moment,
        )
        self.trail.record(
            self.session, None, "sign_in_tool", user_guid=user.guid, tool=client.client_name, sign_in=row.guid
        )
        return row

    def end(self, row: ToolSignIn | None, reason: str) -> None:
        """End a sign-in with all its tokens."""
        if row is not None:
            self.ended.append(row.guid)
            self.trail.record(self.session, None, "end_tool", sign_in=row.guid, reason=reason)
            self.session.delete(row)

    def refused(self, request: Asked, error: OAuth2Error) -> Reply:
        """An error on the way to the tool's own address, with `iss` like any other answer."""
        reply: Reply = self.handle_error_response(request, error)
        self._issuer.add_issuer_parameter(self, reply)
        return reply

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Asked) -> Asked:
        """The request as it is."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Reply:
        """A reply. Redirects follow a form, so they say 303 (RFC 9700 section 4.12)."""
        return Reply(SEE_OTHER if status == 302 else status, body, headers)


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Takes tokens back (RFC 7009): an access token alone, a refresh token with its whole sign-in."""

    CLIENT_AUTH_METHODS: ClassVar = PUBLIC
    server: ToolServer

    def check_params(self, request: Asked, client: Client) -> None:
        """A hint is only a hint: an unknown one is no reason to keep a token alive."""
        request.payload.data.pop("token_type_hint", None)
        super().check_params(request, client)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Held | None:
        access = digest(token_string)
        pair = store.sign_in_of_token(self.server.session, access)
        if pair is not None:
            return Held(pair[1], access)
        return self.server.held_refresh(token_string)

    def revoke_token(self, token: Held, request: Asked) -> None:
        if not token.access:
            self.server.end(token.sign_in, "revoked")
            return
        row = self.server.session.get(ToolToken, token.access)
        self.server.session.delete(row)
        # What is remembered of the token goes with what is remembered of its sign-in.
        self.server.ended.append(token.sign_in.guid)


class TooMany(OAuth2Error):  # type: ignore[misc]
    """Too many device authorizations wait."""

    error = "temporarily_unavailable"
    description = "Too many sign-ins wait for people; try again in a few minutes."
    status_code = 503


class DeviceAuthorization(DeviceAuthorizationEndpoint):  # type: ignore[misc]
    """Begins a device authorization (RFC 8628 section 3.1)."""

    CLIENT_AUTH_METHODS: ClassVar = PUBLIC
    EXPIRES_IN = int(DEVICE_LIFE.total_seconds())
    INTERVAL = INTERVAL
    server: ToolServer

    def authenticate_client(self, request: Asked) -> Client:
        """The tool, which must have registered for this."""
        self._request = request
        client: Client = super().authenticate_client(request)
        if not client.check_grant_type(DeviceCodeGrant.GRANT_TYPE):
            raise UnauthorizedClientError("The tool did not register for signing in with a code.")
        return client

    def get_verification_uri(self) -> str:
        return self.server.issuer + DEVICE_PAGE

    def generate_device_code(self) -> str:
        return secrets.token_urlsafe(32)

    def save_device_credential(self, client_id: str, scope: str | None, data: dict[str, Any]) -> None:
        row = ToolDevice(
            device_hash=digest(data["device_code"]),
            user_code_hash=digest(data["user_code"]),
            client_row=self._request.client.row.id,
            interval=INTERVAL,
            address=self._request.address[:64],
            created_time=self.server.moment,
            expires_at=self.server.moment + DEVICE_LIFE,
        )
        if not store.add_device(self.server.session, row):
            raise TooMany
