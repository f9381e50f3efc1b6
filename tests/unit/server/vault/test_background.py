"""Work that outlives its request: nobody's leaving cancels it, and a stop waits for it."""

import asyncio
import logging
from contextlib import suppress

from server.vault.background import Background


async def test_who_waits_may_leave_and_the_work_goes_on():
    background, gate, done = Background(), asyncio.Event(), []

    async def work() -> int:
        await gate.wait()
        done.append(1)
        return 7

    task = background.spawn(work(), "work")

    async def wait() -> int:
        return await asyncio.shield(task)

    waiter = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiter.cancel()
    with suppress(asyncio.CancelledError):
        await waiter
    stopping = asyncio.create_task(background.aclose())
    await asyncio.sleep(0)
    assert (stopping.done(), done) == (False, [])
    gate.set()
    await stopping
    assert (done, task.result()) == ([1], 7)


async def test_a_stop_ends_every_pause_at_once():
    background = Background()
    pausing = background.spawn(background.sleep(3600), "pause")
    await asyncio.wait_for(background.aclose(), 5)
    assert pausing.done()
    await asyncio.wait_for(background.sleep(3600), 5)


async def test_an_error_nobody_waits_for_is_logged_without_its_words(caplog):
    background = Background()

    async def fails() -> None:
        raise ValueError("CANARY")

    with caplog.at_level(logging.DEBUG, "tabard.vault"):
        background.spawn(fails(), "refresh")
        await background.aclose()
    assert [r.getMessage() for r in caplog.records] == ["refresh ended with ValueError"]
    assert "CANARY" not in caplog.text
