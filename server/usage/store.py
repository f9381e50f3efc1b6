"""Queries over visits and live connections. Every function takes the session of one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row, Select, bindparam, func, insert, or_, update
from sqlmodel import Session, col, delete, select

from server.db.models import Content, Hit, LiveUse, Meta, Permission, User
from server.db.owner import left_behind, owner_of
from server.web.caller import Caller
from server.web.cursors import Keyset

SEEN = "live_uses_seen"
PORTION = 5000
# What one reply of the unpaged list of hits may hold.
MOST_HITS = 100_000
HIT = (Hit.id, Hit.time, Hit.bundle_id, Hit.path, Hit.user_agent)
LIVE_USE = (LiveUse.id, LiveUse.started, LiveUse.ended)
Found = Row[Any]
"""These columns, with the GUID of the content and that of whoever looked as `content_guid` and `user_guid`."""


@dataclass(frozen=True)
class Wanted:
    """Which rows: of these content items (None: of any), from and to these times, both included."""

    guids: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


def record(
    session: Session,
    hits: Sequence[Mapping[str, Any]],
    opened: Sequence[Mapping[str, Any]],
    ended: Mapping[str, datetime],
) -> None:
    """Add what was recorded; what belongs to content or people that are gone is left out."""
    rows = [*hits, *opened]
    there = _existing(session, Content.id, {row["content_id"] for row in rows})
    people = _existing(session, User.id, {row["user_id"] for row in rows} - {None})
    for model, given in ((Hit, hits), (LiveUse, opened)):
        kept = [
            {**row, "user_id": row["user_id"] if row["user_id"] in people else None}
            for row in given
            if row["content_id"] in there
        ]
        if kept:
            owner = {"owner": owner_of(session)} if model is LiveUse else {}
            session.execute(insert(model), [row | owner for row in kept])
    if ended:
        change = update(LiveUse).where(col(LiveUse.id) == bindparam("key")).values(ended=bindparam("moment"))
        session.connection().execute(change, [{"key": key, "moment": moment} for key, moment in ended.items()])


def _existing(session: Session, column: Any, wanted: set[Any]) -> set[Any]:
    return set(session.exec(select(column).where(col(column).in_(wanted))).all()) if wanted else set()


def note_open(session: Session, moment: datetime) -> None:
    """Remember that what is open now at this gateway is still open, in case it ends without notice."""
    session.merge(Meta(name=SEEN + owner_of(session), value=moment.isoformat().encode()))


def close_open(session: Session) -> None:
    """At start: what an earlier server left open ended when that server was last seen."""
    notes = {note.name: note for note in session.exec(select(Meta).where(col(Meta.name).startswith(SEEN))).all()}
    still = col(LiveUse.ended).is_(None)
    owners = set(session.exec(select(LiveUse.owner).where(still).distinct()).all())
    noted = {name.removeprefix(SEEN) or None for name in notes}
    for owner in left_behind(owners | noted, owner_of(session)):
        note = notes.get(SEEN + (owner or ""))
        theirs = update(LiveUse).where(still, col(LiveUse.owner).is_not_distinct_from(owner))
        if note is not None:
            seen = datetime.fromisoformat(note.value.decode())
            session.execute(theirs.where(col(LiveUse.started) < seen).values(ended=seen))
            session.delete(note)
        session.execute(theirs.values(ended=LiveUse.started))


def drop_before(session: Session, moment: datetime) -> int:
    """Delete a portion of what is older than `moment`; returns how many rows went."""
    gone = 0
    for model, time in ((Hit, Hit.time), (LiveUse, LiveUse.started)):
        old = select(model.id).where(col(time) < moment).order_by(col(time)).limit(PORTION)
        gone += session.execute(delete(model).where(col(model.id).in_(old))).rowcount  # type: ignore[attr-defined]
    return gone


def _joined(model: Any, columns: Sequence[Any], numbers: Any) -> Any:
    """The rows with these numbers: people and content are looked up for what is shown, not for what is searched."""
    query = sa.select(*columns, col(Content.guid).label("content_guid"), col(User.guid).label("user_guid"))
    return (
        query.join(Content, col(Content.id) == model.content_id)
        .outerjoin(User, col(User.id) == model.user_id)
        .where(col(model.id).in_(numbers))
    )


def _theirs(caller: Caller) -> Any:
    """The content a caller may know the visitors of: as server.access.policy.may_edit decides; None for any."""
    if caller.has("administrator"):
        return None
    listed = select(Permission.content_id).where(
        col(Permission.principal_guid).in_((caller.guid, *caller.groups)), Permission.role == "owner"
    )
    return select(Content.id).where(or_(col(Content.owner_id) == caller.user_id, col(Content.id).in_(listed)))


def _narrowed(query: Any, model: Any, time: Any, caller: Caller, wanted: Wanted) -> Any:
    theirs = _theirs(caller)
    if theirs is not None:
        query = query.where(col(model.content_id).in_(theirs))
    if wanted.guids is not None:
        named = select(Content.id).where(col(Content.guid).in_(wanted.guids))
        query = query.where(col(model.content_id).in_(named))
    if wanted.since is not None:
        query = query.where(col(time) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(time) <= wanted.until)
    return query


def hits(session: Session, caller: Caller, wanted: Wanted) -> list[Found]:
    """The newest visits there may be in one reply, oldest first."""
    newest = _narrowed(select(Hit.id), Hit, Hit.time, caller, wanted)
    newest = newest.order_by(col(Hit.time).desc(), col(Hit.id).desc()).limit(MOST_HITS)
    query = _joined(Hit, HIT, newest).order_by(col(Hit.time), col(Hit.id))
    return list(session.execute(query).all())


def visits(session: Session, caller: Caller, wanted: Wanted, keyset: Keyset) -> list[Found]:
    """A page of visits of content whose use is not told by live connections, and one row more."""
    told = select(Hit.id).where(col(Hit.live).is_(False))
    numbers = keyset.narrow(_narrowed(told, Hit, Hit.time, caller, wanted), Hit.time, Hit.id)
    return list(session.execute(keyset.ordered(_joined(Hit, HIT, numbers), Hit.time, Hit.id)).all())


def live_uses(session: Session, caller: Caller, wanted: Wanted, keyset: Keyset) -> list[Found]:
    """A page of live connections, and one row more."""
    found = _narrowed(select(LiveUse.id), LiveUse, LiveUse.started, caller, wanted)
    numbers = keyset.narrow(found, LiveUse.started, LiveUse.id)
    query = keyset.ordered(_joined(LiveUse, LIVE_USE, numbers), LiveUse.started, LiveUse.id)
    return list(session.execute(query).all())


def visits_since(session: Session, content_id: int, moment: datetime, most: int = 10_000) -> int:
    """How many visits one content item had since `moment`; counting stops at `most`."""
    some: Select[Any] = select(Hit.id).where(Hit.content_id == content_id, col(Hit.time) >= moment).limit(most)
    return session.exec(select(func.count()).select_from(some.subquery())).one()
