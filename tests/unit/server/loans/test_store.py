"""What the database tells of loans."""

from datetime import timedelta

from server.loans import store
from tests.unit.server.loans.test_loans import World
from tests.unit.server.vault.house import House


async def test_loans_by_content_and_lender(house: House):
    world = await World().build(house)
    loan = await world.lend(until=house.time() + timedelta(days=1), to_schedules=True)
    assert await house.db.read(store.of_content, world.app.guid) == (loan,)
    assert await house.db.read(store.of_lender, world.maria.id) == (loan,)
    assert await house.db.read(store.of_lender, world.alice.id) == ()
    row = await house.db.read(store.row_of, 1, world.integration.id)
    assert row is not None
    assert (row.guid, row.to_schedules) == (loan.guid, True)
    assert await house.db.write(store.drop, loan.guid)
    assert not await house.db.write(store.drop, loan.guid)
