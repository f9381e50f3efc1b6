"""Lists of content: what a caller finds, by what, in which order, in a number of statements that never grows."""

from datetime import timedelta

import pytest

from server.access import store as access
from server.accounts import store as accounts
from server.content import lists
from server.content import store as content
from server.content.seeking import sought
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Content, User
from server.tags import store as tags
from server.web.caller import Caller
from tests.harness.statements import statements
from tests.unit.server.standing import caller_of


class Shelves:
    """Ann's `sales` (tagged Revenue below Team) and `über`, Bob's `open`; bob may see `sales`."""

    def __init__(self, db: Database) -> None:
        self.db = db
        add = lambda **terms: db.write_now(lambda s: accounts.add_user(s, **terms))  # noqa: E731
        self.ann: User = add(username="ann", role="publisher", first_name="Ann", last_name="Meyer")
        self.bob: User = add(username="Bob", role="viewer")
        self.root: User = add(username="root", role="administrator")
        self.sales = self.item(self.ann, name="sales", title="Quarterly 100%", description="What was sold")
        self.uber = self.item(self.ann, name="uber", title="Über_alles")
        self.open = self.item(self.bob, name="open", access_type="logged_in", locked=True, title="any")
        db.write_now(access.put, self.sales, self.ann.guid, self.bob.guid, "viewer")
        team = db.write_now(tags.add, "Team", None).id
        self.tag = db.write_now(tags.add, "Revenue", team).id or 0
        db.write_now(tags.put_on, self.sales, self.tag)

        def deploy(s: object) -> None:
            row = content.by_id(s, self.uber)  # type: ignore[arg-type]
            row.bundle_id, row.app_mode = 7, "python-panel"
            row.last_deployed_time = now() + timedelta(hours=1)
            s.add(row)  # type: ignore[attr-defined]

        db.write_now(deploy)

    def item(self, owner: User, **fields: object) -> int:
        return self.db.write_now(lambda s: content.add(s, owner.id or 0, dict(fields))).id or 0

    def found(self, text: str, caller: User | None = None, **terms: object) -> list[str]:
        who = caller_of(caller or self.root)
        rows, total = self.db.read_now(lambda s: lists.search(s, who, sought(text), **({"size": 50} | terms)))
        assert total >= len(rows)
        return [row.name for row, _owner in rows]


@pytest.fixture
def shelves(db: Database) -> Shelves:
    return Shelves(db)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["uber", "open", "sales"]), ("QUARTERLY", ["sales"]), ("sold", ["sales"]), ("quarterly sold", ["sales"]),
        ("quarterly nothing", []), ("meyer", ["uber", "sales"]), ("ann quarterly", ["sales"]), ("reven", ["sales"]),
        ("über", ["uber"]), ("ÜBER", ["uber"]), ("panel", ["uber"]), ("100%", ["sales"]), ("%", ["sales"]),
        ("r_a", ["uber"]), ("_", ["uber"]), ('"was sold"', ["sales"]), ('"sold was"', []), ("'; drop table", []),
        ("owner:bob", ["open"]), ("owner:BOB,ann", ["uber", "open", "sales"]), ("owner:nobody", []),
        ("owner:@me", []), ("type:python-panel", ["uber"]), ("type:panel,api", ["uber"]),
        ("type:unknown", ["open", "sales"]),
        ("tag:revenue", ["sales"]), ("tag:reven", []), ("is:published", ["uber"]),
        ("published:false", ["open", "sales"]),
        ("is:locked", ["open"]), ("owner:ann is:unpublished tag:Revenue", ["sales"]),
    ],
)  # fmt: skip
def test_what_is_found(shelves: Shelves, text: str, names: list[str]):
    assert shelves.found(text) == names


def test_everybody_finds_what_they_may_open(shelves: Shelves):
    assert shelves.found("", shelves.bob) == ["open", "sales"]
    assert shelves.found("", shelves.ann) == ["uber", "open", "sales"]
    assert shelves.found("owner:@me", shelves.ann) == ["uber", "sales"]
    stranger = Caller(99, "g", "eve", role="publisher", via="key")
    names = [row.name for row, _ in shelves.db.read_now(lists.listing, stranger)]
    assert names == ["open"]
    guid = shelves.db.read_now(content.by_id, shelves.uber).guid
    app = Caller(shelves.ann.id or 0, shelves.ann.guid, "ann", role="publisher", via="content", content_guid=guid)
    assert [row.name for row, _ in shelves.db.read_now(lists.listing, app)] == ["uber"]


