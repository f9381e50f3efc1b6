"""Rows of what is to be revoked: taken up by one at a time, and a client that comes back as it was."""

import json
from dataclasses import replace

from integrations.contract import ClientConfig, Secret
from server.db.models import Revocation
from server.vault.unwanted import TAKEN, Rows, Unwanted, packed, unpacked
from tests.unit.server.vault.house import House

CONFIG = ClientConfig(
    template="custom",
    auth_type="Viewer",
    token_uri="https://p/token",
    client_id="c",
    client_secret=Secret("CANARY-s"),
    scopes=("a", "b"),
    extra_token={"resource": "x"},
    default_lifetime=None,
)


def test_a_client_comes_back_as_it_was():
    held = json.loads(json.dumps(packed(CONFIG)))
    assert unpacked(held) == CONFIG
    assert unpacked(held | {"of_a_later_version": 1}) == CONFIG
    del held["default_lifetime"]
    assert unpacked(held) == replace(CONFIG, default_lifetime=3600.0)


async def test_who_takes_a_row_has_it_alone_for_a_while(house: House):
    one, two = Rows(house.keyring, house.time), Rows(house.keyring, house.time)
    unwanted = Unwanted(CONFIG, Secret("CANARY-t"), "refresh_token", "i", "c", "u")
    assert house.db.read_now(one.wait) is None
    house.db.write_now(one.put, unwanted)
    assert house.db.read_now(one.wait) == 0
    (taken,) = house.db.write_now(one.take)
    assert (taken.what, taken.attempts, "CANARY" in repr(taken)) == (unwanted, 1, False)
    assert house.db.write_now(two.take) == []
    assert TAKEN - 5 < (house.db.read_now(two.wait) or 0) <= TAKEN
    house.time.ahead += TAKEN + 1
    (again,) = house.db.write_now(two.take)
    assert again.attempts == 2
    house.db.write_now(two.put_off, again.guid, 0.0)
    assert house.db.read_now(one.wait) == 0
    house.db.write_now(one.done, again.guid)
    house.db.write_now(one.done, again.guid)
    house.db.write_now(one.put_off, again.guid, 0.0)
    assert house.rows(Revocation) == []
