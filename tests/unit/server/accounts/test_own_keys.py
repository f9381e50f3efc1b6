"""A person's keys are hers alone, and a revoked one stops at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.accounts.own_keys import OwnKeys, administrators
from server.web.caller import BadCredential, Caller
from server.web.errors import ApiError
from tests.unit.dashboard.rig import Rig, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = open_rig(tmp_path)
    yield made
    await made.aclose()


async def test_made_listed_and_revoked(rig: Rig) -> None:
    alice, bob = await rig.person("alice"), await rig.person("bob")
    keys = OwnKeys(rig.services.db, rig.services.sessions, rig.services.trail)
    _key, value = await keys.create(alice, "laptop", None)
    headers = [(b"authorization", f"Key {value}".encode())]
    assert isinstance(await rig.services.sessions.identify(headers), Caller)
    [row] = await keys.of(alice)
    assert await keys.of(bob) == []
    assert row.id is not None
    assert value not in repr(row)
    with pytest.raises(ApiError) as caught:
        await keys.revoke(bob, row.id)
    assert caught.value.status == 404
    await keys.revoke(alice, row.id)
    assert isinstance(await rig.services.sessions.identify(headers), BadCredential)
    assert [event.data["key_id"] for event in await rig.events("remove_api_key")] == [row.id]


@pytest.mark.parametrize("credential", ["tool:t", "claim:c"])
async def test_a_tool_leaves_no_key_behind(rig: Rig, credential: str) -> None:
    tool = replace(await rig.person("alice"), via="key", credential=credential)
    keys = OwnKeys(rig.services.db, rig.services.sessions, rig.services.trail)
    with pytest.raises(ApiError) as caught:
        await keys.create(tool, "laptop", None)
    assert caught.value.status == 403
    assert await keys.of(tool) == []


async def test_whom_to_ask(rig: Rig) -> None:
    for name, role in (
        ("ada", "administrator"),
        ("abe", "administrator"),
        ("ann", "administrator"),
        ("pat", "publisher"),
    ):
        await rig.person(name, role)
    assert [user.username for user in await rig.services.db.read(administrators)] == ["abe", "ada"]