@pytest.mark.parametrize(
    ("sort", "down", "names"),
    [
        ("name", None, ["open", "sales", "uber"]), ("name", True, ["uber", "sales", "open"]),
        ("title", None, ["open", "sales", "uber"]), ("owner", None, ["sales", "uber", "open"]),
        ("created_time", None, ["open", "uber", "sales"]), ("last_deployed_time", False, ["sales", "open", "uber"]),
    ],
)  # fmt: skip
def test_orders(shelves: Shelves, sort: str, down: bool | None, names: list[str]):
    assert shelves.found("", sort=sort, descending=down) == names


def test_pages_and_how_many_there_are(shelves: Shelves):
    who = caller_of(shelves.root)
    for skip, names in ((0, ["uber", "open"]), (2, ["sales"]), (4, []), (2**40, [])):
        rows, total = shelves.db.read_now(lambda s, n=skip: lists.search(s, who, sought(""), skip=n, size=2))
        assert ([row.name for row, _ in rows], total) == (names, 3)


@pytest.mark.parametrize("few", [0, 1, 2, 1000])
def test_rare_and_frequent_are_found_alike(shelves: Shelves, few: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lists, "FEW", few)
    for text, names in (("ann", ["uber", "sales"]), ("a", ["uber", "open", "sales"]), ("nothing", [])):
        assert shelves.found(text, shelves.ann) == names
        with statements(shelves.db) as seen:
            shelves.found(text, shelves.ann, size=1)
        assert len(seen) <= 6
    assert shelves.found("a", skip=1, size=1) == ["open"]


def test_listing_by_name_owner_and_tag(shelves: Shelves):
    who = caller_of(shelves.root)
    listed = lambda **terms: [r.name for r, _ in shelves.db.read_now(lambda s: lists.listing(s, who, **terms))]  # noqa: E731
    assert (listed(name="sales"), listed(name="sale"), listed(name="SALES")) == (["sales"], [], [])
    assert listed(owner_guid=shelves.bob.guid) == ["open"]
    assert (listed(tag_ids=[shelves.tag]), listed(tag_ids=[])) == (["sales"], [])


def test_a_number_of_statements_that_never_grows(shelves: Shelves):
    who = caller_of(shelves.bob)

    def counted() -> tuple[int, int]:
        with statements(shelves.db) as seen:
            shelves.db.read_now(lists.listing, who)
            before = len(seen)
            shelves.db.read_now(lambda s: lists.search(s, who, sought("a tag:x owner:y"), size=50))
        return before, len(seen)

    first = counted()
    for number in range(20):
        shelves.item(shelves.ann, title=f"a {number}", access_type="all")
    assert counted() == first == (1, 4)


def test_exact_names_and_recent_pages_are_read_from_an_index(shelves: Shelves):
    def plan(sql: str) -> str:
        rows = shelves.db.read_now(lambda s: s.connection().exec_driver_sql(f"explain query plan {sql}").all())
        return " ".join(str(row[-1]) for row in rows)

    assert "ix_content_name" in plan("select * from content where name = 'x'")
    with statements(shelves.db) as seen:
        shelves.found("", size=1)
    page = next(one for one in seen if "LIMIT" in one)
    shown = plan(page.replace("?", "1"))
    assert "ix_content_last_deployed_time" in shown
    assert "TEMP B-TREE" not in shown


def test_what_a_search_reads_follows_every_change(shelves: Shelves):
    guid = shelves.db.read_now(content.by_id, shelves.sales).guid
    shelves.db.write_now(content.change, guid, {"title": "Straße"})
    assert (shelves.found("quarterly"), shelves.found("STRASSE")) == ([], ["sales"])
    assert shelves.db.read_now(lambda s: s.get(Content, shelves.sales).search_text).startswith("sales strasse")
