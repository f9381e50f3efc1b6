"""Tells providers that tokens are no longer wanted: at once, then again for a week, across restarts (RFC 7009, O-33).

Nobody waits for it: what is to be revoked is put down in the transaction that ends its connection.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from integrations.contract import ClientConfig, Secret
from integrations.grants.revocation import TokenHint, tell
from integrations.http import OutboundClient
from server.audit.trail import Trail
from server.db.engine import Database, DatabaseUnavailable
from server.vault.background import Background
from server.vault.lease import Clock
from server.vault.unwanted import Due, Rows, Unwanted

log = logging.getLogger("tabard.vault")
FIRST, LONGEST = 2.0, 900.0
GIVEN_UP = timedelta(days=7)
# What another gateway has put down and not done is looked for so often, in seconds.
LOOK = 60.0

Current = Callable[[Session, str, ClientConfig], ClientConfig | None]
"""The client of an integration (by GUID) as it is now, if it still is the given one but for its secrets."""


@dataclass(frozen=True)
class Tokens:
    """What is to be revoked; both stay out of repr because Secret hides itself."""

    access: Secret | None
    refresh: Secret | None


@dataclass(frozen=True)
class Whose:
    """Which connection tokens belonged to."""

    integration_guid: str
    connection_guid: str
    user_guid: str = ""


class Revoker:
    """Sends revocations, each until the provider has taken it."""

    def __init__(
        self,
        db: Database,
        rows: Rows,
        client: OutboundClient,
        background: Background,
        *,
        trail: Trail,
        clock: Clock,
        current: Current,
    ) -> None:
        self._db = db
        self._rows = rows
        self._client = client
        self._background = background
        self._trail = trail
        self._clock = clock
        self._current = current
        self._sender: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def put(self, session: Session, config: ClientConfig, tokens: Tokens, whose: Whose) -> bool:
        """Put down what must be revoked, in the transaction that ends the connection; call `wake` once it is
        committed. Returns whether there is anything the provider can be told.
        """
        chosen = _chosen(config, tokens)
        if config.revocation_uri is None or chosen is None:
            return False
        token, hint = chosen
        guids = (whose.integration_guid, whose.connection_guid, whose.user_guid)
        self._rows.put(session, Unwanted(config, token, hint, *guids))
        return True

    def later(self, config: ClientConfig, tokens: Tokens, whose: Whose) -> None:
        """Revoke what never became a connection, or came back too late. Needs a running loop."""
        if config.revocation_uri is not None:
            self._background.spawn(self._put(config, tokens, whose), "revoke")

    async def _put(self, config: ClientConfig, tokens: Tokens, whose: Whose) -> None:
        await self._db.write(self.put, config, tokens, whose)
        self.wake()

    def wake(self) -> None:
        """Something was put down, perhaps by an earlier process. Needs a running loop."""
        self._news.set()
        if self._sender is None or self._sender.done():
            self._sender = self._background.spawn(self._send_all(), "revocations")

    async def keep_house(self) -> None:
        """Run until cancelled: take up what was left behind, here or at another gateway."""
        while True:
            self.wake()
            await asyncio.sleep(LOOK)

    async def _send_all(self) -> None:
        """Send what is due, and stay as long as there are rows; a server that stops leaves them to its next start."""
        while True:
            self._news.clear()
            try:
                due = await self._db.write(self._rows.take)
                await asyncio.gather(*(self._send(row) for row in due))
                wait = 0.0 if due else await self._db.read(self._rows.wait)
            except DatabaseUnavailable:
                return
            if wait is None or self._background.closing.is_set():
                return
            if wait > 0:
                await self._pause(min(wait, LOOK))

    async def _pause(self, seconds: float) -> None:
        """Wait, but not when there is news or the server stops."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._news, self._background.closing)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _send(self, due: Due) -> None:
        if due.what is None and due.waits and self._clock() - due.created_time <= GIVEN_UP:
            log.warning("a token to be revoked needs a key that is not in the key file; it waits")
            await self._again(due)
            return
        if due.what is None:
            log.error("a token to be revoked does not open; it is given up")
            await self._end(due, "abandon_oauth_revocation", "damaged")
            return
        config = await self._db.read(self._current, due.integration_guid, due.what.client) or due.what.client
        answer = await tell(self._client, config, due.what.token, due.what.hint)
        if answer == "done":
            await self._end(due, "revoke_oauth_token")
        elif answer != "again":
            await self._end(due, "abandon_oauth_revocation", "unsupported_token_type")
        elif self._clock() - due.created_time > GIVEN_UP:
            log.error("a token of connection %s could not be revoked for a week", due.connection_guid)
            await self._end(due, "abandon_oauth_revocation", "no_answer")
        else:
            await self._again(due)

    async def _again(self, due: Due) -> None:
        spread = random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing
        wait = LONGEST if due.attempts > 20 else min(LONGEST, FIRST * 2.0**due.attempts / 2)
        await self._db.write(self._rows.put_off, due.guid, spread * wait)

    async def _end(self, due: Due, action: str, reason: str = "") -> None:
        def write(session: Session) -> None:
            self._rows.done(session, due.guid)
            facts = {"integration": due.integration_guid, "connection": due.connection_guid, "user": due.user_guid}
            self._trail.record(session, None, action, **facts, reason=reason, attempts=due.attempts)

        await self._db.write(write)


def _chosen(config: ClientConfig, tokens: Tokens) -> tuple[Secret, TokenHint] | None:
    """The one token to send: GitHub revokes by access token alone; elsewhere the refresh token takes its access
    tokens along.
    """
    if tokens.refresh is not None and config.revocation_style != "github":
        return tokens.refresh, "refresh_token"
    return None if tokens.access is None else (tokens.access, "access_token")
