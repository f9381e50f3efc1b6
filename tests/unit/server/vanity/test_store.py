"""Who has which path: one each, no path above another, gone with the content."""

import pytest

from server.accounts import store as accounts
from server.content import store as content
from server.db.engine import Database
from server.vanity import store
from server.web.errors import ApiError
from tests.harness.statements import statements


@pytest.fixture
def items(db: Database) -> list[tuple[int, str]]:
    ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    rows = [db.write_now(lambda s: content.add(s, ann.id or 0, {})) for _ in range(3)]
    return [(row.id or 0, row.guid) for row in rows]


def refused(db: Database, content_id: int, path: str, **terms: str) -> tuple[int, int]:
    with pytest.raises(ApiError) as caught:
        db.write_now(lambda s: store.put(s, content_id, path, **terms))
    return caught.value.status, caught.value.code


def test_content_has_one_path_which_another_replaces(db: Database, items: list[tuple[int, str]]):
    (one, guid), *_ = items
    first = db.write_now(store.put, one, "/a/b/")
    assert db.write_now(store.put, one, "/a/b/").created_time == first.created_time
    db.write_now(store.put, one, "/a/b/c/")
    assert [(row.path, whose) for row, whose in db.read_now(store.everything)] == [("/a/b/c/", guid)]
    assert db.write_now(store.remove, one).path == "/a/b/c/"
    for call in (store.remove, store.of_content):
        with pytest.raises(ApiError) as caught:
            db.write_now(call, one)
        assert (caught.value.status, caught.value.code) == (404, 4)


def test_no_path_above_or_below_another_and_none_twice(db: Database, items: list[tuple[int, str]]):
    (one, guid), (two, _), (three, _) = items
    db.write_now(store.put, one, "/A_/b/")
    for path in ("/A_/b/", "/a_/B/", "/a_/", "/a_/b/c/", "/a_/b/c/d/"):
        assert refused(db, two, path) == (409, 51), path
    for path in ("/a_/", "/a_/b/c/"):
        assert refused(db, two, path, taken_from=guid) == (409, 51), path
    db.write_now(store.put, two, "/ax/b/")  # the underscore stands for itself
    db.write_now(store.put, three, "/a_/bc/")
    assert len(db.read_now(store.everything)) == 3


def test_force_moves_it(db: Database, items: list[tuple[int, str]]):
    (one, guid), (two, other), _ = items
    db.write_now(store.put, one, "/a/")
    db.write_now(store.put, two, "/b/")
    db.write_now(lambda s: store.put(s, two, "/a/", taken_from=guid))
    assert db.read_now(store.of_many, [one, two]) == {two: "/a/"}
    assert db.read_now(store.holder, "/A/") == other
    assert db.read_now(store.holder, "/b/") is None


def test_it_goes_with_the_content_in_as_many_statements_as_ever(db: Database, items: list[tuple[int, str]]):
    for number, (content_id, _guid) in enumerate(items):
        db.write_now(store.put, content_id, f"/p{number}/")
    with statements(db) as seen:
        assert len(db.read_now(store.everything)) == len(db.read_now(store.of_many, [i for i, _ in items])) == 3
    assert len(seen) == 2
    db.write_now(content.drop, items[0][1])
    assert [row.path for row, _ in db.read_now(store.everything)] == ["/p1/", "/p2/"]
