"""The packages of what serves: replaced as a whole, paged in a constant number of statements."""

from sqlalchemy import event

from server.accounts import store as accounts
from server.content import store as content
from server.db.engine import Database
from server.packages import store


def make(db: Database, count: int) -> list[int]:
    owner = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    return [db.write_now(content.add, owner.id, {"name": f"item{n}"}).id for n in range(count)]


def test_a_new_version_replaces_what_was_known(db: Database):
    (item,) = make(db, 1)
    db.write_now(store.record, item, 1, "3.11.7", {"a": "1", "b": "2"})
    db.write_now(store.record, item, 2, "3.12.1", {"b": "3"})
    (row,) = db.read_now(store.of_content, item)
    assert (row.name, row.version, row.language_version, row.bundle_id) == ("b", "3", "3.12.1", 2)


def test_they_go_with_their_content(db: Database):
    (item,) = make(db, 1)
    db.write_now(store.record, item, 1, "3.11.7", {"a": "1"})
    guid = db.read_now(content.by_id, item).guid
    db.write_now(content.drop, guid)
    assert db.read_now(store.of_content, item) == []


def test_a_page_takes_two_statements_however_many_there_are(db: Database):
    for number, item in enumerate(make(db, 20)):
        db.write_now(store.record, item, number, "3.11.7", {f"p{n}": str(number) for n in range(10)})
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *terms: seen.append(terms[2]))
    rows, total = db.read_now(lambda s: store.page(s, number=2, size=50, ascending=True, name=None, language=None))
    assert (len(rows), total, sum(sql.startswith("SELECT") for sql in seen)) == (50, 200, 2)
    names = [row.name for row, _guid in rows]
    assert names == sorted(names)
