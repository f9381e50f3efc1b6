"""The strict protocol fed bytes by hand; its table over real sockets is in tests/process/test_proxy_strict.py."""

import asyncio

import pytest
import uvicorn
from uvicorn.server import ServerState

from server.proxy.strict import strict_protocol


class Transport(asyncio.Transport):
    def __init__(self):
        super().__init__({"peername": ("1.2.3.4", 5), "sockname": ("127.0.0.1", 80)})
        self.written, self.closed = b"", False

    def write(self, data):
        self.written += data

    def can_write_eof(self):
        return False

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    abort = close

    def pause_reading(self):
        pass

    resume_reading = pause_reading


@pytest.fixture
async def served():
    """Builds connections; the scopes their app saw are in `.scopes`."""
    scopes, made = [], []

    async def app(scope, receive, send):
        scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    def build(**options):
        config = uvicorn.Config(app, lifespan="off", log_level="critical", ws="none", proxy_headers=False)
        protocol = strict_protocol(**options)(config=config, server_state=ServerState(), app_state={})
        protocol.connection_made(Transport())
        made.append(protocol)
        return protocol

    build.scopes = scopes
    yield build
    for protocol in made:
        protocol.connection_lost(None)


async def test_the_scope_carries_the_exact_target(served):
    protocol = served()
    protocol.data_received(b"GET /a%2Fb? HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n")
    await asyncio.sleep(0.01)
    (scope,) = served.scopes
    assert scope["extensions"]["tabard.target"] == {"raw": b"/a%2Fb?"}
    assert scope["headers"] == [(b"host", b"h"), (b"x-a", b"1")]
    assert protocol.transport.written.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /../x HTTP/1.1\r\nHost: h\r\n\r\n", b"400"),
        (b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", b"405"),
        (b"GET / HTTP/1.1\r\nHost: other\r\n\r\n", b"421"),
        (b"GET /" + b"a" * 9000, b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 50_000, b"431"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", b"400"),
    ],
)
async def test_a_refusal_is_written_and_the_connection_closed(served, data, status):
    protocol = served(allowed_hosts=frozenset({"h"}))
    protocol.data_received(data)
    protocol.data_received(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    await asyncio.sleep(0)
    assert protocol.transport.written.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in protocol.transport.written
    assert (b"allow: GET, HEAD, " in protocol.transport.written) is (status == b"405")
    assert protocol.transport.closed
    assert served.scopes == []


async def test_a_late_head_closes_the_connection(served):
    protocol = served(head_seconds=0.01)
    protocol.data_received(b"GET / HT")
    await asyncio.sleep(0.05)
    assert protocol.transport.closed


async def test_trailers_are_dropped(served):
    protocol = served()
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
    protocol.data_received(b"0\r\nX-Forwarded-User: admin\r\n\r\n")
    await asyncio.sleep(0.01)
    assert [name for name, _ in served.scopes[0]["headers"]] == [b"host", b"transfer-encoding"]
