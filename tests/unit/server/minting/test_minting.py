"""The parts of external OAuth hang together."""


async def test_its_routes_are_all_administrators_but_one(world):
    roles = {route.path.rpartition("/")[2]: route.role for route in world.minting.api()}
    assert {name for name, role in roles.items() if role != "administrator"} == {"inspect"}
