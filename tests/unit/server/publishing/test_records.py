"""Content as callers are shown it, with what they ask for beside it and nothing they did not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.content import bookmarks, lists
from server.content import store as content
from server.db.engine import Database
from server.publishing.records import Records
from server.renderings import schedules
from server.tags import store as tags
from server.vanity import store as vanities
from tests.harness.statements import statements
from tests.unit.server.standing import Standing, open_standing

EVERYTHING = frozenset({"tags", "owner", "vanity_url", "bookmarked", "schedule"})
EXTRA = {"tags", "owner", "vanity_url", "bookmarked"}


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        yield made


def describe(desk: Standing, content_id: int, path: str) -> None:
    def write(session: object) -> None:
        category = tags.add(session, f"Team {content_id}", None)  # type: ignore[arg-type]
        tag = tags.add(session, "Sales", category.id)  # type: ignore[arg-type]
        tags.put_on(session, content_id, tag.id or 0)  # type: ignore[arg-type]
        vanities.put(session, content_id, path)  # type: ignore[arg-type]
        bookmarks.add(session, desk.who["viewer"].user_id, content_id)  # type: ignore[arg-type]

    desk.db.write_now(write)


def test_extra_keys_are_there_when_asked_for_and_when_there_is_something(desk: Standing):
    records, viewer = Records("https://apps.example.org"), desk.who["viewer"]
    bare = desk.db.read_now(records.one, desk.guid, viewer)
    assert not EXTRA & set(bare)
    asked = desk.db.read_now(records.one, desk.guid, viewer, EVERYTHING)
    assert EXTRA & set(asked) == {"owner", "bookmarked"}
    assert asked["bookmarked"] is False
    describe(desk, desk.view.id, "/Sales/")
    assert desk.db.read_now(records.one, desk.guid, viewer) == bare
    full = desk.db.read_now(records.one, desk.guid, viewer, EVERYTHING)
    assert full["vanity_url"] == "https://apps.example.org/Sales/"
    assert [tag["name"] for tag in full["tags"]] == ["Sales"]
    assert (full["bookmarked"], full["owner"]["username"]) == (True, "ann")
    assert desk.db.read_now(records.one, desk.guid, desk.who["owner"], EVERYTHING)["bookmarked"] is False


def test_a_schedule_is_shown_to_those_who_may_change_it(desk: Standing):
    records = Records("https://apps.example.org")
    plan = {"type": "day", "rule": '{"N": 1}', "start_time": "2030-01-01T09:00:00Z", "timezone": "UTC"}
    made = desk.db.write_now(schedules.add, desk.view.id, plan)
    (shown,) = desk.db.read_now(records.one, desk.guid, desk.who["editor"], EVERYTHING)["schedules"]
    assert (shown["id"], shown["next_run"]) == (made.id, "2030-01-01T09:00:00Z")
    assert "schedules" not in desk.db.read_now(records.one, desk.guid, desk.who["viewer"], EVERYTHING)


def test_many_records_take_as_many_statements_as_one(desk: Standing):
    records, admin = Records("https://apps.example.org"), desk.who["admin"]

    def counted() -> int:
        rows = desk.db.read_now(lists.listing, admin)
        with statements(desk.db) as seen:
            found = desk.db.read_now(records.many, rows, admin, EVERYTHING)
        assert [one["guid"] for one in found] == [row.guid for row, _ in rows]
        return len(seen)

    first = counted()
    for number in range(20):
        made = desk.db.write_now(lambda s: content.add(s, desk.owner.id or 0, {}))
        describe(desk, made.id or 0, f"/p{number}/")
    assert counted() == first <= 6
