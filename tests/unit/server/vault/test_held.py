"""What is in memory of connections: true after each write anywhere, and for a second after none."""

import asyncio

import pytest

from server.db.models import Connection
from server.db.touched import Touched
from server.oauth.integrations import Draft
from server.vault.errors import NeedsConsent, NotConnected
from server.vault.held import LONGEST, Holdings, Name
from server.vault.seals import Seals
from tests.unit.server.vault.house import House


async def held(house: House) -> tuple[Holdings, Name, list[int]]:
    """Holdings of one connection, its name, and the reads that they make."""
    admin, alice = await house.person("admin", "administrator"), await house.person("alice")
    row = await house.integration(admin)
    await house.connected(alice, row)
    made = Holdings(house.db, Seals(house.keyring), house.time, house.time.ticks)
    reads: list[int] = []
    load = made._load
    made._load = lambda *args: reads.append(1) or load(*args)  # type: ignore[func-returns-value,method-assign]
    return made, (alice.id, row.id, ""), reads


async def test_one_read_serves_a_second(house: House):
    made, name, reads = await held(house)
    first = await made.get(name)
    assert first is await made.get(name)
    assert first.token is not None
    assert 3590 < first.left(house.time.ticks()) <= 3600
    assert await made.get(name, anew=True) is not first
    house.time.ahead += LONGEST + 0.1
    await made.get(name)
    assert len(reads) == 3


@pytest.mark.parametrize("what", ["connection", "integration", "all"])
async def test_what_is_written_here_or_elsewhere_is_read_again(house: House, what):
    made, name, reads = await held(house)
    await made.get(name)
    if what == "connection":
        row = house.connection()
        assert row.id is not None
        house.db.changes._tell(Touched({"connections": frozenset({row.id})}), elsewhere=True)
    elif what == "all":
        house.db.changes._tell(Touched({"connections": None}), elsewhere=True)
    else:
        admin = await house.person("admin2", "administrator")
        (there,) = await house.integrations.all()
        draft = Draft(config={"client_id": "other"}, sent=frozenset({"config"}))
        await house.integrations.change(admin.caller, there.guid, draft)
        with pytest.raises(NeedsConsent):
            await made.get(name)
    if what != "integration":
        await made.get(name)
    assert len(reads) == 2


async def test_memory_that_cannot_be_trusted_is_not_asked(house: House, monkeypatch):
    made, name, reads = await held(house)
    await made.get(name)
    monkeypatch.setattr(house.db.changes, "trusted", lambda: False)
    await made.get(name)
    assert len(reads) == 2


async def test_a_write_while_a_row_is_read_is_not_forgotten(house: House):
    made, name, reads = await held(house)
    load = made._load

    def slowly(*args):
        found = load(*args)
        made.forget_all()
        return found

    made._load = slowly  # type: ignore[method-assign]
    await made.get(name)
    made._load = load  # type: ignore[method-assign]
    await made.get(name)
    assert len(reads) == 2


async def test_what_cannot_be_used_says_why(house: House):
    made, name, _ = await held(house)
    with pytest.raises(NotConnected):
        await made.get((name[0], name[1], "ANALYST"))
    await made.get(name)
    with house.change(Connection) as rows:
        rows[0].sealed_access = rows[0].sealed_refresh
    with pytest.raises(NeedsConsent) as caught:
        await made.get(name, anew=True)
    assert caught.value.reason == "damaged"


async def test_all_who_ask_at_once_share_one_read(house: House):
    made, name, reads = await held(house)
    found = await asyncio.gather(*(made.get(name, anew=True) for _ in range(50)))
    assert (len(reads), len({id(each) for each in found})) == (1, 1)
    missing = (name[0], name[1], "ANALYST")
    refused = await asyncio.gather(*(made.get(missing) for _ in range(5)), return_exceptions=True)
    assert [type(error) for error in refused] == [NotConnected] * 5
    assert len(reads) == 2
