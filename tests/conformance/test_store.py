"""Every store behaves the same on SQLite and on a real PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, select

from server.access import store as access
from server.accounts import store as accounts
from server.accounts.bootstrap import Bootstrap
from server.audit import store as audit
from server.audit.trail import Trail
from server.bundles import store as bundles
from server.content import bookmarks, lists
from server.content import store as content
from server.content.directory import load_view
from server.content.seeking import sought
from server.content.variables import Variables
from server.db.clock import now
from server.db.engine import Database
from server.db.models import (
    ApiKey,
    Association,
    AuditEvent,
    BrowserSession,
    Bundle,
    Connection,
    Content,
    Instance,
    Integration,
    Membership,
    Permission,
    Rendering,
    Tag,
    Task,
    TaskLine,
    User,
)
from server.db.upgrade import SchemaProblem, upgrade
from server.groups import store as groups
from server.instances import store as instances
from server.keys.credentials import digest
from server.keys.keyring import Keyring, SealBroken
from server.oauth import store as oauth
from server.renderings import schedules
from server.renderings import store as renderings
from server.sessions import store as sessions
from server.settings import PARSERS
from server.tags import store as tags
from server.tasks.tasks import TaskFailed, Tasks
from server.usage import store as usage
from server.vanity import store as vanities
from server.web.caller import Caller
from server.web.cursors import Keyset
from server.web.errors import ApiError
from server.web.paging import Paging
from tests.harness.postgres import Postgres, postgres

KINDS = ("sqlite", "postgresql")
ADMINISTRATOR = Caller(user_id=10_000, guid="a", role="administrator", via="key")


@dataclass
class Makers:
    """How each kind makes an empty database and one with the newest schema; each gives a URL."""

    empty: Callable[[Path], str]
    ready: Callable[[Path], str]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(scope="module", params=KINDS)
def makers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Makers:
    if request.param == "sqlite":
        template = tmp_path_factory.mktemp("template") / "t.db"
        migrated(f"sqlite:///{template}")

        def copy(folder: Path) -> str:
            shutil.copy(template, folder / "t.db")
            return f"sqlite:///{folder / 't.db'}"

        return Makers(lambda folder: f"sqlite:///{folder / 't.db'}", copy)
    running: Postgres = request.getfixturevalue("server")

    def url(template: str | None = None) -> str:
        parsed: str = PARSERS["database_url"](running.url(running.create(template)))
        return parsed

    name = running.create()
    migrated(str(PARSERS["database_url"](running.url(name))))
    return Makers(lambda _folder: url(), lambda _folder: url(name))


def migrated(url: str) -> None:
    database = Database(url)
    upgrade(database)
    database.close()


@pytest.fixture
async def db(makers: Makers, tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(makers.ready(tmp_path))
    yield database
    database.close()


@pytest.fixture
def trail(db: Database) -> Trail:
    return Trail(db, gather=0.01)


def person(session: Session, name: str, role: str = "publisher", **more: Any) -> User:
    return accounts.add_user(session, username=name, role=role, **more)


def looking(user: User) -> Caller:
    return Caller(user.id or 0, user.guid, user.username, role=user.role, via="key")


def item(session: Session, owner: User, **fields: Any) -> Content:
    assert owner.id is not None
    return content.add(session, owner.id, fields)


def refused(work: Callable[[], Any], status: int, code: int) -> None:
    with pytest.raises(ApiError) as caught:
        work()
    assert (caught.value.status, caught.value.code) == (status, code)


class TestMigrations:
    """From nothing to the newest schema, once, twice and at the same time."""

    def test_from_empty_to_head_and_again(self, makers: Makers, tmp_path: Path):
        database = Database(makers.empty(tmp_path))
        try:
            for _ in range(2):
                upgrade(database)
                assert set(SQLModel.metadata.tables) <= set(inspect(database.engine).get_table_names())
        finally:
            database.close()

    def test_the_tables_are_those_of_the_models(self, db: Database):
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []

    def test_people_keep_their_keys_and_can_be_found_by_name_after_an_upgrade(self, makers: Makers, tmp_path: Path):
        database = Database(makers.empty(tmp_path))
        try:
            upgrade(database, to="0001")
            with database.engine.begin() as connection:
                connection.exec_driver_sql(
                    "insert into users (id, guid, username, username_key, email, first_name, last_name, role,"
                    " confirmed, locked, created_time, updated_time) values (1, 'g', 'ann', 'ann', '', 'Änne',"
                    " 'Straße', 'viewer', true, false, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
                )
                connection.exec_driver_sql(
                    "insert into api_keys (user_id, name, key_hash, hint, created_time)"
                    " values (1, 'k', 'h', 'x', '2026-01-01 00:00:00')"
                )
            upgrade(database)
            ann = database.read_now(accounts.by_guid, "g")
            assert (ann.first_key, ann.last_key, ann.must_set_password) == ("änne", "strasse", False)
            assert [key.name for key in database.read_now(accounts.keys_of, 1)] == ["k"]
        finally:
            database.close()

    def test_several_servers_may_start_at_once(self, makers: Makers, tmp_path: Path):
        url = makers.empty(tmp_path)

        def start() -> None:
            migrated(url)

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(start) for _ in range(4)]:
                done.result()

    def test_a_newer_schema_is_refused_and_left_alone(self, db: Database):
        with db.engine.begin() as connection:
            connection.exec_driver_sql("update alembic_version set version_num = '9999'")
        with pytest.raises(SchemaProblem, match="newer Tabard"):
            upgrade(db)
        with db.engine.connect() as connection:
            assert connection.exec_driver_sql("select version_num from alembic_version").scalar() == "9999"


class TestAccounts:
    """People and keys."""

    def test_names_are_unique_however_they_are_written(self, db: Database):
        db.write_now(person, "Ada")
        for name in ("ada", "ADA", "Ａda"):
            refused(lambda name=name: db.write_now(person, name), 409, 8)
        assert db.read_now(accounts.by_name, "aDa").username == "Ada"
        assert db.read_now(accounts.by_name, "Bob") is None

    def test_listing_filters_and_pages(self, db: Database):
        def fill(session: Session) -> None:
            person(session, "ann", "viewer", first_name="Zoe")
            person(session, "bob", "publisher", last_name="Anderson").active_time = now()
            person(session, "c_d", "administrator").locked = True
            person(session, "cxd", "viewer", last_name="ÄRNST").active_time = now() - timedelta(days=400)

        db.write_now(fill)

        def names(**how: Any) -> tuple[list[str], int]:
            paging = Paging(how.pop("page", 1), how.pop("size", 10))
            rows, total = db.read_now(accounts.list_users, accounts.Wanted(**how), paging)
            return [row.username for row in rows], total

        assert names() == (["c_d", "bob", "cxd", "ann"], 4)
        assert names(sort="username") == (["ann", "bob", "c_d", "cxd"], 4)
        assert names(sort="last_name") == (["c_d", "ann", "bob", "cxd"], 4)
        assert names(sort="user_role", ascending=False)[0][0] == "c_d"
        for sort in accounts.SORTS:
            assert len(names(sort=sort)[0]) == 4
        assert names(prefix="AN") == (["ann", "bob"], 2)
        assert names(prefix="zo") == (["ann"], 1)
        assert names(prefix="ärn") == (["cxd"], 1)
        assert names(prefix="c_") == (["c_d"], 1)
        assert names(prefix="%") == ([], 0)
        assert names(roles=frozenset({"viewer", "publisher"})) == (["bob", "cxd", "ann"], 3)
        assert names(statuses=frozenset({"locked"})) == (["c_d"], 1)
        assert names(statuses=frozenset({"licensed"})) == (["bob"], 1)
        assert names(statuses=frozenset({"inactive"})) == (["cxd", "ann"], 2)
        assert names(statuses=frozenset({"locked", "licensed"})) == (["c_d", "bob"], 2)
        assert names(page=2, size=3) == (["ann"], 4)
        assert names(page=9) == ([], 4)

    def test_the_last_administrator_stays(self, db: Database):
        guid = db.write_now(person, "root", "administrator").guid
        refused(lambda: db.write_now(accounts.change_user, guid, {"role": "viewer"}), 409, 61)
        refused(lambda: db.write_now(accounts.set_locked, guid, True), 409, 61)
        other = db.write_now(person, "toor", "administrator").guid
        assert db.write_now(accounts.change_user, guid, {"role": "viewer"}).role == "viewer"
        refused(lambda: db.write_now(accounts.set_locked, other, True), 409, 61)

    async def test_two_administrators_cannot_both_go_at_once(self, db: Database):
        for number in range(10):
            pair = [db.write_now(person, f"a{number}-{n}", "administrator").guid for n in range(2)]
            work = [db.write(accounts.change_user, guid, {"role": "viewer"}) for guid in pair]
            done = await asyncio.gather(*work, return_exceptions=True)
            assert sum(isinstance(answer, ApiError) for answer in done) == 1, done
            left = [g for g in pair if db.read_now(accounts.by_guid, g).role == "administrator"]
            assert len(left) == 1
            db.write_now(lambda session, guid=left[0]: session.delete(accounts.by_guid(session, guid)))

    def test_locking_moves_no_other_field(self, db: Database):
        db.write_now(person, "root", "administrator")
        before = db.write_now(person, "ann").model_dump()
        db.write_now(accounts.set_locked, before["guid"], True)
        after = db.read_now(accounts.by_guid, before["guid"]).model_dump()
        assert after == {**before, "locked": True}

    def test_keys(self, db: Database):
        owner = db.write_now(person, "ann", "publisher")
        key, value = db.write_now(accounts.add_key, owner, "first")
        refused(lambda: db.write_now(lambda s: accounts.add_key(s, owner, "x", role="administrator")), 400, 234)
        own = db.write_now(accounts.add_content_key, owner.id, "content-guid", "instance-1")
        other = db.write_now(accounts.add_content_key, owner.id, "content-guid", "instance-2")
        assert [k.name for k in db.read_now(accounts.keys_of, owner.id)] == ["first"]
        assert value not in key.model_dump_json()
        assert db.read_now(sessions.key_row, digest(value))[0].id == key.id
        assert db.read_now(sessions.key_row, digest(own))[0].content_guid == "content-guid"
        assert db.write_now(accounts.drop_instance_keys, "instance-1") == [digest(own)]
        assert db.write_now(accounts.drop_instance_keys) == [digest(other)]
        assert db.write_now(accounts.drop_key, owner.id, key.id) == digest(value)
        refused(lambda: db.write_now(accounts.drop_key, owner.id, key.id), 404, 4)

    async def test_twenty_bootstraps_make_one_administrator(self, db: Database, trail: Trail):
        bootstrap = Bootstrap(db, trail, b"x" * 32)
        calls = [db.write(bootstrap._create) for _ in range(20)]
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(answer, str) for answer in done) == 1
        failures = [answer for answer in done if not isinstance(answer, str)]
        assert {(f.status, f.code) for f in failures if isinstance(f, ApiError)} == {(403, 165)}
        assert all(isinstance(f, ApiError) for f in failures), failures
        assert len(db.read_now(lambda session: session.exec(select(User)).all())) == 1
        assert len(db.read_now(lambda session: session.exec(select(ApiKey)).all())) == 1

    async def test_one_name_asked_for_at_once_is_taken_once(self, db: Database):
        done = await asyncio.gather(*(db.write(person, "wanted") for _ in range(10)), return_exceptions=True)
        assert sum(isinstance(answer, User) for answer in done) == 1
        assert {a.code for a in done if isinstance(a, ApiError)} == {8}
        assert sum(isinstance(answer, ApiError) for answer in done) == 9, done


class TestSessions:
    """Browser sessions, and when credentials were last used."""

    def row(self, user: User, token: str, **more: Any) -> BrowserSession:
        assert user.id is not None
        terms = {"expires_at": now() + timedelta(hours=1)} | more
        return BrowserSession(token_hash=token, guid=f"guid-{token}", user_id=user.id, **terms)

    def test_open_find_touch_end(self, db: Database):
        user = db.write_now(person, "ann")
        db.write_now(sessions.open_session, self.row(user, "t1"))
        db.write_now(sessions.open_session, self.row(user, "t2"))
        assert db.read_now(accounts.by_guid, user.guid).active_time is not None
        found, owner = db.read_now(sessions.session_row, "t1")
        assert owner.guid == user.guid
        assert db.read_now(sessions.session_by_guid, found.guid)[0].token_hash == "t1"
        later = now() + timedelta(minutes=5)
        key, _value = db.write_now(accounts.add_key, user, "k")
        db.write_now(
            sessions.touch,
            {"session:guid-t1": later, "session:gone": later, f"key:{key.id}": later, "key:999": later},
        )
        assert db.read_now(sessions.session_row, "t1")[0].seen_time == later
        assert db.read_now(sessions.key_by_id, key.id)[0].last_used_time == later
        db.write_now(sessions.end, found.guid)
        assert db.read_now(sessions.session_row, "t1") is None
        db.write_now(sessions.end_all, user.guid)
        assert db.read_now(sessions.session_row, "t2") is None

    def test_what_ended_by_time_is_swept(self, db: Database):
        user = db.write_now(person, "ann")
        past = now() - timedelta(hours=2)
        for row in (
            self.row(user, "good"),
            self.row(user, "expired", expires_at=past),
            self.row(user, "idle", seen_time=past),
        ):
            db.write_now(sessions.open_session, row)
        assert sorted(db.write_now(sessions.sweep, 3600.0)) == ["session:guid-expired", "session:guid-idle"]
        assert db.read_now(sessions.session_row, "good") is not None

    def test_times_come_back_as_they_went_to_the_microsecond(self, db: Database):
        moment = datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC)
        user = db.write_now(person, "ann")
        db.write_now(sessions.open_session, self.row(user, "t", seen_time=moment, expires_at=moment))
        found = db.read_now(sessions.session_row, "t")[0]
        assert (found.seen_time, found.expires_at) == (moment, moment)
        assert found.seen_time.tzinfo is UTC


class TestContent:
    """Records, variables, bundles, access lists, instances."""

    def test_names_are_unique_for_an_owner(self, db: Database):
        ann, bob = db.write_now(person, "ann"), db.write_now(person, "bob")
        first = db.write_now(lambda s: item(s, ann, name="app"))
        refused(lambda: db.write_now(lambda s: item(s, ann, name="app")), 409, 26)
        second = db.write_now(lambda s: item(s, bob, name="app"))
        invented = db.write_now(lambda s: item(s, ann))
        refused(lambda: db.write_now(content.change, invented.guid, {"name": "app"}), 409, 26)
        refused(lambda: db.write_now(content.change, second.guid, {"owner_guid": ann.guid}), 409, 26)
        assert db.read_now(content.by_guid, second.guid).owner_id == bob.id
        assert db.write_now(content.change, first.guid, {"name": "app", "title": "T"}).title == "T"

    async def test_one_name_asked_for_at_once_is_taken_once(self, db: Database):
        ann = db.write_now(person, "ann")
        fields = {"name": "wanted"}

        def add(session: Session) -> Content:
            return content.add(session, ann.id or 0, dict(fields))

        done = await asyncio.gather(*(db.write(add) for _ in range(10)), return_exceptions=True)
        assert sum(isinstance(answer, Content) for answer in done) == 1
        assert {a.code for a in done if isinstance(a, ApiError)} == {26}
        assert sum(isinstance(answer, ApiError) for answer in done) == 9, done

    def test_tuning_is_merged_and_null_takes_it_back(self, db: Database):
        ann = db.write_now(person, "ann")
        made = db.write_now(lambda s: item(s, ann, tuning={"max_processes": 2, "load_factor": 0.5}))
        changed = db.write_now(content.change, made.guid, {"tuning": {"max_processes": None, "min_processes": 1}})
        assert changed.tuning == {"load_factor": 0.5, "min_processes": 1}
        assert db.read_now(content.by_guid, made.guid).tuning == {"load_factor": 0.5, "min_processes": 1}

    def test_giving_away_drops_the_new_owners_entry(self, db: Database):
        ann, bob = db.write_now(person, "ann"), db.write_now(person, "bob")
        made = db.write_now(lambda s: item(s, ann))
        db.write_now(access.put, made.id, ann.guid, bob.guid, "owner")
        assert db.write_now(content.change, made.guid, {"owner_guid": bob.guid}).owner_id == bob.id
        assert db.read_now(access.entries, made.id) == []
        viewer = db.write_now(person, "vic", "viewer")
        refused(lambda: db.write_now(content.change, made.guid, {"owner_guid": viewer.guid}), 400, 156)
        refused(lambda: db.write_now(content.change, made.guid, {"owner_guid": "nobody"}), 400, 156)

    def test_listing_shows_what_a_person_may_open_newest_first(self, db: Database):
        ann, bob = db.write_now(person, "ann"), db.write_now(person, "bob")
        start = now()

        def fill(session: Session) -> None:
            for number, (name, access_type) in enumerate(
                [("own", "acl"), ("listed", "acl"), ("hidden", "acl"), ("signed", "logged_in"), ("open", "all")]
            ):
                row = item(session, bob if name != "own" else ann, name=name, access_type=access_type)
                row.last_deployed_time = start + timedelta(seconds=number)
                session.add(row)
                if name == "listed":
                    access.put(session, row.id or 0, bob.guid, ann.guid, "viewer")

        db.write_now(fill)

        def names(caller: Caller | None = None, **how: Any) -> list[str]:
            who = caller or looking(ann)
            return [row.name for row, _owner in db.read_now(lambda s: lists.listing(s, who, **how))]

        assert names() == ["open", "signed", "listed", "own"]
        assert names(ADMINISTRATOR) == ["open", "signed", "hidden", "listed", "own"]
        assert names(name="listed") == ["listed"]
        assert names(name="Listed") == []
        assert names(owner_guid=ann.guid) == ["own"]

    def test_search_takes_wildcards_literally_and_ignores_case(self, db: Database):
        ann = db.write_now(person, "ann")

        def fill(session: Session) -> None:
            item(session, ann, name="one", title="100% SALES_2026")
            item(session, ann, name="two", description="sales figures")
            item(session, ann, name="three", title=r"back\slash")

        db.write_now(fill)

        def names(text: str) -> set[str]:
            rows, total = db.read_now(lambda s: lists.search(s, ADMINISTRATOR, sought(text), size=2))
            assert len(rows) == min(total, 2)
            return {row.name for row, _ in rows}

        assert names("sales") == {"one", "two"}
        assert names("100%") == {"one"}
        assert names("S_2") == {"one"}
        assert names("s%f") == set()
        assert names("k\\s") == {"three"}
        assert names("'; drop table content; --") == set()
        assert names("owner:ANN one") == {"one"}
        for sort in ("last_deployed_time", "created_time", "name", "title", "owner"):
            for down in (True, False, None):
                how = {"sort": sort, "descending": down, "size": 9}
                assert len(db.read_now(lambda s, h=how: lists.search(s, looking(ann), sought(""), **h))[0]) == 3

    def test_tags_and_their_cascades(self, db: Database):
        ann = db.write_now(person, "ann")
        one = db.write_now(lambda s: item(s, ann, name="one")).id or 0
        ids: dict[str, int] = {}
        for name, parent in (("kind", ""), ("a", "kind"), ("b", "kind"), ("c", "a"), ("d", "c")):
            ids[name] = db.write_now(tags.add, name, ids.get(parent)).id or 0
        refused(lambda: db.write_now(tags.add, "kind", None), 409, 81)
        refused(lambda: db.write_now(tags.put_on, one, ids["kind"]), 400, 79)
        refused(lambda: db.write_now(lambda s: tags.change(s, ids["a"], None, move=True, parent_id=ids["d"])), 400, 157)
        with pytest.raises(IntegrityError):
            db.write_now(lambda s: s.add(Tag(name="kind")))
        db.write_now(tags.put_on, one, ids["d"])
        assert [t.name for t in db.read_now(tags.of_content, one)] == ["a", "c", "d"]
        found = db.read_now(lambda s: lists.search(s, looking(ann), sought("tag:C"), size=9))
        assert (found[1], [row.name for row, _ in found[0]]) == (1, ["one"])
        db.write_now(lambda s: tags.change(s, ids["c"], None, move=True, parent_id=ids["b"]))
        assert [t.name for t in db.read_now(tags.of_content, one)] == ["a", "b", "c", "d"]
        db.write_now(tags.take_off, one, ids["b"])
        assert [t.name for t in db.read_now(tags.of_content, one)] == ["a"]
        db.write_now(tags.remove, ids["kind"])
        assert db.read_now(tags.listing) == db.read_now(tags.of_content, one) == []

    def test_paths_of_contents_own(self, db: Database):
        ann = db.write_now(person, "ann")
        one, two = (db.write_now(lambda s: item(s, ann)) for _ in range(2))
        db.write_now(vanities.put, one.id, "/A_/b/")
        for path in ("/a_/B/", "/a_/", "/a_/b/c/"):
            refused(lambda p=path: db.write_now(vanities.put, two.id, p), 409, 51)
        db.write_now(vanities.put, two.id, "/ax/b/")
        db.write_now(lambda s: vanities.put(s, two.id or 0, "/a_/b/", taken_from=one.guid))
        assert db.read_now(vanities.of_many, [one.id, two.id]) == {two.id: "/a_/b/"}
        db.write_now(bookmarks.add, ann.id, two.id)
        assert db.read_now(bookmarks.among, ann.id, [one.id, two.id]) == {two.id}
        db.write_now(content.drop, two.guid)
        assert db.read_now(vanities.everything) == []

    def test_variables_are_sealed_to_their_row(self, db: Database):
        ann = db.write_now(person, "ann")
        one, two = (db.write_now(lambda s: item(s, ann)) for _ in range(2))
        variables = Variables(db, Keyring(b"v" * 32))
        values: dict[str, str | None] = {"B": "zwei ü \n", "A": ""}
        assert db.write_now(lambda s: variables.put(s, one.id or 0, values)) == ["A", "B"]
        assert asyncio.run(variables.open(one.id or 0)) == values
        assert db.write_now(lambda s: variables.put(s, one.id or 0, {"B": None, "C": "3"})) == ["A", "C"]
        assert db.write_now(lambda s: variables.put(s, one.id or 0, {"D": "4"}, replace=True)) == ["D"]
        stolen = db.read_now(content.variables, one.id)
        assert b"4" not in stolen["D"][17:20] or len(stolen["D"]) > 20
        db.write_now(lambda s: content.put_variables(s, two.id or 0, dict(stolen), replace=False))
        with pytest.raises(SealBroken):
            asyncio.run(variables.open(two.id or 0))

    def test_access_lists(self, db: Database):
        ann, vic = db.write_now(person, "ann"), db.write_now(person, "vic", "viewer")
        bob = db.write_now(person, "bob")
        made = db.write_now(lambda s: item(s, ann))

        def put(guid: str, role: str) -> Permission:
            return db.write_now(access.put, made.id, ann.guid, guid, role)

        first, second = put(vic.guid, "viewer"), put(bob.guid, "owner")
        assert put(bob.guid, "viewer").id == second.id
        assert [row.principal_guid for row in db.read_now(access.entries, made.id)] == [vic.guid, bob.guid]
        assert dict(db.read_now(load_view, made.guid).people) == {vic.guid: "viewer", bob.guid: "viewer"}
        refused(lambda: put("nobody", "viewer"), 400, 153)
        refused(lambda: put(ann.guid, "viewer"), 400, 25)
        refused(lambda: put(vic.guid, "owner"), 400, 25)
        refused(lambda: db.read_now(access.entry, (made.id or 0) + 1, first.id), 404, 4)
        assert db.write_now(access.remove, made.id, first.id) == ("user", vic.guid)
        refused(lambda: db.write_now(access.remove, made.id, first.id), 404, 4)
        with pytest.raises(IntegrityError):
            db.write_now(lambda s: s.add(Permission(content_id=made.id or 0, principal_guid=bob.guid)))

    def test_access_by_groups(self, db: Database):
        ann, vic = db.write_now(person, "ann"), db.write_now(person, "vic", "viewer")
        made = db.write_now(lambda s: item(s, ann))
        team, idle = db.write_now(groups.add, "Team", ann.id), db.write_now(groups.add, "idle", ann.id)
        refused(lambda: db.write_now(groups.add, "TEAM", ann.id), 409, 15)
        for guid in (vic.guid, ann.guid):
            db.write_now(groups.join, team.id, guid)
        refused(lambda: db.write_now(groups.join, team.id, vic.guid), 409, 16)
        rows, total = db.read_now(lambda s: groups.members(s, team.id, paging=Paging(1, 1)))
        assert ([user.guid for user in rows], total) == ([vic.guid], 2)
        for sort in ("first_name", "user_role", "active_time"):
            rows, _ = db.read_now(lambda s, by=sort: groups.members(s, team.id, paging=Paging(), sort=by))
            assert len(rows) == 2
        assert db.read_now(lambda s: [g.name for g in groups.listing(s, paging=Paging())[0]]) == ["idle", "Team"]
        found, total = db.read_now(lambda s: groups.listing(s, member_guid=vic.guid, prefix="t", paging=Paging()))
        assert ([(g.guid, g.members) for g in found], total) == ([(team.guid, 2)], 1)
        db.write_now(access.put, made.id, ann.guid, team.guid, "viewer", "group")
        db.write_now(access.put, made.id, ann.guid, idle.guid, "owner", "group")
        refused(lambda: db.write_now(access.put, made.id, ann.guid, vic.guid, "viewer", "group"), 400, 153)
        assert dict(db.read_now(load_view, made.guid).groups) == {team.guid: "viewer", idle.guid: "owner"}
        assert db.read_now(lambda s: [c.id for c, _ in lists.listing(s, looking(vic))]) == [made.id]
        assert db.read_now(sessions.standings, [vic.guid, "x"])[vic.guid].groups == {team.guid: "Team"}
        dropped = db.write_now(groups.drop, team.id, team.guid)
        assert (dropped.members, dropped.content) == ({vic.guid, ann.guid}, {made.guid})
        assert db.read_now(lambda s: lists.listing(s, looking(vic))) == []
        assert db.read_now(lambda s: s.exec(select(Membership)).all()) == []

    def test_bundle_numbers_are_never_used_again(self, db: Database):
        ann = db.write_now(person, "ann")
        made = db.write_now(lambda s: item(s, ann))

        def add(folder: str) -> int:
            row = Bundle(content_id=made.id or 0, details={"folder": folder, "metadata": {"source": "git ü"}})
            number = db.write_now(bundles.add, row).id
            assert number is not None
            return number

        one, two = add("f1"), add("f2")
        assert [row.id for row in db.read_now(bundles.listing, made.id)] == [two, one]
        db.write_now(content.change, made.guid, {"bundle_id": one})
        refused(lambda: db.write_now(bundles.remove, made.id, one), 409, 75)
        assert db.write_now(bundles.remove, made.id, two) == "f2"
        assert add("f3") > two
        assert db.read_now(bundles.folders) == {"f1", "f3"}
        refused(lambda: db.read_now(bundles.get, made.id, two), 404, 4)
        refused(lambda: db.read_now(bundles.get, (made.id or 0) + 1, one), 404, 4)

    def test_instances(self, db: Database):
        ann = db.write_now(person, "ann")
        made = db.write_now(lambda s: item(s, ann))
        db.write_now(instances.begin, Instance(key="k1", content_id=made.id or 0, bundle_id=1))
        db.write_now(instances.begin, Instance(key="k2", content_id=made.id or 0, bundle_id=1))
        db.write_now(instances.running, "k1", 4_000_000, 2**40, 65535)
        assert {row.key for row in db.read_now(instances.unended)} == {"k1", "k2"}
        db.write_now(instances.ended, "k1", -9, "killed")
        db.write_now(instances.ended, "k1", 0, "later")
        row = db.read_now(instances.by_key, made.id, "k1")
        assert (row.exit_code, row.error, row.start_ticks) == (-9, "killed", 2**40)
        assert [r.key for r in db.read_now(instances.listing, made.id)] == ["k2", "k1"]
        refused(lambda: db.read_now(instances.by_key, (made.id or 0) + 1, "k1"), 404, 4)
        with pytest.raises(IntegrityError):
            db.write_now(instances.begin, Instance(key="k1", content_id=made.id or 0))

    def test_deleting_content_takes_everything_with_it_and_nothing_else(self, db: Database):
        ann, bob = db.write_now(person, "ann"), db.write_now(person, "bob")
        made, other = (db.write_now(lambda s: item(s, ann)) for _ in range(2))
        linked = db.write_now(lambda s: integration(s, "g1"))
        for row in (made, other):
            number = row.id or 0
            db.write_now(bundles.add, Bundle(content_id=number, details={"folder": f"f{number}"}))
            db.write_now(access.put, number, ann.guid, bob.guid, "viewer")
            db.write_now(instances.begin, Instance(key=f"k{number}", content_id=number))
            db.write_now(oauth.replace_associations, number, [linked])
            db.write_now(lambda s, n=number: content.put_variables(s, n, {"A": b"x"}, replace=False))
        _id, gone = db.write_now(content.drop, made.guid)
        assert len(gone) == 1
        for model in (Bundle, Permission, Instance, Association):
            left = db.read_now(lambda s, m=model: s.exec(select(m)).all())
            assert {row.content_id for row in left} == {other.id}
        assert db.read_now(content.variable_names, other.id) == ["A"]
        refused(lambda: db.read_now(content.by_guid, made.guid), 404, 4)


def integration(session: Session, guid: str, name: str | None = "Warehouse") -> int:
    row = Integration(
        guid=guid,
        template="custom",
        name=name,
        auth_type="Viewer",
        config={"scopes": "a b", "use_pkce": True},
        sealed_secrets=b"\x00\xff sealed",
        fingerprint="f",
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


class TestOAuth:
    """Integrations, associations and connections as rows."""

    def test_integrations_keep_their_order_and_bytes(self, db: Database):
        for guid in ("zz", "aa", "mm"):
            db.write_now(integration, guid)
        rows = db.read_now(oauth.everything)
        assert [row.guid for row in rows] == ["zz", "aa", "mm"]
        assert rows[0].sealed_secrets == b"\x00\xff sealed"
        assert rows[0].config == {"scopes": "a b", "use_pkce": True}
        with pytest.raises(IntegrityError):
            db.write_now(integration, "aa")

    def test_associations_are_replaced_as_a_set(self, db: Database):
        ann = db.write_now(person, "ann")
        made = db.write_now(lambda s: item(s, ann))
        one, two, three = (db.write_now(integration, guid) for guid in ("g1", "g2", "g3"))
        db.write_now(oauth.replace_associations, made.id, [two, one])
        first = {a.guid: a.created_time for a in db.read_now(oauth.associations, made.guid)}
        assert set(first) == {"g1", "g2"}
        db.write_now(oauth.replace_associations, made.id, [three, one])
        after = {a.guid: a.created_time for a in db.read_now(oauth.associations, made.guid)}
        assert set(after) == {"g1", "g3"}
        assert after["g1"] == first["g1"]
        assert db.read_now(oauth.counts) == {one: 1, three: 1}
        db.write_now(oauth.replace_associations, made.id, [])
        assert db.read_now(oauth.associations, made.guid) == ()

    def test_one_connection_for_person_integration_and_role(self, db: Database):
        ann = db.write_now(person, "ann")
        number = db.write_now(integration, "g1")

        def connect(guid: str, role: str = "") -> None:
            row = Connection(guid=guid, user_id=ann.id, integration_id=number, role_key=role, **connection_fields())
            db.write_now(lambda s: s.add(row))

        connect("c1")
        connect("c2", "analyst")
        with pytest.raises(IntegrityError):
            connect("c3")
        db.write_now(lambda s: s.delete(oauth.by_guid(s, "g1")))
        assert db.read_now(lambda s: s.exec(select(Connection)).all()) == []

    def test_who_is_unknown(self, db: Database):
        ann = db.write_now(person, "ann")
        assert db.read_now(oauth.unknown_users, [ann.guid, "nobody"]) == {"nobody"}


def connection_fields() -> dict[str, Any]:
    """Values for every column of a connection that has no default."""
    samples: dict[type, Any] = {str: "x", int: 1, bytes: b"\x00x", float: 1.0, bool: False, datetime: now()}
    given = {"id", "guid", "user_id", "integration_id", "role_key"}
    needed = [n for n, f in Connection.model_fields.items() if f.is_required() and n not in given]
    return {name: samples[Connection.model_fields[name].annotation] for name in needed}  # type: ignore[index]


class TestTasksAndTrail:
    """Long work and the audit trail."""

    async def test_a_task_keeps_its_output_and_its_end(self, db: Database):
        tasks = Tasks(db)
        gate = asyncio.Event()

        async def work(report: Callable[[str], None]) -> dict[str, Any]:
            report("one\ntwo\0 ü")
            await gate.wait()
            report("x" * 10_000)
            return {"type": "t", "data": [1]}

        task_id = await tasks.start("user", None, work)
        row, lines, last = await tasks.poll(task_id, 0, 5) or pytest.fail("gone")
        assert (row.finished, lines, last) == (False, ["one", "two\0 ü"], 2)
        gate.set()
        row, lines, last = await tasks.poll(task_id, 2, 5) or pytest.fail("gone")
        row, lines, last = await finished(tasks, task_id)
        assert (row.code, row.error, row.result) == (0, "", {"type": "t", "data": [1]})
        assert lines[1] == "two� ü"
        assert len(lines[2]) == 4000
        assert last == 3
        assert await tasks.poll("none", 0, 0) is None

    async def test_a_failure_and_an_interruption(self, db: Database):
        tasks = Tasks(db)

        async def fails(_report: Callable[[str], None]) -> None:
            raise TaskFailed("No such package.")

        async def hangs(_report: Callable[[str], None]) -> None:
            await asyncio.Event().wait()

        failed = await tasks.start("user", None, fails)
        assert (await finished(tasks, failed))[0].error == "No such package."
        hanging = await tasks.start("user", None, hangs)
        await asyncio.sleep(0)
        await tasks.aclose()
        row = (await finished(tasks, hanging))[0]
        assert (row.code, row.finished) == (1, True)
        assert row.error

    async def test_what_a_dead_server_left_has_failed_and_old_tasks_are_forgotten(self, db: Database):
        def fill(session: Session) -> None:
            session.add(Task(id="left", user_guid="u"))
            session.add(Task(id="old", user_guid="u", finished=True, created_time=now() - timedelta(days=8)))
            session.flush()
            session.add(TaskLine(task_id="old", number=0, text="x"))

        db.write_now(fill)
        tasks = Tasks(db)
        db.write_now(tasks.recover)
        row = db.read_now(lambda s: s.get(Task, "left"))
        assert (row.finished, row.code) == (True, 1)
        assert "restarted" in row.error
        assert db.read_now(lambda s: s.get(Task, "old")) is None
        assert db.read_now(lambda s: s.exec(select(TaskLine)).all()) == []

    async def test_the_trail_keeps_order_and_data(self, db: Database, trail: Trail):
        caller = Caller(user_id=1, guid="g", username="ann", role="viewer", via="session")
        db.write_now(lambda s: trail.record(s, caller, "first", number=1, words=["ü", None]))
        await trail.append(None, "second")
        trail.later(caller, "third", x="y")
        await trail.aclose()
        rows = db.read_now(lambda s: s.exec(select(AuditEvent).order_by(AuditEvent.id)).all())  # type: ignore[arg-type]
        assert [row.action for row in rows] == ["first", "second", "third"]
        assert rows[0].data == {"number": 1, "words": ["ü", None]}
        assert (rows[0].actor_guid, rows[1].actor) == ("g", "system")

    def test_a_failed_write_leaves_nothing(self, db: Database):
        def half(session: Session) -> None:
            person(session, "ann")
            raise RuntimeError("half way")

        with pytest.raises(RuntimeError):
            db.write_now(half)
        assert db.read_now(accounts.any_user) is False


async def finished(tasks: Tasks, task_id: str) -> tuple[Task, list[str], int]:
    for _ in range(200):
        found = await tasks.poll(task_id, 0, 0.05)
        assert found is not None
        if found[0].finished:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("the task does not end")


class TestRenderings:
    """What was rendered, and when it is to be."""

    def test_the_newest_pages_are_shown_and_all_goes_with_the_version(self, db: Database):
        ann = db.write_now(person, "ann")
        there = db.write_now(item, ann)
        assert there.id is not None
        bundle = db.write_now(bundles.add, Bundle(content_id=there.id, details={"folder": "f"}))
        assert bundle.id is not None

        def made(folder: str) -> Rendering:
            assert there.id is not None
            assert bundle.id is not None
            return Rendering(content_id=there.id, bundle_id=bundle.id, job_key="j", folder=folder, primary="p.html")

        assert [db.write_now(renderings.add, made(folder)) for folder in ("one", "two")] == [[], ["one"]]
        shown = db.read_now(renderings.newest, bundle.id)
        assert shown is not None
        assert (shown.folder, shown.primary) == ("two", "p.html")
        db.write_now(bundles.remove, there.id, bundle.id)
        assert db.read_now(renderings.folders) == set()
        assert db.write_now(renderings.add, made("late")) is None

    def test_content_has_one_schedule(self, db: Database):
        there = db.write_now(item, db.write_now(person, "ann"))
        assert there.id is not None
        plan = {"type": "day", "rule": '{"N": 1}', "start_time": "2030-01-01T09:00:00Z", "timezone": "UTC"}
        made = db.write_now(schedules.add, there.id, plan)
        refused(lambda: db.write_now(schedules.add, there.id or 0, plan), 409, 26)
        assert db.read_now(schedules.of_many, [there.id])[there.id].id == made.id
        db.write_now(content.drop, there.guid)
        assert db.read_now(schedules.of_content, there.id) is None


async def test_visits_and_the_trail_are_paged(db: Database, trail: Trail):
    owner = await db.write(person, "olga")
    item = await db.write(lambda s: content.add(s, owner.id or 0, {}))
    moment = now()
    common, told = {"content_id": item.id, "user_id": None}, {"bundle_id": None, "user_agent": "", "live": False}
    hits = [{**common, "time": moment + timedelta(seconds=n), "path": f"/{n}", **told} for n in range(3)]
    opened = [{**common, "id": "k", "started": moment, "ended": None}]
    await db.write(usage.record, hits, opened, {"k": moment})
    first = await db.read(usage.visits, looking(owner), usage.Wanted((item.guid,)), Keyset(1, ascending=True))
    assert [row.path for row in first] == ["/0", "/1"]
    after = Keyset(1, ascending=True, after=(first[0].time, first[0].id))
    assert [row.path for row in await db.read(usage.visits, looking(owner), usage.Wanted(), after)] == ["/1", "/2"]
    assert len(await db.read(usage.hits, ADMINISTRATOR, usage.Wanted(since=moment, until=moment))) == 1
    (use,) = await db.read(usage.live_uses, looking(owner), usage.Wanted(), Keyset(5, ascending=False))
    assert use.ended == moment
    await db.write(usage.note_open, moment)
    await db.write(usage.close_open)
    assert await db.write(usage.drop_before, moment + timedelta(seconds=2)) == 3
    for action in ("b", "a", "b"):
        await trail.append(None, action)
    assert [name for name in await db.read(audit.actions) if name in "ab"] == ["a", "b"]
    newest = await db.read(audit.events, Keyset(1, ascending=False))
    assert newest[0][0].action == "b"
