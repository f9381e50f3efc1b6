"""AWS credentials for viewers and for content: an identity token is traded at AWS STS, and the answer kept a while."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from integrations.contract import Secret
from integrations.errors import ClientRejected, ConsentEnded, ProviderError
from integrations.grants.web_identity import AwsCredentials, Role, assume, endpoint, session_name
from integrations.http import OutboundClient
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration
from server.keys.keyring import SealBroken
from server.minting import inspection
from server.minting.keys import SigningKeys
from server.minting.minter import UNUSABLE
from server.minting.terms import issuer_of
from server.oauth import store
from server.vault.background import Background
from server.vault.backoff import Backoff
from server.vault.errors import IntegrationBroken, NotConnected, TryLater, VaultError
from server.vault.terms import QUIET
from server.vault.tokens import Issued, Tokens
from server.web.caller import Caller

TEMPLATE: Final = "aws"
TOKEN_TYPE: Final = "aws_credentials"  # noqa: S105 - a type's name
# The identity token of content is traded at once, so it need not live long.
IDENTITY_LIFETIME: Final = 300
# Credentials are asked for anew when less than this is left, or a quarter of a short session.
MARGIN: Final = 300.0
SHARE: Final = 0.25
WAIT: Final = 15.0
MOST_KEPT: Final = 20_000


class IdentityEnded(VaultError):
    """AWS does not take this person's identity token any more; she has to sign in again. `reason` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Expired(Exception):
    """STS says that the identity token is over, though it should not be: a newer one may do."""


@dataclass(frozen=True)
class _Kept:
    credentials: AwsCredentials
    since: datetime


Make = Callable[[], Awaitable[Secret]]
"""Gives the identity token that is traded; called only when credentials are asked for."""


def role_of(config: Mapping[str, object]) -> Role:
    """The role of a settled config of the template `aws`."""
    region = str(config.get("sts_region") or "us-east-1")
    where = str(config.get("sts_endpoint") or "") or endpoint(region)
    return Role(str(config.get("role_arn", "")), where, int(str(config.get("session_duration") or "3600")))


