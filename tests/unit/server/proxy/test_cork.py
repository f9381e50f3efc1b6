"""The first write of an answer waits for the second, but not for long."""

import asyncio

from server.proxy.cork import Cork


class Transport:
    def __init__(self):
        self.written, self.closed = [], False

    def write(self, data):
        self.written.append(data)

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True


async def test_head_and_body_leave_together():
    transport = Transport()
    cork = Cork(transport, asyncio.get_running_loop())
    cork.write(b"head ")
    assert transport.written == []
    cork.write(b"body")
    cork.write(b"more")
    assert transport.written == [b"head body", b"more"]
    await asyncio.sleep(0)
    assert transport.written == [b"head body", b"more"]


async def test_a_head_alone_leaves_with_the_turn_of_the_loop():
    transport = Transport()
    Cork(transport, asyncio.get_running_loop()).write(b"head")
    await asyncio.sleep(0)
    assert transport.written == [b"head"]


async def test_closing_sends_what_is_held_and_nothing_after():
    transport = Transport()
    cork = Cork(transport, asyncio.get_running_loop())
    cork.write(b"head")
    cork.close()
    cork.write(b"late")
    assert (transport.written, cork.is_closing()) == ([b"head"], True)
