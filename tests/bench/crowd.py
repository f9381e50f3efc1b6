"""A data directory full of people, content and visits, made by bulk inserts."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from server.accounts import store as accounts
from server.content import store as contents
from server.db.clock import now
from server.db.engine import Database
from server.db.models import (
    Association,
    AuditEvent,
    Bundle,
    Content,
    ContentTag,
    Group,
    Hit,
    Integration,
    LiveUse,
    Membership,
    Package,
    Permission,
    Tag,
    User,
    Vanity,
)

PORTION = 5000
GROUPS, TAGS, INTEGRATIONS = 20, 40, 5
# What one publisher owns, and what one item has of everything, in the small crowd and in the large one.
OWN = 10


@dataclass(frozen=True)
class Crowd:
    """How many of what, and by whom a benchmark asks. `item` belongs to `publisher`, who owns OWN items."""

    items: int
    admin_key: str
    publisher_key: str
    publisher: str
    item: str
    group: str


def fill(db: Database, items: int) -> Crowd:
    """Content, a fifth as many people, and twenty times as many visits."""
    dice = random.Random(7)
    people, hits = max(items // 5, 2), items * 20

    def first(session: Session) -> tuple[User, User, str, str]:
        admin = accounts.add_user(session, username="admin", role="administrator")
        publisher = accounts.add_user(session, username="publisher", role="publisher")
        keys = [accounts.add_key(session, user, "bench")[1] for user in (admin, publisher)]
        return admin, publisher, keys[0], keys[1]

    admin, publisher, admin_key, publisher_key = db.write_now(first)
    _add(db, User, _people(people))
    own = [db.write_now(contents.add, publisher.id, {"name": f"own-{n}", "title": f"Own {n}"}) for n in range(OWN)]
    owners = range(3, people + 3)
    _add(db, Content, _content(items - OWN, owners, dice))
    numbers = range(1, items + 1)
    _add(db, Permission, _permissions(numbers, db, dice))
    _add(db, Hit, _hits(hits, items, people, dice))
    _add(db, LiveUse, _uses(items * 2, items, people, dice))
    _add(db, AuditEvent, _events(hits, admin.guid))
    _labels(db, items, people, dice)
    item = own[0]
    assert item.id is not None
    _add(db, Hit, ({"content_id": item.id, "time": now(), "path": "/", "live": False} for _ in range(50)))
    group = db.read_now(lambda s: s.get(Group, 1))
    assert group is not None
    return Crowd(items, admin_key, publisher_key, publisher.guid, item.guid, group.guid)


def _add(db: Database, model: Any, rows: Iterator[Mapping[str, Any]]) -> None:
    while part := [model(**row) for row in itertools.islice(rows, PORTION)]:
        db.write_now(Session.add_all, part)


def _guid() -> str:
    return str(uuid.uuid4())


def _people(count: int) -> Iterator[Mapping[str, Any]]:
    for number in range(count):
        name = f"person{number}"
        role = "publisher" if number % 10 == 0 else "viewer"
        yield {"guid": _guid(), "username": name, "username_key": name, "role": role, "first_name": f"First{number}"}


def _content(count: int, owners: range, dice: random.Random) -> Iterator[Mapping[str, Any]]:
    for number in range(count):
        name = f"item-{number}"
        yield {
            "guid": _guid(),
            "name": name,
            "title": f"Report {number}",
            "owner_id": dice.choice(owners),
            "access_type": dice.choice(("acl", "acl", "logged_in")),
            "last_deployed_time": now() - timedelta(minutes=number),
        }


def _permissions(numbers: range, db: Database, dice: random.Random) -> Iterator[Mapping[str, Any]]:
    guids = db.read_now(lambda s: [row[0] for row in s.connection().exec_driver_sql("select guid from users")])
    for number in numbers:
        for guid in dice.sample(guids, min(3, len(guids))):
            yield {"content_id": number, "principal_guid": guid, "principal_type": "user", "role": "viewer"}


def _hits(count: int, items: int, people: int, dice: random.Random) -> Iterator[Mapping[str, Any]]:
    begins = now() - timedelta(days=365)
    step = timedelta(days=365) / count
    for number in range(count):
        yield {
            "content_id": dice.randrange(items) + 1,
            "user_id": dice.randrange(people) + 3,
            "time": begins + number * step,
            "path": "/",
            "user_agent": "bench",
            "live": number % 10 == 0,
        }


def _uses(count: int, items: int, people: int, dice: random.Random) -> Iterator[Mapping[str, Any]]:
    for number in range(count):
        time = now() - timedelta(minutes=count - number)
        who = dice.randrange(people) + 3
        yield {
            "id": uuid.uuid4().hex,
            "content_id": dice.randrange(items) + 1,
            "user_id": who,
            "started": time,
            "ended": time,
        }


def _events(count: int, actor: str) -> Iterator[Mapping[str, Any]]:
    for number in range(count):
        time = now() - timedelta(seconds=count - number)
        yield {"time": time, "actor_guid": actor, "actor": "admin", "action": f"edit_{number % 40}", "data": {}}


def _labels(db: Database, items: int, people: int, dice: random.Random) -> None:
    """Groups, tags, vanity addresses, packages, integrations and versions."""
    _add(db, Group, ({"guid": _guid(), "name": f"g{n}", "name_key": f"g{n}", "owner_id": 1} for n in range(GROUPS)))
    joined = ((n % GROUPS + 1, n + 3) for n in range(people))
    _add(db, Membership, ({"group_id": group, "user_id": user} for group, user in joined))
    _add(db, Tag, ({"name": f"t{n}", "parent_id": None if n == 0 else 1} for n in range(TAGS)))
    _add(db, ContentTag, ({"content_id": n, "tag_id": dice.randrange(TAGS - 1) + 2} for n in range(1, items + 1)))
    _add(db, Vanity, ({"content_id": n, "path": f"/v{n}/", "path_key": f"/v{n}/"} for n in range(1, items + 1, 10)))
    made = {"template": "custom", "auth_type": "Viewer", "sealed_secrets": b"", "fingerprint": "f"}
    _add(db, Integration, ({"guid": _guid(), "name": f"i{n}", **made} for n in range(INTEGRATIONS)))
    used = ({"content_id": n, "integration_id": n % INTEGRATIONS + 1} for n in range(1, items + 1, 4))
    _add(db, Association, used)
    _add(db, Bundle, ({"content_id": n, "size": 1, "details": {"folder": f"f{n}"}} for n in range(1, items + 1)))
    db.write_now(_active)
    kept = {"language": "python", "version": "1", "language_version": "3.11.7"}
    named = ((n, f"p{k}") for n in range(1, items + 1) for k in range(5))
    _add(db, Package, ({"content_id": n, "bundle_id": n, "name": name, **kept} for n, name in named))


def _active(session: Session) -> None:
    session.connection().exec_driver_sql("update content set bundle_id = id")
