"""The rows of bundles: each belongs to one item, the newest comes first, and the active one is not deleted."""

import pytest

from server.accounts import store as accounts
from server.bundles import store
from server.content import store as content
from server.db.engine import Database
from server.db.models import Bundle
from server.web.errors import ApiError


def item(db: Database) -> tuple[str, int]:
    owner = db.read_now(accounts.by_name, "ann") or db.write_now(
        lambda s: accounts.add_user(s, username="ann", role="publisher")
    )
    row = db.write_now(lambda s: content.add(s, owner.id or 0, {}))
    return row.guid, row.id or 0


def add(db: Database, content_id: int, folder: str) -> int:
    row = Bundle(content_id=content_id, app_mode="python-streamlit", details={"folder": folder})
    return db.write_now(store.add, row).id or 0


async def test_rows_belong_to_their_item(db: Database):
    (guid, mine), (_other, theirs) = item(db), item(db)
    first, second, foreign = add(db, mine, "a"), add(db, mine, "b"), add(db, theirs, "c")
    assert [r.id for r in db.read_now(store.listing, mine)] == [second, first]
    assert db.read_now(store.folders) == {"a", "b", "c"}
    for act in (store.get, store.remove):
        with pytest.raises(ApiError) as caught:
            db.write_now(act, mine, foreign)
        assert (caught.value.status, caught.value.code) == (404, 4)
    db.write_now(content.change, guid, {"bundle_id": first})
    with pytest.raises(ApiError) as caught:
        db.write_now(store.remove, mine, first)
    assert (caught.value.status, caught.value.code) == (409, 75)
    assert "activate another" in caught.value.message
    assert db.write_now(store.remove, mine, second) == "b"
    assert db.read_now(store.folders) == {"a", "c"}


def test_a_page_of_them(db: Database):
    owner = db.write_now(lambda s: accounts.add_user(s, username="zoe", role="publisher"))
    item = db.write_now(content.add, owner.id, {"name": "paged"}).id
    made = [db.write_now(store.add, Bundle(content_id=item)).id for _ in range(5)]
    assert [row.id for row in db.read_now(store.listing, item)] == made[::-1]
    found = db.read_now(lambda s: store.listing(s, item, ascending=True, page=2, size=2))
    assert [row.id for row in found] == made[2:4]
    assert db.read_now(store.comes_from_git, item) is False
