"""Two transports tied together, without sockets."""

import asyncio

import pytest

from server.proxy.splice import Splice


class Transport:
    def __init__(self, *, eof=True):
        self.written, self.ended, self.closed, self.aborted = b"", False, False, False
        self.reading, self.eof, self.protocol = False, eof, None

    def set_protocol(self, protocol):
        self.protocol = protocol

    def write(self, data):
        assert not self.ended
        self.written += data

    def write_eof(self):
        self.ended = True

    def can_write_eof(self):
        return self.eof

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def close(self):
        self.closed = True

    def abort(self):
        self.closed = self.aborted = True

    def lose(self, exc=None):
        self.closed = True
        self.protocol.connection_lost(exc)


@pytest.fixture
async def pair():
    client, app, ended = Transport(), Transport(), []
    splice = Splice(client, app, lambda: ended.append(True))
    splice.start(b"101", b"early")
    yield splice, client, app, ended
    for transport in (client, app):
        if not ended and transport.protocol is not None:
            transport.lose(ConnectionResetError())


async def test_bytes_pass_both_ways(pair):
    _, client, app, _ = pair
    client.protocol.data_received(b" up")
    app.protocol.data_received(b" down")
    assert (app.written, client.written) == (b"early up", b"101 down")
    assert client.reading
    assert app.reading


async def test_a_full_side_stops_the_other_from_reading(pair):
    _, client, app, _ = pair
    client.protocol.pause_writing()
    assert (client.reading, app.reading) == (True, False)
    client.protocol.resume_writing()
    assert app.reading


async def test_both_ends_gone_is_said_once(pair):
    _, client, app, ended = pair
    app.lose()
    assert client.closed
    assert not client.aborted
    assert ended == []
    client.lose()
    assert ended == [True]


async def test_a_reset_is_passed_on(pair):
    _, client, app, _ = pair
    client.lose(ConnectionResetError())
    assert app.aborted


async def test_half_an_end_leaves_the_other_half_open(pair):
    _, client, app, _ = pair
    assert client.protocol.eof_received() is True
    assert app.ended
    app.protocol.data_received(b" last")
    assert client.written == b"101 last"
    assert app.protocol.eof_received() is False


async def test_without_half_ends_the_end_is_whole():
    client, app = Transport(eof=False), Transport()
    splice = Splice(client, app, lambda: None)
    splice.start(b"", b"")
    assert app.protocol.eof_received() is False
    app.lose()
    client.lose()


async def test_ending_says_goodbye_and_drops_who_stays(pair):
    splice, client, app, ended = pair
    splice.end(b" bye", b" bye app", 0.0)
    splice.end(b" twice", b"", 0.0)
    assert (client.written, app.written) == (b"101 bye", b"early bye app")
    client.protocol.data_received(b"ignored")
    app.lose()
    await asyncio.sleep(0.01)
    assert client.aborted
    client.lose()
    assert ended == [True]


async def test_ending_a_half_closed_pair_just_closes(pair):
    splice, client, app, ended = pair
    client.protocol.eof_received()
    splice.end(b" bye", b" bye", 1.0)
    assert client.closed
    assert app.closed
    assert b"bye" not in client.written + app.written
    app.lose()
    client.lose()
    assert ended == [True]
