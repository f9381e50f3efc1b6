"""Consents that have been started: one-time, bound to browser, person, session and configuration (O-01, O-39)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, delete, select

from integrations.contract import Secret
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Flow, Integration
from server.keys.credentials import digest
from server.keys.keyring import Keyring, SealBroken
from server.vault.lease import Clock
from server.web.caller import Caller

PURPOSE = "flow"
LIFETIME = timedelta(minutes=10)
MOST_PER_BROWSER = 10
MOST_PER_PERSON = 50
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Target:
    """Where a consent was started from and where it returns to, for which role, and where the provider answers."""

    return_path: str
    content_guid: str | None
    role: str = ""
    redirect_uri: str = ""


@dataclass(frozen=True)
class Taken:
    """A flow that came back and is used up; its verifier is in the clear."""

    flow: Flow
    verifier: Secret


def new_token() -> str:
    """256 random bits in 43 characters: a state, or a browser's own name (O-02)."""
    return secrets.token_urlsafe(32)


def well_formed(token: str | None) -> bool:
    """Whether a value can be one of ours."""
    return token is not None and TOKEN.fullmatch(token) is not None


class Flows:
    """Stores only hashes of states and browsers, and sealed verifiers."""

    def __init__(self, db: Database, keyring: Keyring, *, clock: Clock = now) -> None:
        self._db = db
        self._keyring = keyring
        self._clock = clock

    async def start(
        self,
        caller: Caller,
        integration: Integration,
        *,
        state: str,
        browser: str,
        verifier: Secret,
        target: Target,
    ) -> None:
        """Remember a consent that is about to begin; the oldest beyond the cap are forgotten."""
        assert integration.id is not None
        moment, state_hash = self._clock(), digest(state)
        flow = Flow(
            state_hash=state_hash,
            browser_hash=digest(browser),
            session_guid=caller.credential,
            user_id=caller.user_id,
            integration_id=integration.id,
            config_version=integration.config_version,
            sealed_verifier=self._keyring.seal(
                verifier.reveal(),
                purpose=PURPOSE,
                bound_to=_bound_to(state_hash, caller.user_id, integration.id),
            ),
            return_path=target.return_path,
            content_guid=target.content_guid,
            role=target.role,
            redirect_uri=target.redirect_uri,
            created_time=moment,
            expires_at=moment + LIFETIME,
        )
        await self._db.write(self._insert, flow)

    def _insert(self, session: Session, flow: Flow) -> None:
        session.exec(delete(Flow).where(col(Flow.expires_at) <= self._clock()))
        session.add(flow)
        session.flush()
        newest_first = select(Flow.state_hash).order_by(col(Flow.created_time).desc(), col(Flow.state_hash))
        extra = [
            *session.exec(newest_first.where(Flow.browser_hash == flow.browser_hash).offset(MOST_PER_BROWSER)),
            *session.exec(newest_first.where(Flow.user_id == flow.user_id).offset(MOST_PER_PERSON)),
        ]
        if extra:
            session.exec(delete(Flow).where(col(Flow.state_hash).in_(extra)))

    async def take(self, state: str | None, browser: str | None) -> Taken | None:
        """Use a state up, if this browser started it and it has not ended; None otherwise.

        A state shown by another browser stays, so that a stranger who saw it cannot spoil it.
        """
        if not (well_formed(state) and well_formed(browser)):
            return None
        assert state is not None
        assert browser is not None
        flow = await self._db.write(_delete, digest(state), digest(browser))
        if flow is None or flow.expires_at <= self._clock():
            return None
        try:
            verifier = self._keyring.open(
                flow.sealed_verifier,
                purpose=PURPOSE,
                bound_to=_bound_to(flow.state_hash, flow.user_id, flow.integration_id),
            )
        except SealBroken:
            return None
        return Taken(flow, Secret(verifier))


def _bound_to(state_hash: str, user_id: int, integration_id: int) -> str:
    return f"flows|{state_hash}|{user_id}|{integration_id}"


def _delete(session: Session, state_hash: str, browser_hash: str) -> Flow | None:
    gone = (
        delete(Flow).where(col(Flow.state_hash) == state_hash, col(Flow.browser_hash) == browser_hash).returning(Flow)
    )
    found: Flow | None = session.execute(gone).scalars().first()
    return found
