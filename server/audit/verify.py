"""Verifies the chain of audit events: nothing was changed, left out, put in, moved or cut off since it was written."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from server.db.chain import GENESIS, Chain
from server.db.models import AuditEvent, AuditHead

BATCH = 2000
# A place as it is written.
WRITTEN = r"[0-9]{1,9}:[0-9a-f]{64}"


@dataclass(frozen=True)
class Place:
    """A place in the chain: an event's number and its link. Written as `SEQ:MAC`, the link in hex."""

    seq: int
    mac: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.mac.hex()}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """The place that `text` names, or None."""
        if not re.fullmatch(WRITTEN, text):
            return None
        number, _, link = text.partition(":")
        return cls(int(number), bytes.fromhex(link))


@dataclass(frozen=True)
class Verdict:
    """How many events are linked, the newest place, and where there is one the first problem and its number."""

    events: int
    head: Place
    seq: int | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether everything is as it was written."""
        return self.problem is None


class Verifier:
    """Goes through the chain, one transaction a step, so that a long trail blocks nothing.

    `kept` is a place that an administrator wrote down elsewhere; the chain must still go through it. That also finds
    an older copy of the whole database put in the place of the present one.
    """

    def __init__(self, chain: Chain, *, kept: Place | None = None) -> None:
        self._chain, self._kept = chain, kept
        self._at, self._row = Place(0, GENESIS), 0
        self.verdict: Verdict | None = None

    def step(self, session: Session) -> bool:
        """Go on; returns whether there is a verdict."""
        if session.get_bind().dialect.name != "sqlite":
            # The newest link and the events must be of one moment, or those written meanwhile would not fit.
            session.connection().execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        numbered = select(AuditEvent).where(col(AuditEvent.seq) > self._at.seq).order_by(col(AuditEvent.seq))
        rows = session.exec(numbered.limit(BATCH)).all()
        for row in rows:
            problem = self._problem(row)
            if problem is not None:
                return self._end(problem, self._at.seq + 1)
            assert row.seq is not None
            assert row.mac is not None
            assert row.id is not None
            self._at, self._row = Place(row.seq, row.mac), row.id
        if len(rows) == BATCH:
            return False
        return self._end(*self._closing(session))

    def _problem(self, row: AuditEvent) -> str | None:
        expected = self._at.seq + 1
        if row.seq != expected:
            return f"event {expected} is missing; the next one there is {row.seq}"
        if row.mac is None or not hmac.compare_digest(row.mac, self._chain.link(self._at.mac, row)):
            return f"event {expected} was changed, put in or moved, or the one before it was removed"
        if (row.id or 0) <= self._row:
            return f"event {expected} was moved"
        kept = self._kept
        if kept is not None and kept.seq == row.seq and not hmac.compare_digest(kept.mac, row.mac):
            return f"event {expected} is another than the one whose link you kept: the trail was written anew"
        return None

    def _closing(self, session: Session) -> tuple[str | None, int | None]:
        last = self._at.seq
        head = session.get(AuditHead, 1)
        if head is None:
            return "the newest link is missing, so events may have been cut off at the end", last + 1
        if head.seq > last:
            return f"event {last + 1} is missing; the trail went to {head.seq}", last + 1
        sealed = hmac.compare_digest(head.seal, self._chain.seal(head.seq, head.mac))
        if not sealed or head.seq < last or not hmac.compare_digest(head.mac, self._at.mac):
            return f"the newest link ({head.seq}) was changed, so events may have been cut off at the end", last + 1
        if self._kept is not None and self._kept.seq > last:
            return (
                f"event {last + 1} is missing; the trail once went to {self._kept.seq}, whose link you kept",
                last + 1,
            )
        outside = select(func.count(), func.min(AuditEvent.id)).where(col(AuditEvent.seq).is_(None))
        count, row = session.exec(outside).one()
        if count:
            return f"{count} events stand outside of the chain; the first has the id {row}", None
        return None, None

    def _end(self, problem: str | None, seq: int | None) -> bool:
        self.verdict = Verdict(self._at.seq, self._at, seq, problem)
        return True
