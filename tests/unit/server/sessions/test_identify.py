"""Who calls: keys, cookies, and everything that makes them invalid at once."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import Session, update

from server.accounts import store as accounts
from server.db.clock import now
from server.db.engine import Database, DatabaseUnavailable
from server.db.models import BrowserSession, User
from server.sessions.identify import Sessions
from server.web.caller import ANONYMOUS, BadCredential, Caller
from tests.unit.server.instances.rig import until


class World:
    """One person with a key and a way to open sessions."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.sessions = Sessions(db, secure=False, idle=3600, absolute=86400)
        self.user = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
        self.key_row, self.key = db.write_now(accounts.add_key, self.user, "k")
        self.ended: list[str] = []
        self.sessions.when_ended(self.ended.append)

    async def by(self, *headers: tuple[str, str]) -> Caller | BadCredential:
        return await self.sessions.identify([(n.encode(), v.encode("latin-1")) for n, v in headers])

    async def by_key(self, value: str | None = None) -> Caller | BadCredential:
        return await self.by(("authorization", f"Key {value or self.key}"))

    async def signed_in(self) -> str:
        assert self.user.id is not None
        token, _life = await self.sessions.open(self.user.id, address="1.2.3.4", user_agent="x")
        return token

    async def by_cookie(self, token: str) -> Caller | BadCredential:
        return await self.by(("cookie", f"tabard_session={token}"))


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


async def test_a_key_a_cookie_and_nobody(world: World):
    by_key, by_cookie = await world.by_key(), await world.by_cookie(await world.signed_in())
    assert isinstance(by_key, Caller)
    assert isinstance(by_cookie, Caller)
    assert (by_key.via, by_key.username, by_key.role) == ("key", "ann", "publisher")
    assert (by_cookie.via, by_cookie.guid) == ("session", world.user.guid)
    assert await world.by() == ANONYMOUS
    assert await world.by_cookie("unknown") == ANONYMOUS


@pytest.mark.parametrize(
    ("value", "code", "status"),
    [
        ("Key", 30, 401),
        ("Key wrong", 30, 401),
        ("Bearer x", 30, 401),
        ("Bearer", 30, 401),
        ("Digest x", 24, 401),
        ("Key \xff", 30, 401),
    ],
)
async def test_bad_credentials_are_never_anonymous(world: World, value: str, code: int, status: int):
    token = await world.signed_in()
    found = await world.by(("authorization", value), ("cookie", f"tabard_session={token}"))
    assert isinstance(found, BadCredential)
    assert (found.code, found.status) == (code, status)


async def test_two_authorization_headers_are_a_bad_request(world: World):
    found = await world.by(("authorization", f"Key {world.key}"), ("authorization", f"Key {world.key}"))
    assert isinstance(found, BadCredential)
    assert found.status == 400


async def test_a_key_wins_over_a_cookie_and_basic_is_not_ours(world: World):
    token = await world.signed_in()
    cookie = ("cookie", f"tabard_session={token}")
    first = await world.by(("authorization", f"Key {world.key}"), cookie)
    second = await world.by(("authorization", "Basic eDp5"), cookie)
    assert isinstance(first, Caller)
    assert isinstance(second, Caller)
    assert (first.via, second.via) == ("key", "session")


async def test_a_warm_look_up_touches_no_database(world: World, monkeypatch):
    token = await world.signed_in()
    await world.by_key()
    await world.by_cookie(token)
    monkeypatch.setattr(world.db, "read", lambda *_: pytest.fail("the database was asked"))
    assert isinstance(await world.by_key(), Caller)
    assert isinstance(await world.by_cookie(token), Caller)


async def test_a_dropped_key_stops_at_once(world: World):
    await world.by_key()
    hashed = await world.db.write(accounts.drop_key, world.user.id, world.key_row.id)
    world.sessions.forget_key(hashed)
    assert isinstance(await world.by_key(), BadCredential)


