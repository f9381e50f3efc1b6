"""What an app was answered a moment ago: asked the same again while nothing has changed, it is answered the same.

An answer is kept for at most a second, which bounds what ends by time alone, and only until anything is committed
here or heard of from another gateway (server.db.changes), or a memory of sessions or content is told otherwise. So a
sign-out, a disconnect or a changed access list counts at the next exchange, as without it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlmodel import SQLModel

from integrations.grants.token_reply import LONGEST_LIFETIME
from server.credentials.form import ACCESS_TOKEN, ExchangeForm
from server.credentials.sources import Asked
from server.db.chain import Fact
from server.db.changes import Changes
from server.vault.tokens import Issued

LONGEST = 1.0
# Of a token's remaining life: one that is about to end is looked at anew each time.
SHARE = 1 / 16
MOST = 20_000


@dataclass(slots=True)
class Answer:
    """One answer: what was asked and given, its event in the ledger, and until when it may be given again."""

    asked: Asked
    issued: Issued
    fact: Fact
    since: float
    until: float
    marks: tuple[int, ...]
    spelled: tuple[int | None, bytes] = field(default=(None, b""))


class Repeats:
    """Answers by instance and form. `marks` are counters that grow when a memory ceases to be true."""

    def __init__(
        self, changes: Changes, clock: Callable[[], float], marks: Callable[[], tuple[int, ...]] = lambda: ()
    ) -> None:
        self._changes, self._clock, self._marks = changes, clock, marks
        self._kept: OrderedDict[tuple[str, ExchangeForm], Answer] = OrderedDict()
        self._written = 0
        changes.when(SQLModel.metadata.tables, self._forget, here=True)

    def _forget(self) -> None:
        self._written += 1
        self._kept.clear()

    def counters(self) -> tuple[int, ...]:
        """Grows with everything that may change an answer."""
        return (self._written, *self._marks())

    def find(self, instance: str, form: ExchangeForm) -> Answer | None:
        """The answer that is still right; None: walk."""
        found = self._kept.get((instance, form))
        if found is None or not self._changes.trusted():
            return None
        if self._clock() >= found.until or self.counters() != found.marks:
            del self._kept[instance, form]
            return None
        return found

    def keep(self, form: ExchangeForm, asked: Asked, issued: Issued, fact: Fact, counters: tuple[int, ...]) -> None:
        """Remember an answer, if nothing has changed since `counters` and it is a viewer's plain token."""
        plain = form.requested == ACCESS_TOKEN and not form.force_refresh and form.min_ttl is None
        if not plain or issued.connection is None or counters != self.counters():
            return
        left = LONGEST_LIFETIME if issued.expires_in is None else issued.expires_in
        since = self._clock()
        until = since + min(LONGEST, left * SHARE)
        self._kept[asked.instance, form] = Answer(asked, issued, fact, since, until, counters)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def left(self, answer: Answer) -> Issued:
        """What is given now: the same token with what it has left."""
        issued = answer.issued
        if issued.expires_in is None:
            return issued
        # Whole seconds, and never more than is really left.
        return replace(issued, expires_in=int(issued.expires_in - (self._clock() - answer.since)))
