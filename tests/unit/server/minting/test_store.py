"""Queries over mappings: what concerns one person, in the administrator's order."""

from server.minting import store
from server.minting.policy import Entry
from tests.unit.server.minting.world import DEFAULT


async def test_only_what_concerns_a_person_is_read(world, house):
    team, others = await world.group("Team", world.alice), await world.group("Others")
    mine = [Entry("group", team, ("A",)), DEFAULT, Entry("user", world.alice.guid, None, "AL")]
    await world.map(Entry("group", others, ("B",)), *mine, Entry("user", world.bob.guid, ("C",)))
    read = await house.db.read(store.entries, world.integration.id, world.alice.id)
    assert read == mine
    assert await house.db.read(store.groups_of, world.alice.id) == {team}
    everything = await house.db.read(store.entries, world.integration.id)
    assert await house.db.read(store.names, everything) == {
        team: "Team",
        others: "Others",
        world.alice.guid: "Alice",
        world.bob.guid: "bob",
    }