async def test_a_locked_person_and_an_unlocked_one(world: World):
    other = world.db.write_now(lambda s: accounts.add_user(s, username="root", role="administrator"))
    assert other.id
    token = await world.signed_in()
    await world.by_key()
    await world.by_cookie(token)
    await world.db.write(accounts.set_locked, world.user.guid, True)
    await world.sessions.person_changed(world.user.guid, end_sessions=True)
    assert isinstance(await world.by_key(), BadCredential)
    assert await world.by_cookie(token) == ANONYMOUS
    assert world.ended == [f"viewer:{world.user.guid}"]
    await world.db.write(accounts.set_locked, world.user.guid, False)
    await world.sessions.person_changed(world.user.guid, end_sessions=False)
    assert isinstance(await world.by_key(), Caller)
    assert await world.by_cookie(token) == ANONYMOUS


async def test_a_lower_role_holds_from_the_next_request_on_for_keys_too(world: World):
    strong, value = world.db.write_now(lambda s: accounts.add_key(s, world.user, "p", role="publisher"))
    assert strong.role == "publisher"
    await world.by_key(value)
    await world.db.write(accounts.change_user, world.user.guid, {"role": "viewer"})
    await world.sessions.person_changed(world.user.guid, end_sessions=False)
    for sent in (value, world.key):
        found = await world.by_key(sent)
        assert isinstance(found, Caller)
        assert found.role == "viewer"


async def test_a_change_while_a_row_is_read_is_not_undone_by_it(world: World, monkeypatch):
    real = world.db.read

    async def slow(work, *args):
        found = await real(work, *args)
        await world.db.write(accounts.change_user, world.user.guid, {"role": "viewer"})
        await world.sessions.person_changed(world.user.guid, end_sessions=False)
        return found

    monkeypatch.setattr(world.db, "read", slow)
    await world.by_key()
    monkeypatch.setattr(world.db, "read", real)
    found = await world.by_key()
    assert isinstance(found, Caller)
    assert found.role == "viewer"


async def test_signing_out_ends_one_browser(world: World):
    one, two = await world.signed_in(), await world.signed_in()
    caller = await world.by_cookie(one)
    assert isinstance(caller, Caller)
    await world.sessions.end(caller)
    assert await world.by_cookie(one) == ANONYMOUS
    assert isinstance(await world.by_cookie(two), Caller)
    assert world.ended == [caller.credential]


def age(session: Session, **fields: object) -> None:
    row = session.get(
        BrowserSession, session.connection().exec_driver_sql("select token_hash from browser_sessions").scalar()
    )
    assert row is not None
    for name, value in fields.items():
        setattr(row, name, value)
    session.add(row)


@pytest.mark.parametrize("field", ["seen_time", "expires_at"])
async def test_time_ends_sessions(world: World, field: str):
    token = await world.signed_in()
    caller = await world.by_cookie(token)
    assert isinstance(caller, Caller)
    await world.sessions.sweep()
    assert world.ended == []
    world.db.write_now(lambda s: age(s, **{field: now() - timedelta(hours=2)}))
    await world.sessions.sweep()
    # What it has open closes, though nobody asks with it any more.
    assert world.ended == [caller.credential]


@pytest.mark.parametrize("field", ["seen_time", "expires_at"])
async def test_a_session_whose_time_is_over_is_nobodys(world: World, field: str):
    token = await world.signed_in()
    world.db.write_now(lambda s: age(s, **{field: now() - timedelta(hours=2)}))
    assert await world.by_cookie(token) == ANONYMOUS


async def test_an_expired_key(world: World):
    past = now() - timedelta(seconds=1)
    _row, value = world.db.write_now(lambda s: accounts.add_key(s, world.user, "old", expires_at=past))
    assert isinstance(await world.by_key(value), BadCredential)


