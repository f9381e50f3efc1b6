"""The audit trail as JSON lines: every field of every event, in the order of the chain."""

from __future__ import annotations

import json
from datetime import UTC

from sqlmodel import Session, col, select

from server.audit.filters import Filters
from server.db.models import AuditEvent

BATCH = 1000
PLAIN = (
    "seq", "id", "actor_guid", "actor", "action", "subject", "content", "integration", "connection", "bundle",
    "address", "request_id", "data",
)  # fmt: skip


def line(event: AuditEvent) -> bytes:
    """One event as one line of JSON. `mac` is its link in hex; times are UTC, to the microsecond."""
    time = event.time.astimezone(UTC).isoformat(timespec="microseconds")
    facts = {"time": time} | {name: getattr(event, name) for name in PLAIN}
    facts["mac"] = None if event.mac is None else event.mac.hex()
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def batch(session: Session, filters: Filters, after: int) -> tuple[bytes, int | None]:
    """The lines of the next events after the id `after`, and the id of the last; None when there are no more."""
    query = filters.narrow(select(AuditEvent)).where(col(AuditEvent.id) > after)
    rows = session.exec(query.order_by(col(AuditEvent.id)).limit(BATCH)).all()
    return b"".join(line(row) for row in rows), (rows[-1].id if len(rows) == BATCH else None)
