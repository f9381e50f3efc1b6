"""Clients that nobody uses go; there is a number beyond which none registers."""

import pytest

from server.clients import store
from server.db.models import ToolClient, ToolCode
from tests.unit.server.authorize.rig import Rig


async def test_unused_clients_make_room(rig: Rig):
    used, _tokens = await rig.signed_in()
    unused = await rig.register()
    rig.later(days=2)
    await rig.register()
    rows, total = await rig.tools.clients(1, 10)
    assert total == 2
    assert rows[0].client_id == used
    assert unused not in [row.client_id for row in rows]
    rig.later(days=500)
    await rig.register()
    # Its sign-in has not been swept yet, so it is still there; then it goes too.
    assert used in [row.client_id for row in (await rig.tools.clients(1, 10))[0]]
    await rig.sessions.sweep()
    await rig.register()
    assert used not in [row.client_id for row in (await rig.tools.clients(1, 10))[0]]


async def test_the_number_of_clients_is_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store, "MOST_CLIENTS", 2)
    used, _tokens = await rig.signed_in()
    unused = await rig.register()
    newer = await rig.register()
    kept = [row.client_id for row in (await rig.tools.clients(1, 10))[0]]
    assert kept == [used, newer]
    assert unused not in kept
    await rig.redeem(newer, (await rig.answer(newer))["code"])
    full = await rig.tool.post("/oauth/v1/register", json={"redirect_uris": ["http://127.0.0.1/"]})
    assert (full.status_code, full.json()["error"]) == (503, "temporarily_unavailable")


async def test_old_codes_go(rig: Rig):
    client_id = await rig.register()
    await rig.answer(client_id)
    rig.later(days=2)
    await rig.answer(client_id)
    assert len(rig.rows(ToolCode)) == 1


async def test_pages_of_clients(rig: Rig):
    made = [await rig.register() for _ in range(3)]
    rows, total = await rig.tools.clients(2, 2)
    assert ([row.client_id for row in rows], total) == (made[2:], 3)
    assert rig.db.read_now(store.client, "none") is None
    assert isinstance(rig.db.read_now(store.client, made[0]), ToolClient)
