"""A handshake before any app is reached; what follows is in tests/process/test_proxy_sockets.py."""

import asyncio

import pytest
from uvicorn.server import ServerState

from server.proxy.contract import Refusal
from server.proxy.headers import HeaderPolicy
from server.proxy.registry import Registry
from server.proxy.sockets import socket_protocol

HANDSHAKE = (
    b"GET /content/x/ws?a HTTP/1.1\r\nhost: h\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Transport(asyncio.Transport):
    def __init__(self):
        super().__init__({"peername": ("1.2.3.4", 5)})
        self.written, self.closed = b"", False

    def write(self, data):
        self.written += data

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    def pause_reading(self):
        pass


async def opened(decide, data=HANDSHAKE, **options):
    state = ServerState()
    kind = socket_protocol(decide, HeaderPolicy(frozenset()), Registry(), **options)
    protocol = kind(config=None, server_state=state, app_state={})
    transport = Transport()
    protocol.connection_made(transport)
    assert state.connections == {protocol}
    protocol.data_received(data)
    while not transport.closed:
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    while state.tasks:
        await asyncio.sleep(0)
    assert not state.connections
    return transport


async def test_a_refusal_is_written_out_whole():
    heads = []

    async def decide(head):
        heads.append(head)
        return Refusal(401, ((b"content-type", b"application/json"),), b"{}")

    transport = await opened(decide)
    assert transport.written == (
        b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\n"
        b"content-length: 2\r\nconnection: close\r\n\r\n{}"
    )
    (head,) = heads
    assert (head.method, head.target, head.client, head.scheme) == (b"GET", b"/content/x/ws?a", ("1.2.3.4", 5), "http")


async def test_a_decision_that_fails_is_a_500_without_details():
    async def decide(head):
        raise RuntimeError("secret detail")

    written = (await opened(decide)).written
    assert written.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in written


async def test_a_decision_that_takes_too_long_is_a_504():
    async def decide(head):
        await asyncio.Event().wait()

    assert (await opened(decide, handshake_seconds=0.01)).written.startswith(b"HTTP/1.1 504 ")


@pytest.mark.parametrize("data", [b"nonsense", HANDSHAKE.replace(b": 13", b": 12")])
async def test_what_is_no_handshake_is_a_400_nobody_decides_about(data):
    async def decide(head):
        raise AssertionError("asked")

    assert (await opened(decide, data)).written.startswith(b"HTTP/1.1 400 ")
