"""The tree of tags and who carries them: rules of connect-api.md 2.10, in a number of statements that never grows."""

from collections.abc import Callable

import pytest

from server.accounts import store as accounts
from server.content import store as content
from server.db.engine import Database
from server.tags import store
from server.web.errors import ApiError
from tests.harness.statements import statements


class Tree:
    """Category `kind` with `a` above `c` above `d`, and `b`; two content items."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.ids: dict[str, int] = {}
        for name, parent in (("kind", ""), ("a", "kind"), ("b", "kind"), ("c", "a"), ("d", "c"), ("other", "")):
            tag = db.write_now(store.add, name, self.ids.get(parent))
            self.ids[name] = tag.id or 0
        ann = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
        self.items = [db.write_now(lambda s: content.add(s, ann.id or 0, {})).id or 0 for _ in range(2)]

    def put(self, name: str, item: int = 0) -> None:
        self.db.write_now(store.put_on, self.items[item], self.ids[name])

    def carried(self, item: int = 0) -> list[str]:
        return [tag.name for tag in self.db.read_now(store.of_content, self.items[item])]

    def names(self) -> list[str]:
        return [tag.name for tag in self.db.read_now(store.listing)]

    def move(self, name: str, below: str | None) -> None:
        parent = None if below is None else self.ids[below]
        self.db.write_now(lambda s: store.change(s, self.ids[name], None, move=True, parent_id=parent))


@pytest.fixture
def tree(db: Database) -> Tree:
    return Tree(db)


def refusal(call: Callable[[], object]) -> tuple[int, int]:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.status, caught.value.code


def test_adding_takes_the_ancestors_along_but_the_category(tree: Tree):
    tree.put("d")
    assert tree.carried() == ["a", "c", "d"]
    tree.put("b")
    tree.put("d")
    assert tree.carried() == ["a", "b", "c", "d"]
    assert refusal(lambda: tree.put("kind")) == (400, 79)
    assert refusal(lambda: tree.db.write_now(store.put_on, tree.items[0], 4242)) == (400, 158)


def test_removing_takes_what_is_below_along(tree: Tree):
    for name, left in (("c", ["a", "b"]), ("a", ["b"]), ("kind", []), ("other", ["a", "b", "c", "d"])):
        tree.put("d")
        tree.put("b")
        tree.db.write_now(store.take_off, tree.items[0], tree.ids[name])
        assert tree.carried() == left, name
    assert refusal(lambda: tree.db.write_now(store.take_off, tree.items[0], 4242)) == (404, 4)


def test_deleting_a_tag_deletes_what_is_below_it_everywhere(tree: Tree):
    tree.put("d")
    tree.put("b", 1)
    tree.db.write_now(store.remove, tree.ids["a"])
    assert tree.names() == ["kind", "b", "other"]
    assert (tree.carried(), tree.carried(1)) == ([], ["b"])
    tree.db.write_now(store.remove, tree.ids["kind"])
    assert tree.names() == ["other"]


def test_names_are_unique_below_one_parent(tree: Tree):
    add = tree.db.write_now
    assert refusal(lambda: add(store.add, "a", tree.ids["kind"])) == (409, 81)
    assert refusal(lambda: add(store.add, "kind", None)) == (409, 81)
    assert refusal(lambda: add(store.add, "x", 4242)) == (400, 157)
    assert add(store.add, "a", tree.ids["other"]).name == "a"


def test_a_tag_is_never_below_itself(tree: Tree):
    for below in ("a", "c", "d"):
        assert refusal(lambda b=below: tree.move("a", b)) == (400, 157)
    tree.move("a", "kind")
    assert tree.names() == ["kind", "a", "b", "c", "d", "other"]


def test_who_carries_a_moved_tag_carries_what_is_above_it_then(tree: Tree):
    tree.put("d")
    tree.move("c", "b")
    assert tree.carried() == ["a", "b", "c", "d"]
    tree.move("c", None)
    assert tree.carried() == ["a", "b", "d"]
    tree.move("kind", "other")
    assert tree.carried() == ["kind", "a", "b", "d"]


def test_listing_and_walking(tree: Tree):
    names = lambda **terms: [t.name for t in tree.db.read_now(lambda s: store.listing(s, **terms))]  # noqa: E731
    assert names(name="a") == ["a"]
    assert names(parent_id=tree.ids["kind"]) == ["a", "b"]
    assert names(parent_id=tree.ids["kind"], name="b") == ["b"]
    assert names(parent_id=4242) == []
    assert tree.db.read_now(store.by_path, ["kind", "a", "c"]).id == tree.ids["c"]
    for path in (["c"], ["kind", "c"], ["kind", "a", "c", "x"]):
        assert refusal(lambda p=path: tree.db.read_now(store.by_path, p)) == (404, 4)


def test_no_call_grows_with_the_rows(tree: Tree):
    def counts() -> list[int]:
        found = []
        for call in (
            store.listing,
            lambda s: store.of_many(s, tree.items),
            lambda s: store.put_on(s, tree.items[0], tree.ids["d"]),
            lambda s: store.change(s, tree.ids["c"], None, move=True, parent_id=tree.ids["b"]),
            lambda s: store.take_off(s, tree.items[0], tree.ids["kind"]),
            lambda s: store.change(s, tree.ids["c"], None, move=True, parent_id=tree.ids["a"]),
        ):
            with statements(tree.db) as seen:
                tree.db.write_now(call)
            found.append(len(seen))
        return found

    before = counts()
    deep = tree.ids["d"]
    for n in range(20):
        deep = tree.db.write_now(store.add, f"deep {n}", deep).id or 0
        tree.db.write_now(store.put_on, tree.items[1], deep)
    assert counts() == before
    assert max(before) <= 9
