"""The list takes as many statements for many as for few, and of two tabs one skips."""

import asyncio

from sqlalchemy import event

from server.db.clock import now
from server.delegations import store
from server.delegations.store import Wanted
from server.web.paging import Paging
from tests.unit.server.vault.house import House


def test_naming_nobody() -> None:
    assert Wanted().nothing
    assert Wanted(kind="connection").nothing
    assert not Wanted(role="").nothing
    assert not Wanted(person="a").nothing


async def test_statements_do_not_grow(house: House) -> None:
    ada = await house.person("ada", "administrator")
    row = await house.integration(ada)
    asked: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    counts = []
    for batch in range(2):
        for number in range(3):
            person = await house.person(f"p{batch}{number}")
            await house.connected(person, row)
            await house.db.write(store.add, person.id, row.id, "", "ada")
        asked.clear()
        found, total = await house.db.read(store.listed, Wanted(), Paging(1, 500))
        assert len(found) == total == 6 * (batch + 1)
        counts.append(len([text for text in asked if text.startswith("SELECT")]))
    assert counts == [2, 2]


async def test_one_of_two_tabs_skips(house: House) -> None:
    ada = await house.person("ada", "administrator")
    row = await house.integration(ada)
    await house.db.write(store.add, ada.id, row.id, "", "ada")

    async def skip() -> bool:
        return await house.db.write(lambda s: store.claim(s, ada.id, row.id, "", renewing=True, moment=now()))

    assert sorted(await asyncio.gather(skip(), skip(), skip())) == [False, False, True]
