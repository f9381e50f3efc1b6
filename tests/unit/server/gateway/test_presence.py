"""Losing access closes what is open: by person, and for everybody when the content is locked (G-17)."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from server.access import store as access
from server.accounts import store as accounts
from server.audit.trail import Trail
from server.content import store as content
from server.db.clock import now
from server.db.engine import Database
from server.gateway.presence import ENDED, Presence, draft_tag, visit_tag
from server.groups import store as groups
from server.links.links import Links
from server.proxy.registry import Registry
from server.sessions import store as sessions
from server.sessions.identify import Sessions
from server.web.caller import ANONYMOUS, Caller
from tests.unit.server.instances.rig import Rig, until


def sessions_of(db: Database) -> Sessions:
    return Sessions(db, secure=False, idle=3600, absolute=7200)


def links_of(db: Database) -> Links:
    return Links(db, Trail(db), secure=False)


class Open:
    """A page that is open."""

    closed: int | None = None

    def close(self, code: int, _reason: str) -> None:
        self.closed = code


@pytest.mark.parametrize(
    ("change", "closed"),
    [("removed", {"vic"}), ("private", {"vic", ""}), ("locked", {"ann", "vic", ""}), ("deleted", {"ann", "vic", ""})],
)
async def test_pages_close_with_the_access_to_them(db: Database, tmp_path: Path, change: str, closed: set[str]):
    rig = Rig(db, tmp_path)
    registry = Registry()
    presence = Presence(rig.directory, registry, sessions_of(db), links_of(db))
    user = db.write_now(lambda s: accounts.add_user(s, username="vic", role="viewer"))
    vic = Caller(user.id or 0, user.guid, "vic", role="viewer", via="session")
    owner = Caller(rig.owner.id or 0, rig.owner.guid, "ann", role="publisher", via="session")
    listed = db.write_now(access.put, rig.view.id, rig.owner.guid, vic.guid, "viewer").id or 0
    db.write_now(content.change, rig.guid, {"access_type": "acl" if change == "removed" else "all"})
    callers = (owner, vic) if change == "removed" else (owner, vic, ANONYMOUS)
    pages = {caller: Open() for caller in callers}
    for caller, page in pages.items():
        registry.add(page, frozenset({visit_tag(rig.guid, caller)}))
        presence.note(caller, rig.view)
    if change == "removed":
        db.write_now(access.remove, rig.view.id, listed)
    elif change == "private":
        db.write_now(access.remove, rig.view.id, listed)
        db.write_now(content.change, rig.guid, {"access_type": "acl"})
    elif change == "locked":
        db.write_now(content.change, rig.guid, {"locked": True})
    else:
        db.write_now(content.drop, rig.guid)
    rig.directory.forget(rig.guid)
    await presence.content_changed(rig.guid)
    assert {caller.username for caller, page in pages.items() if page.closed == ENDED} == closed


async def test_a_draft_closes_with_the_right_to_edit(db: Database, tmp_path: Path):
    rig = Rig(db, tmp_path)
    registry = Registry()
    presence = Presence(rig.directory, registry, sessions_of(db), links_of(db))
    user = db.write_now(lambda s: accounts.add_user(s, username="pat", role="publisher"))
    pat = Caller(user.id or 0, user.guid, "pat", role="publisher", via="session")
    db.write_now(access.put, rig.view.id, rig.owner.guid, pat.guid, "owner")
    db.write_now(content.change, rig.guid, {"access_type": "logged_in"})
    rig.directory.forget(rig.guid)
    draft, page = Open(), Open()
    registry.add(draft, frozenset({visit_tag(rig.guid, pat), draft_tag(rig.guid, pat)}))
    registry.add(page, frozenset({visit_tag(rig.guid, pat)}))
    presence.note(pat, rig.view)
    await presence.content_changed(rig.guid)
    assert draft.closed is None
    db.write_now(access.put, rig.view.id, rig.owner.guid, pat.guid, "viewer")
    rig.directory.forget(rig.guid)
    await presence.content_changed(rig.guid)
    assert (draft.closed, page.closed) == (ENDED, None)


async def test_a_page_closes_with_the_group_that_opened_it(db: Database, tmp_path: Path):
    rig, registry = Rig(db, tmp_path), Registry()
    presence = Presence(rig.directory, registry, sessions_of(db), links_of(db))
    team = db.write_now(groups.add, "Team", rig.owner.id)
    db.write_now(access.put, rig.view.id, rig.owner.guid, team.guid, "owner", "group")
    rig.directory.forget(rig.guid)
    pages: dict[str, tuple[Caller, Open, Open]] = {}
    for name, role in (("vic", "viewer"), ("pat", "publisher"), ("zoe", "publisher")):
        user = db.write_now(lambda s, n=name, r=role: accounts.add_user(s, username=n, role=r))
        db.write_now(groups.join, team.id, user.guid)
        caller = db.read_now(sessions.with_groups, Caller(user.id or 0, user.guid, name, role=role, via="session"))
        pages[name] = (caller, Open(), Open())
        registry.add(pages[name][1], frozenset({visit_tag(rig.guid, caller)}))
        registry.add(pages[name][2], frozenset({draft_tag(rig.guid, caller)}))
        presence.note(caller, rig.view)

    def closed() -> dict[str, tuple[int | None, int | None]]:
        return {name: (page.closed, draft.closed) for name, (_caller, page, draft) in pages.items()}

    vic, pat, zoe = (pages[name][0].guid for name in ("vic", "pat", "zoe"))
    await presence.people_changed(frozenset({pat, zoe, "somebody else"}))
    # A viewer in a group of collaborators may only look.
    assert closed() == {"vic": (None, ENDED), "pat": (None, None), "zoe": (None, None)}
    db.write_now(groups.leave, team.id, pat)
    await presence.people_changed(frozenset({pat}))
    assert closed() == {"vic": (None, ENDED), "pat": (ENDED, ENDED), "zoe": (None, None)}
    db.write_now(accounts.change_user, zoe, {"role": "viewer"})
    await presence.people_changed(frozenset({zoe}))
    assert closed()["zoe"] == (None, ENDED)
    left = db.write_now(groups.drop, team.id, team.guid)
    await presence.people_changed(frozenset(left.members))
    assert (left.members, closed()["vic"], closed()["zoe"]) == ({vic, zoe}, (ENDED, ENDED), (ENDED, ENDED))


async def test_what_a_key_opened_closes_when_the_key_is_no_longer_good(db: Database, tmp_path: Path):
    rig, registry, memory = Rig(db, tmp_path), Registry(), sessions_of(db)
    presence = Presence(rig.directory, registry, memory, links_of(db))
    past, later = now() - timedelta(seconds=1), now() + timedelta(hours=1)
    pages: list[Open] = []
    for end in (past, later, None):
        key, _value = db.write_now(lambda s, e=end: accounts.add_key(s, rig.owner, "k", expires_at=e))
        credential = f"key:{key.id}"
        caller = Caller(rig.owner.id or 0, rig.owner.guid, role="publisher", via="key", credential=credential)
        pages.append(Open())
        registry.add(pages[-1], frozenset({visit_tag(rig.guid, caller), credential}))
        presence.note(caller, rig.view)
    await presence.check_keys()
    assert [page.closed for page in pages] == [ENDED, None, None]
    watching = asyncio.create_task(presence.keep_checking(0.01))
    memory.forget_key(db.write_now(accounts.drop_key, rig.owner.id or 0, 3))
    await until(lambda: pages[2].closed == ENDED)
    watching.cancel()
    assert pages[1].closed is None


async def test_what_a_share_link_opened_closes_with_the_link(db: Database, tmp_path: Path):
    rig, registry, links = Rig(db, tmp_path), Registry(), links_of(db)
    presence = Presence(rig.directory, registry, sessions_of(db), links)
    owner = Caller(rig.owner.id or 0, rig.owner.guid, "ann", role="publisher", via="session")
    made = [await links.make(owner, rig.view, "", None) for _ in range(2)]
    guests, pages = [], []
    for _row, secret in made:
        guest = await links.guest([(b"cookie", f"tabard_share={secret}".encode())], rig.view)
        assert guest is not None
        page = Open()
        registry.add(page, frozenset({visit_tag(rig.guid, guest), guest.credential}))
        presence.note(guest, rig.view)
        guests.append(guest)
        pages.append(page)
    await presence.check_keys()
    await presence.content_changed(rig.guid)
    assert [page.closed for page in pages] == [None, None]
    await links.revoke(owner, rig.view, made[0][0].guid)
    await presence.check_keys()
    assert [page.closed for page in pages] == [ENDED, None]
    await rig.pool.aclose()


@pytest.mark.parametrize("change", ["signed out", "locked", "left", "content", "nothing"])
async def test_what_another_gateway_changed_closes_here_for_those_who_lost_by_it(
    db: Database, tmp_path: Path, change: str
):
    rig, registry, memory = Rig(db, tmp_path), Registry(), sessions_of(db)
    presence = Presence(rig.directory, registry, memory, links_of(db))
    db.write_now(content.change, rig.guid, {"access_type": "logged_in"})
    rig.directory.forget(rig.guid)
    user = db.write_now(lambda s: accounts.add_user(s, username="vic", role="viewer"))
    token, _life = await memory.open(user.id or 0, address="", user_agent="")
    vic = await memory.identify([(b"cookie", f"tabard_session={token}".encode())])
    assert isinstance(vic, Caller)
    page, guest = Open(), Open()
    registry.add(page, frozenset({visit_tag(rig.guid, vic), vic.credential}))
    registry.add(guest, frozenset({visit_tag(rig.guid, ANONYMOUS)}))
    presence.note(vic, rig.view)
    if change == "signed out":
        db.write_now(sessions.end, vic.credential.removeprefix("session:"))
    elif change == "locked":
        db.write_now(accounts.set_locked, user.guid, True)
    elif change == "left":
        db.write_now(content.change, rig.guid, {"access_type": "acl"})
    elif change == "content":
        db.write_now(content.drop, rig.guid)
    db.changes._tell(db.changes._everything(), elsewhere=True)
    await presence.look_again()
    assert page.closed == (None if change == "nothing" else ENDED)
    assert guest.closed is None
