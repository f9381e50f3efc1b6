"""Service accounts' tokens: asked for when needed, shared while they last, kept in memory and nowhere else."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace

from integrations.errors import ClientRejected, ConsentEnded, ProviderError
from integrations.grants.service import fetch
from integrations.http import OutboundClient
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration
from server.keys.keyring import SealBroken
from server.oauth import store
from server.oauth.integrations import Integrations
from server.vault.background import Background
from server.vault.backoff import Backoff
from server.vault.errors import UNUSABLE, UNUSABLE_CODE, IntegrationBroken, NotConnected, TryLater, VaultError
from server.vault.held import Ticks
from server.vault.outcomes import Outcome, Outcomes, second_of
from server.vault.terms import enough, lifetime
from server.vault.tokens import WAIT, Issued
from server.web.errors import ApiError

# A token without an end is asked for again after this long, so that a withdrawn one is not kept for ever.
LONGEST_KEPT = 3600.0


@dataclass(frozen=True)
class _Kept:
    """A token, its life in seconds, and when (in ticks) it was asked for and ends."""

    issued: Issued
    since: float
    ends: float
    life: float | None


class ServiceTokens:
    """Client-credentials tokens, one for each exact configuration of an integration."""

    def __init__(
        self,
        db: Database,
        integrations: Integrations,
        client: OutboundClient,
        background: Background,
        outcomes: Outcomes,
        ticks: Ticks = time.monotonic,
    ) -> None:
        self._db = db
        self._integrations = integrations
        self._client = client
        self._background = background
        self._outcomes = outcomes
        self._ticks = ticks
        self._backoff = Backoff(ticks)
        self._kept: dict[Hashable, _Kept] = {}
        self._inflight: dict[Hashable, asyncio.Task[_Kept | VaultError]] = {}
        self._others: dict[str, Callable[[Integration], Awaitable[Issued]]] = {}
        integrations.when_changed(self._kept.clear)

    def through(self, template: str, other: Callable[[Integration], Awaitable[Issued]]) -> None:
        """Let `other` answer for a template whose service accounts are no OAuth clients."""
        self._others[template] = other

    async def service_token(
        self, integration_id: int, *, anew: bool = False, min_ttl: float | None = None, force: bool = False
    ) -> Issued:
        """A token of the service account; `anew` asks the provider even if one is kept, and so does `force` unless
        that one is quite new. `min_ttl` asks for so many seconds to be left (see `terms.enough`).

        Raises NotConnected (no such service account), IntegrationBroken, TryLater.
        """
        row = await self._db.read(store.by_id, integration_id)
        if row is None or row.auth_type != "Service Account":
            raise NotConnected
        if (other := self._others.get(row.template)) is not None:
            return await other(row)
        key = (row.guid, row.config_version, row.fingerprint, row.sealed_secrets, str(row.config))
        kept = self._kept.get(key)
        if kept is not None and not anew and _good(kept, self._ticks(), min_ttl, force):
            return _as_of(kept, self._ticks())
        task = self._inflight.get(key)
        if task is None:
            trouble = self._backoff.trouble(key)
            if trouble is not None:
                raise trouble
            self._backoff.begin(key)
            task = self._background.spawn(self._fetch(row, key), f"service token {row.guid}")
            self._inflight[key] = task
            task.add_done_callback(lambda _: self._inflight.pop(key, None))
        await asyncio.wait({task}, timeout=WAIT)
        if not task.done():
            raise TryLater("The provider is taking long to answer.", 2.0)
        answer = task.result()
        if isinstance(answer, VaultError):
            raise answer.again()
        return _as_of(answer, self._ticks())

    async def _fetch(self, row: Integration, key: Hashable) -> _Kept | VaultError:
        try:
            config = self._integrations.client_config(row)
        except (SealBroken, ApiError):
            self._outcomes.tell(Outcome(row.guid, "", "service", False, UNUSABLE_CODE, UNUSABLE))
            return IntegrationBroken(UNUSABLE)
        asked, asked_at = self._ticks(), now()
        try:
            tokens = await fetch(self._client, config)
        except (ClientRejected, ConsentEnded) as error:
            self._tell(row, error)
            self._backoff.failed(key, error.reason, broken=True)
            return IntegrationBroken(error.reason)
        except ProviderError as error:
            self._tell(row, error)
            asked_for = getattr(error, "retry_after", None)
            return TryLater(error.reason, self._backoff.failed(key, error.reason, asked=asked_for))
        self._backoff.succeeded(key)
        self._outcomes.tell(
            Outcome(row.guid, "", "service", True, skew=tokens.skew, used_second=second_of(config, tokens))
        )
        life = lifetime(tokens, asked_at)
        issued = Issued(
            tokens.access_token,
            tokens.token_type,
            None if life is None else math.floor(life),
            tokens.scopes if tokens.scopes is not None else config.scopes,
            tokens.extras,
        )
        ends = math.inf if life is None else asked + life
        kept = _Kept(issued, asked, ends, life)
        self._kept[key] = kept
        return kept

    def _tell(self, row: Integration, error: ProviderError) -> None:
        self._outcomes.tell(Outcome(row.guid, "", "service", False, error.code, error.reason))


def _good(kept: _Kept, moment: float, min_ttl: float | None, force: bool) -> bool:
    """Whether the kept token may be given again."""
    left, age = kept.ends - moment, moment - kept.since
    return age < LONGEST_KEPT and enough(left, kept.life, age, min_ttl=min_ttl, force=force)


def _as_of(kept: _Kept, moment: float) -> Issued:
    """The token with what is left of its life at this moment."""
    if math.isinf(kept.ends):
        return kept.issued
    left = max(0, math.floor(kept.ends - moment))
    return replace(kept.issued, expires_in=left)
