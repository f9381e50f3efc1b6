"""Losing access closes what is open: by person, and for everybody when the content is locked (G-17)."""

from pathlib import Path

import pytest

from server.access import store as access
from server.accounts import store as accounts
from server.content import store as content
from server.db.engine import Database
from server.gateway.presence import ENDED, Presence, draft_tag, visit_tag
from server.proxy.registry import Registry
from server.web.caller import ANONYMOUS, Caller
from tests.unit.server.instances.rig import Rig


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
    presence = Presence(rig.directory, registry)
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
    presence = Presence(rig.directory, registry)
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
