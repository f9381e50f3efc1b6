"""The chain of audit events: each is linked to the one before, at the end of the transaction that writes it.

A link is an HMAC-SHA256 over the previous link and the event's own content, under a key that is not in the database
(docs/decisions/0025). Events wait in their session until its other work is done, so the lock on the newest link is
the last one a transaction takes and two of them cannot wait for each other.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any

from sqlalchemy import bindparam, func, insert, update
from sqlmodel import Session, col, select

from server.db.models import AuditEvent, AuditHead

log = logging.getLogger("tabard.audit")
WAITING = "tabard audit events"
GENESIS = bytes(32)
COVERED = (
    "actor_guid", "actor", "action", "data", "subject", "content", "integration", "connection", "bundle", "address",
    "request_id",
)  # fmt: skip
BEFORE_DATA, AFTER_DATA = attrgetter("actor_guid", "actor", "action"), attrgetter(*COVERED[COVERED.index("data") + 1 :])
# What is the same after it was stored as JSON and read again.
PLAIN = (str, bool, int, NoneType)
_spell = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_quoted = json.encoder.encode_basestring_ascii
BATCH = 2000
# Rows that one statement puts into SQLite: it runs outside of Python's lock, which it takes and leaves only once.
AT_ONCE = 100


@dataclass(slots=True)
class Fact:
    """An event on its way into the table, for those that come by the thousand: the columns of AuditEvent alone."""

    action: str
    data: dict[str, Any]
    time: datetime
    actor_guid: str | None = None
    actor: str = "system"
    subject: str | None = None
    content: str | None = None
    integration: str | None = None
    connection: str | None = None
    bundle: str | None = None
    address: str | None = None
    request_id: str | None = None
    seq: int | None = None
    mac: bytes | None = None
    spelled: str = field(default="", init=False, repr=False, compare=False)
    """`data` as JSON, once somebody needed it."""


COLUMNS = tuple(each.name for each in fields(Fact) if each.init)
OTHER_COLUMNS = tuple(name for name in COLUMNS if name not in ("time", "data"))
_others = attrgetter(*OTHER_COLUMNS)
Linked = AuditEvent | Fact


class Chain:
    """Makes links and the seal of the newest one."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def link(self, before: bytes, event: Linked) -> bytes:
        """The link of an event that has its number, after the link `before`."""
        return hmac.digest(self._key, before + canonical(event), hashlib.sha256)

    def seal(self, seq: int, link: bytes) -> bytes:
        """What shows that the newest link was put there by a server, and is not an older one."""
        return hmac.digest(self._key, b"newest\0" + str(seq).encode() + b"\0" + link, hashlib.sha256)

    def put(self, head: AuditHead, events: Iterable[Linked]) -> None:
        """Number and link events after `head`, and move it to the last of them."""
        seq, mac = head.seq, head.mac
        for event in events:
            seq += 1
            event.seq = seq
            event.mac = mac = self.link(mac, event)
        head.seq, head.mac, head.seal = seq, mac, self.seal(seq, mac)


def canonical(event: Linked) -> bytes:
    """An event's content in one spelling, the same before it is stored and after it was read."""
    facts = [_fact(event.seq), f'"{_moment(event)}"', *map(_fact, BEFORE_DATA(event)), _data(event)]
    facts += map(_fact, AFTER_DATA(event))
    return f"[{','.join(facts)}]".encode()


def _fact(value: str | int | None) -> str:
    return _quoted(value) if isinstance(value, str) else _spell(value)


def _moment(event: Linked) -> str:
    return event.time.astimezone(UTC).isoformat(timespec="microseconds")


def _data(event: Linked) -> str:
    """An event's data as JSON, as it is after it was stored and read again; an event that is stored keeps it."""
    if isinstance(event, Fact) and event.spelled:
        return event.spelled
    data = event.data
    if not all(isinstance(value, PLAIN) for value in data.values()):
        data = json.loads(json.dumps(data))
    text = _spell(data)
    if isinstance(event, Fact):
        event.spelled = text
    return text


