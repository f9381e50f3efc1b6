"""The source that mints answers for integrations that mint, and for no others."""

from pathlib import Path

from server.credentials.minted import minted
from tests.unit.server.minting.world import World, told
from tests.unit.server.vault.house import House


async def test_it_leaves_all_others_to_the_vault(tmp_path: Path):
    house = House(tmp_path)
    try:
        world = await World().build(house)
        warehouse = await house.integration(world.admin)
        await house.connected(world.alice, warehouse)
        await house.associate(world.owner, world.app, warehouse, world.integration)
        assert told(await world.exchange()) == (400, 257)
        answer = await world.exchange(audience=warehouse.guid)
        assert answer.json()["access_token"] == "at-Alice-0"
        assert (await world.exchange(audience=world.integration.guid)).json()["access_token"].count(".") == 2
        (there,) = await house.associations.for_content((await house.content(world.owner)).guid) or (None,)
        assert there is None
        assert callable(minted(house.minting.minter))
    finally:
        await house.aclose()