class AwsAccess:
    """Credentials are kept in memory by who they are for, at which integration and as whom; never across viewers.

    The viewer's own connection is read at each exchange, so ending it counts at once, whatever is kept.
    """

    def __init__(
        self,
        db: Database,
        keys: SigningKeys,
        tokens: Tokens,
        client: OutboundClient,
        background: Background,
        *,
        trail: Trail,
        origin: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._db, self._keys, self._tokens, self._client = db, keys, tokens, client
        self._background, self._trail, self._origin, self._clock = background, trail, origin, clock
        self._backoff = Backoff()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._inflight: dict[Hashable, asyncio.Task[_Kept]] = {}

    async def for_viewer(
        self, viewer: Caller, integration_id: int, *, min_ttl: float | None = None, force: bool = False
    ) -> Issued:
        """Credentials for the person looking, by the identity token of her own connection.

        Raises NotConnected, NeedsConsent, IntegrationBroken, TryLater of the connection, and IdentityEnded.
        """
        row = await self._row(integration_id)
        name = session_name(viewer.username, f"viewer-{viewer.guid}")
        for last in (False, True):
            token = await self._tokens.access_token(viewer.user_id, integration_id, force=last)
            who = (viewer.user_id, token.connection, *_identity(token.access_token))
            make = _given(token.access_token)
            try:
                return await self._issued(row, who, make, name, min_ttl=min_ttl, force=force, anew=last)
            except _Expired as error:
                refusal = str(error)
        raise IdentityEnded(refusal)

    async def for_content(
        self,
        integration_id: int,
        content_guid: str,
        *,
        min_ttl: float | None = None,
        force: bool = False,
        anew: bool = False,
    ) -> Issued:
        """Credentials for content itself: this server is the identity provider, `sub` is the content's GUID.

        With `force` those that are a few seconds old are given again all the same, with `anew` never.
        Raises NotConnected (no such service account), IntegrationBroken, TryLater.
        """
        row = await self._row(integration_id)
        if row.auth_type != "Service Account":
            raise NotConnected
        make = _making(self, row, content_guid)
        try:
            return await self._issued(
                row, ("content", content_guid), make, f"content-{content_guid}", min_ttl=min_ttl, force=force, anew=anew
            )
        except (_Expired, IdentityEnded) as error:
            raise IntegrationBroken(str(error)) from None

    async def trial(self, row: Integration) -> Issued:
        """Credentials in the name of the integration itself, asked for anew: whether its settings work."""
        return await self.for_content(row.id or 0, row.guid, anew=True)

    async def identity(self, row: Integration, subject: str) -> Secret:
        """A web identity token for STS that this server signs. Raises IntegrationBroken."""
        moment = int(self._clock().timestamp())
        claims: dict[str, Any] = {
            "iss": issuer_of(self._origin, row.guid),
            "aud": str(row.config.get("audience") or "sts.amazonaws.com"),
            "sub": subject,
            "iat": moment,
            "exp": moment + IDENTITY_LIFETIME,
            "jti": secrets.token_urlsafe(16),
        }
        try:
            return await self._keys.sign(await self._keys.active(row), claims)
        except SealBroken:
            raise IntegrationBroken(UNUSABLE) from None

    async def _row(self, integration_id: int) -> Integration:
        row = await self._db.read(store.by_id, integration_id)
        if row is None or row.template != TEMPLATE:
            raise NotConnected
        return row

    async def _issued(
        self,
        row: Integration,
        who: tuple[Any, ...],
        token: Make,
        name: str,
        *,
        min_ttl: float | None,
        force: bool,
        anew: bool,
    ) -> Issued:
        """Credentials that are kept, or new ones; concurrent askers of the same share one call to STS."""
        role = role_of(row.config)
        key = (row.guid, role, *who)
        kept = self._kept.get(key)
        left = 0.0 if kept is None else self._left(kept)
        if kept is not None and not anew and left > _margin(role.duration, min_ttl):
            age = (self._clock() - kept.since).total_seconds()
            if not force or 0 <= age < QUIET:  # a loop that asks for new ones is no storm at STS (terms.enough)
                return self._as_of(kept)
        try:
            return self._as_of(await self._once(row, key, role, token, name))
        except TryLater:
            if kept is not None and left >= 1:  # credentials that still work are better than none (O-27)
                return self._as_of(kept)
            raise

    async def _once(self, row: Integration, key: Hashable, role: Role, token: Make, name: str) -> _Kept:
        task = self._inflight.get(key)
        if task is None:
            if (trouble := self._backoff.trouble(key)) is not None:
                raise trouble
            self._backoff.begin(key)
            task = self._background.spawn(self._ask(row, key, role, token, name), f"aws credentials {row.guid}")
            self._inflight[key] = task
            task.add_done_callback(lambda _: self._inflight.pop(key, None))
        await asyncio.wait({task}, timeout=WAIT)
        if not task.done():
            raise TryLater("AWS is taking long to answer.", 2.0)
        error = task.exception()
        if isinstance(error, VaultError):
            raise error.again()
        if isinstance(error, _Expired):
            raise _Expired(*error.args)
        return task.result()

    async def _ask(self, row: Integration, key: Hashable, role: Role, token: Make, name: str) -> _Kept:
        try:
            credentials = await assume(self._client, role, token=await token(), name=name)
        except ConsentEnded as error:
            self._backoff.succeeded(key)
            self._note(row, error)
            raise _Expired(error.reason) if error.code == "expired_identity" else IdentityEnded(error.reason) from None
        except ClientRejected as error:
            self._backoff.failed(key, error.reason, broken=True)
            self._note(row, error)
            raise IntegrationBroken(error.reason) from None
        except ProviderError as error:
            self._note(row, error)
            delay = self._backoff.failed(key, error.reason, asked=getattr(error, "retry_after", None))
            raise TryLater(error.reason, delay) from None
        self._backoff.succeeded(key)
        self._kept[key] = _Kept(credentials, self._clock())
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _note(self, row: Integration, error: ProviderError) -> None:
        self._trail.later(None, "fail_aws_credentials", integration=row.guid, code=error.code)

    def _left(self, kept: _Kept) -> float:
        return (kept.credentials.expiration - self._clock()).total_seconds()

    def _as_of(self, kept: _Kept) -> Issued:
        return Issued(kept.credentials.encoded(), TOKEN_TYPE, max(0, math.floor(self._left(kept))), ())


def _making(access: AwsAccess, row: Integration, subject: str) -> Make:
    async def make() -> Secret:
        return await access.identity(row, subject)

    return make


def _given(token: Secret) -> Make:
    async def make() -> Secret:
        return token

    return make


def _identity(token: Secret) -> tuple[str, str]:
    """Whom an identity token names: credentials of one account are never given for another of the same person."""
    decoded = inspection.decode(token.reveal())
    claims = decoded.claims if decoded else {}
    return str(claims.get("iss", "")), str(claims.get("sub", ""))


def _margin(duration: int, min_ttl: float | None) -> float:
    least = min(MARGIN, duration * SHARE)
    return least if min_ttl is None else max(least, min(min_ttl, duration * 0.9))
