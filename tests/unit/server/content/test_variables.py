"""Variables are sealed to their item and name: what is moved or changed in the database does not open."""

import pytest
from sqlmodel import select

from server.accounts import store as accounts
from server.content import store
from server.content.variables import Variables
from server.db.engine import Database
from server.db.models import EnvironmentVariable
from server.keys.keyring import Keyring, SealBroken


def item(db: Database, name: str) -> int:
    owner = db.write_now(lambda s: accounts.add_user(s, username=f"of-{name}", role="publisher"))
    return db.write_now(lambda s: store.add(s, owner.id or 0, {"name": name})).id or 0


async def test_put_and_opened(db: Database):
    variables, mine, other = Variables(db, Keyring(b"k" * 32)), item(db, "mine"), item(db, "other")
    put = db.write_now(lambda s: variables.put(s, mine, {"B": "CANARY", "A": ""}))
    assert put == ["A", "B"]
    assert db.write_now(lambda s: variables.put(s, mine, {"A": None, "C": "3"})) == ["B", "C"]
    assert await variables.open(mine) == {"B": "CANARY", "C": "3"}
    assert await variables.open(other) == {}
    assert all(b"CANARY" not in value for value in db.read_now(store.variables, mine).values())
    assert db.write_now(lambda s: variables.put(s, mine, {"D": "4"}, replace=True)) == ["D"]
    assert await variables.open(mine) == {"D": "4"}


@pytest.mark.parametrize("change", ["name", "item", "value"])
async def test_a_row_that_was_moved_or_changed_does_not_open(db: Database, change: str):
    variables, mine, other = Variables(db, Keyring(b"k" * 32)), item(db, "mine"), item(db, "other")
    db.write_now(lambda s: variables.put(s, mine, {"SAFE": "x"}))

    def tamper(session) -> None:
        row = session.exec(select(EnvironmentVariable)).one()
        if change == "name":
            row.name = "LOUD"
        elif change == "item":
            row.content_id = other
        else:
            row.sealed = row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])
        session.add(row)

    db.write_now(tamper)
    with pytest.raises(SealBroken):
        await variables.open(other if change == "item" else mine)
    with pytest.raises(SealBroken):
        await Variables(db, Keyring(b"x" * 32)).open(other if change == "item" else mine)