def promise(session: Session, events: Iterable[Linked]) -> None:
    """Have events written when everything else in the session's transaction is done."""
    session.info.setdefault(WAITING, []).extend(events)


def settle(session: Session, chain: Chain | None) -> None:
    """Write the promised events, linked where there is a key. The last thing in a transaction."""
    events: list[Linked] = session.info.pop(WAITING, [])
    if not events:
        return
    if chain is not None:
        session.flush()
        head = session.exec(select(AuditHead).with_for_update()).one()
        chain.put(head, events)
        session.add(head)
    session.add_all(event for event in events if isinstance(event, AuditEvent))
    facts = [event for event in events if isinstance(event, Fact)]
    if facts and session.get_bind().dialect.name == "sqlite":
        _store_at_once(session, facts)
    elif facts:
        rows = [{name: getattr(fact, name) for name in COLUMNS} for fact in facts]
        session.connection().execute(insert(AuditEvent), rows)


def _store_at_once(session: Session, facts: list[Fact]) -> None:
    """Add rows to SQLite, in the spelling of the columns' types, many with each statement."""
    connection = session.connection()
    for start in range(0, len(facts), AT_ONCE):
        rows = facts[start : start + AT_ONCE]
        values: list[Any] = []
        for fact in rows:
            moment = _moment(fact)
            values += (f"{moment[:10]} {moment[11:26]}", _data(fact), *_others(fact))
        connection.exec_driver_sql(_adding(len(rows)), tuple(values))


@cache
def _adding(count: int) -> str:
    names = ("time", "data", *OTHER_COLUMNS)
    row = f"({','.join('?' * len(names))})"
    return f"INSERT INTO {AuditEvent.__tablename__} ({','.join(names)}) VALUES {','.join([row] * count)}"  # noqa: S608 - names of our own columns


def begin(session: Session, chain: Chain, begun: bool = False) -> None:
    """Make the newest link where there is none, at the first start with a chain.

    What was written before is linked as it is found, and an event says how much that was: it could have been changed
    until now. Where the newest link is missing of a chain that has begun (as its links show, or as `begun`
    says where those are gone, too), a number is left out, so that verifying finds the place for ever.
    """
    if session.get(AuditHead, 1) is not None:
        return
    linked = select(AuditEvent).where(col(AuditEvent.seq).is_not(None))
    last = session.exec(linked.order_by(col(AuditEvent.seq).desc()).limit(1)).first()
    head = AuditHead(id=1, seq=0, mac=GENESIS, seal=b"")
    if last is not None and last.seq is not None and last.mac is not None:
        log.error("the newest link of the audit trail is missing after number %d; see: tabard audit verify", last.seq)
        head.seq, head.mac = last.seq + 1, last.mac
    elif begun:
        log.error("every link of the audit trail is missing; see: tabard audit verify")
        head.seq = 1
    session.add(head)
    session.flush()  # of two servers that start at once, one stops here and finds the other's
    count = 0 if head.seq else _link_all(session, chain, head)
    chain.put(head, [event := AuditEvent(action="begin_audit_chain", data={"count": count})])
    session.add(event)


def _link_all(session: Session, chain: Chain, head: AuditHead) -> int:
    """Link every event there is, in the order of their ids; returns how many."""
    table, done = AuditEvent.__table__, 0  # type: ignore[attr-defined]
    values: dict[str, Any] = {"seq": bindparam("new_seq"), "mac": bindparam("new_mac")}
    change = update(table).where(table.c.id == bindparam("row")).values(values)
    total = session.exec(select(func.count()).select_from(AuditEvent)).one()
    while done < total:
        rows = session.exec(select(AuditEvent).where(col(AuditEvent.seq).is_(None)).order_by("id").limit(BATCH)).all()
        for row in rows:
            session.expunge(row)
        chain.put(head, rows)
        links = [{"row": row.id, "new_seq": row.seq, "new_mac": row.mac} for row in rows]
        session.connection().execute(change, links)
        done += len(rows)
    return done
