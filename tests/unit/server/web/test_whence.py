"""Where a request comes from: in its task, in threads it starts, and nowhere else."""

import asyncio

from server.web.whence import NOWHERE, Whence, arrived, came_from, whence


async def test_a_request_is_known_in_its_own_task_and_threads():
    async def answer(address: str) -> tuple[Whence, Whence]:
        arrived({"type": "http", "client": (address, 1)}, f"of {address}")
        await asyncio.sleep(0)
        return whence(), await asyncio.to_thread(whence)

    found = await asyncio.gather(answer("10.0.0.1"), answer("10.0.0.2"))
    assert found == [(Whence(a, f"of {a}"),) * 2 for a in ("10.0.0.1", "10.0.0.2")]
    assert whence() == NOWHERE


async def test_a_client_without_an_address_and_one_with_a_long_one():
    arrived({"type": "http", "client": None}, "x")
    assert whence() == Whence("", "x")
    came_from("a" * 100, "y")
    assert len(whence().address) == 64
