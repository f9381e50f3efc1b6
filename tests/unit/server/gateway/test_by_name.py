"""Redirects from paths of content's own, and pictures."""

from pathlib import Path
from typing import Any

import pytest

from server.audit.trail import Trail
from server.content import store as content
from server.db.engine import Database
from server.gateway.by_name import ByName
from server.thumbnails.thumbnails import Thumbnails
from server.vanity.vanities import Vanities
from server.web.caller import ANONYMOUS, BadCredential, Caller
from tests.harness.statements import statements
from tests.unit.server.instances.rig import Rig
from tests.unit.server.standing import caller_of
from tests.unit.server.thumbnails.pictures import png

STRANGER = Caller(99, "g", "eve", role="administrator", via="key")


class Named(Rig):
    def __init__(self, db: Database, root: Path) -> None:
        super().__init__(db, root)
        trail = Trail(db, gather=0.01)
        self.vanities = Vanities(db, self.directory, trail)
        self.thumbnails = Thumbnails(db, root / "thumbnails", trail)
        self.by_name = ByName(self.directory, self.vanities, self.thumbnails)

    async def leads(self, target: bytes, caller: Caller | BadCredential) -> str | None:
        found = await self.by_name.elsewhere(target, caller)
        return None if found is None else found.headers["location"]


@pytest.fixture
async def named(db: Database, tmp_path: Path) -> Named:
    made = Named(db, tmp_path)
    await made.vanities.put(caller_of(made.owner), made.view, "finance", force=False)
    return made


async def test_path_and_query_are_kept(named: Named):
    owner, here = caller_of(named.owner), f"/content/{named.guid}"
    for target, leads in (
        (b"/finance", f"{here}/"),
        (b"/finance?a=b", f"{here}/?a=b"),
        (b"/FINANCE/x/%20y?a=%2F&b=//evil.example", f"{here}/x/%20y?a=%2F&b=//evil.example"),
        (b"/finance//evil.example", f"{here}//evil.example"),
        (b"/finance/__thumbnail__", f"{here}/__thumbnail__"),
        (b"/finances", None),
        (b"/", None),
        (b"/?/finance/", None),
    ):
        assert await named.leads(target, owner) == leads, target
    found = await named.by_name.elsewhere(b"/finance", owner)
    assert found is not None
    assert (found.status_code, found.headers["cache-control"]) == (307, "no-store")


async def test_only_those_who_may_look_are_led(named: Named):
    for caller in (ANONYMOUS, STRANGER, BadCredential(30, "no")):
        assert await named.leads(b"/finance/", caller) is None
    named.db.write_now(content.change, named.guid, {"access_type": "all"})
    named.directory.forget(named.guid)
    assert await named.leads(b"/finance/", ANONYMOUS) is not None
    assert await named.leads(b"/finance/", BadCredential(30, "no")) is None
    named.db.write_now(content.drop, named.guid)
    named.directory.forget(named.guid)
    assert await named.leads(b"/finance/", STRANGER) is None


async def test_a_warm_redirect_needs_no_database(named: Named):
    await named.leads(b"/finance/", caller_of(named.owner))
    with statements(named.db) as seen:
        await named.leads(b"/finance/x", caller_of(named.owner))
    assert seen == []


async def test_pictures(named: Named):
    async def shown(method: str = "GET", **headers: str) -> tuple[int, bytes, Any]:
        sent = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
        reply = await named.by_name.picture({"method": method, "headers": sent}, named.view)
        return reply.status_code, bytes(reply.body), reply.headers

    assert (await shown())[0] == 204
    await named.thumbnails.put(caller_of(named.owner), named.view, png())
    status, body, headers = await shown()
    assert (status, body, headers["content-type"]) == (200, png(), "image/png")
    assert (await shown(if_none_match=headers["etag"]))[:2] == (304, b"")
    assert (await shown("POST"))[0] == 405
