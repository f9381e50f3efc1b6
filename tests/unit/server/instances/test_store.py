"""The rows of instances: where one runs, its first end, and the job clients read."""

import pytest

from server.accounts import store as accounts
from server.content import store as content
from server.db.engine import Database
from server.db.models import Instance
from server.db.owner import new_owner
from server.instances import store
from server.web.errors import ApiError


@pytest.fixture
def item(db: Database) -> int:
    owner = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    return db.write_now(lambda s: content.add(s, owner.id or 0, {})).id or 0


async def test_only_the_first_end_counts(db: Database, item: int):
    for key in ("one", "two"):
        db.write_now(store.begin, Instance(key=key, content_id=item))
    db.write_now(store.running, "one", 4711, 99, 8000)
    assert [(r.key, r.pid, r.start_ticks, r.port) for r in db.read_now(store.unended)] == [
        ("one", 4711, 99, 8000),
        ("two", None, None, None),
    ]
    db.write_now(store.ended, "one", 3, "crashed")
    first = db.read_now(store.by_key, item, "one")
    db.write_now(store.ended, "one", None, "the server was restarted")
    again = db.read_now(store.by_key, item, "one")
    assert (again.exit_code, again.error, again.end_time) == (3, "crashed", first.end_time)
    assert [r.key for r in db.read_now(store.unended)] == ["two"]
    db.write_now(store.ended, "never", 0, None)
    assert [r.key for r in db.read_now(store.listing, item)] == ["two", "one"]
    assert [r.key for r in db.read_now(lambda s: store.listing(s, item, 1))] == ["two"]


async def test_another_items_instance_is_not_found(db: Database, item: int):
    db.write_now(store.begin, Instance(key="one", content_id=item))
    with pytest.raises(ApiError) as caught:
        db.read_now(store.by_key, item + 1, "one")
    assert (caught.value.status, caught.value.code) == (404, 4)
    assert "job" in caught.value.message


async def test_what_another_gateway_runs_is_nobody_elses_to_end(db: Database, item: int):
    db.write_now(store.begin, Instance(key="mine", content_id=item))
    me, db.owner = db.owner, new_owner("elsewhere")
    db.write_now(store.begin, Instance(key="theirs", content_id=item))
    assert [row.key for row in db.read_now(store.unended)] == ["theirs"]
    db.owner = me
    assert [row.key for row in db.read_now(store.unended)] == ["mine"]
