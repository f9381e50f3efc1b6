"""Hands out viewers' access tokens that are fresh, and renews each connection's exactly once at a time."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.contract import Secret
from server.vault.background import Background
from server.vault.backoff import Patience
from server.vault.errors import IntegrationBroken, NeedsConsent, TryLater, VaultError
from server.vault.held import Held, Holdings, Name, Ticks
from server.vault.renewal import Renewal
from server.vault.terms import enough

WAIT = 15.0
ROUNDS = 4


@dataclass(frozen=True)
class Issued:
    """An access token to hand out. `expires_in` is what is really left, in whole seconds; None: it does not end.

    `extras` are what the app needs besides the token (Salesforce's `instance_url`); `connection` is the GUID of the
    viewer's connection it comes from, None where there is none behind it. `lender` is the GUID of the
    person who lends that connection; empty: it is the viewer's own.
    """

    access_token: Secret
    token_type: str
    expires_in: int | None
    scopes: tuple[str, ...]
    extras: Mapping[str, str] = field(default_factory=dict)
    connection: str | None = None
    lender: str = ""


class Tokens:
    """The engine of security.md 7.1. What ends a connection here counts at once; what ends it at another gateway,
    within a second.
    """

    def __init__(
        self,
        holdings: Holdings,
        renewal: Renewal,
        background: Background,
        *,
        ticks: Ticks = time.monotonic,
        wait: float = WAIT,
    ) -> None:
        self._holdings = holdings
        self._renewal = renewal
        self._background = background
        self._ticks = ticks
        self._wait = wait
        self._patience = Patience(ticks)
        self._inflight: dict[str, asyncio.Task[VaultError | None]] = {}

    async def access_token(
        self, user_id: int, integration_id: int, *, role: str = "", min_ttl: float | None = None, force: bool = False
    ) -> Issued:
        """A token of the viewer's connection in this role, with at least its margin left.

        With `min_ttl` it is renewed when less than so many seconds are left, with `force` in any case, unless that
        was done just now (see `terms.enough`). Raises NotConnected, NeedsConsent, IntegrationBroken, TryLater.
        """
        name = (user_id, integration_id, role)
        anew = force
        for _ in range(ROUNDS):
            held = await self._holdings.get(name, anew=anew)
            moment = self._ticks()
            left, age = held.left(moment), moment - held.since
            if enough(left, held.life, age, min_ttl=min_ttl, force=force):
                return _issued(held, moment)
            if held.row.sealed_refresh is None:
                if left >= 1:
                    return _issued(held, moment)
                raise NeedsConsent("expired")
            trouble = await self._renewed(held)
            if isinstance(trouble, TryLater | IntegrationBroken):
                return await self._whatever_is_left(name, trouble)
            if trouble is not None:
                raise trouble
            anew = True
        raise TryLater("The connection keeps changing while it is read.", 1.0)

    async def _whatever_is_left(self, name: Name, trouble: VaultError) -> Issued:
        """The provider did not help: a token that is still valid is better than none (O-27)."""
        held, moment = await self._holdings.get(name), self._ticks()
        if held.left(moment) >= 1:
            return _issued(held, moment)
        raise trouble

    async def _renewed(self, held: Held) -> VaultError | None:
        """Renew, or join whoever is renewing; None means "look again"."""
        guid, there = held.row.guid, held.integration
        task = self._inflight.get(guid)
        if task is None:
            key = (there.guid, there.fingerprint, there.sealed_secrets)
            trouble = self._patience.trouble(guid, key)
            if trouble is not None:
                return trouble
            self._patience.begin(guid, key)
            work = self._renewal.run(held.row, self._patience, key)
            task = self._background.spawn(work, f"refresh {guid}")
            self._inflight[guid] = task
            task.add_done_callback(lambda _: self._inflight.pop(guid, None))
        # `wait` neither cancels the refresh when the time is over nor when this caller goes away (O-22).
        await asyncio.wait({task}, timeout=self._wait)
        if not task.done():
            return TryLater("The provider is taking long to renew the connection.", 2.0)
        found = task.result()
        return None if found is None else found.again()


def _issued(held: Held, moment: float) -> Issued:
    left = held.left(moment)
    expires_in = None if math.isinf(left) else math.floor(left)
    issued: Issued | None = held.last.get(expires_in)
    if issued is None:
        assert held.token is not None
        row = held.row
        issued = Issued(held.token, row.token_type, expires_in, tuple(row.scopes.split()), row.extras, row.guid)
        held.last.clear()
        held.last[expires_in] = issued
    return issued