async def test_an_instances_own_key_speaks_for_its_content(world: World):
    value = world.db.write_now(accounts.add_content_key, world.user.id, "content-1", "instance-1")
    found = await world.by_key(value)
    assert isinstance(found, Caller)
    assert (found.via, found.content_guid, found.credential) == ("content", "content-1", "instance:instance-1")
    (digest,) = world.db.write_now(accounts.drop_instance_keys, "instance-1")
    world.sessions.forget_key(digest)
    assert isinstance(await world.by_key(value), BadCredential)


async def test_still_answers_for_the_session_a_handle_names(world: World):
    token = await world.signed_in()
    caller = await world.by_cookie(token)
    assert isinstance(caller, Caller)
    cold = Sessions(world.db, secure=False, idle=3600, absolute=86400)
    for sessions in (world.sessions, cold):
        found = await sessions.still(world.user.guid, caller.credential)
        assert found is not None
        assert found.guid == world.user.guid
        assert await sessions.still("someone-else", caller.credential) is None
    for credential in ("session:none", "key:999999", "key:x", "nonsense", ""):
        assert await cold.still(world.user.guid, credential) is None
    await world.sessions.end(caller)
    assert await world.sessions.still(world.user.guid, caller.credential) is None


async def test_last_use_is_written_down_later(world: World, monkeypatch):
    monkeypatch.setattr("server.sessions.identify.SEEN_GRAIN", -1.0)
    await world.by_key()
    await world.by_cookie(await world.signed_in())
    await world.sessions.flush()
    assert [k.last_used_time is not None for k in world.db.read_now(accounts.keys_of, world.user.id)] == [True]


async def test_on_https_the_plain_cookie_is_nobodys(world: World):
    sessions = Sessions(world.db, secure=True, idle=3600, absolute=86400)
    token = await world.signed_in()
    plain = await sessions.identify([(b"cookie", f"tabard_session={token}".encode())])
    good = await sessions.identify([(b"cookie", f"__Host-tabard_session={token}".encode())])
    assert plain == ANONYMOUS
    assert isinstance(good, Caller)


async def test_the_database_holds_no_usable_token(world: World, db: Database):
    token = await world.signed_in()
    dumped = "".join(
        str(row)
        for table in ("browser_sessions", "api_keys", "users")
        for row in db.read_now(lambda s, t=table: s.connection().exec_driver_sql(f"select * from {t}").all())
    )
    assert token not in dumped
    assert world.key not in dumped
    assert isinstance(world.user, User)


async def test_ending_goes_on_after_the_database_was_away(world: World, monkeypatch):
    """A sweep that found no database was the last one, and what had ended stayed open."""
    world.db.write_now(accounts.add_key, world.user, "k")
    write, away = world.db.write, 0

    async def fail(*_: object):
        nonlocal away
        away += 1
        raise DatabaseUnavailable

    found = world.db.read_now(accounts.keys_of, world.user.id)[-1]
    world.sessions._touched[f"key:{found.id}"] = now()
    monkeypatch.setattr(world.db, "write", fail)
    sweeping = asyncio.create_task(world.sessions.keep_flushing(0.01))
    await until(lambda: away > 2)
    monkeypatch.setattr(world.db, "write", write)
    await until(lambda: world.db.read_now(accounts.keys_of, world.user.id)[-1].last_used_time is not None)
    sweeping.cancel()


async def test_a_session_that_was_used_at_another_gateway_has_not_idled_out_here(world: World):
    token = await world.signed_in()
    assert isinstance(await world.by_cookie(token), Caller)
    (known,) = (value for _when, value in world.sessions._known._kept.values())
    assert known is not None
    known.seen -= timedelta(hours=2)
    assert await world.by_cookie(token) != ANONYMOUS, "its row says when it was last used"
    known.seen -= timedelta(hours=2)
    world.db.write_now(lambda s: s.exec(update(BrowserSession).values(seen_time=now() - timedelta(hours=2))))
    world.sessions._known.forget_all()
    assert await world.by_cookie(token) == ANONYMOUS
