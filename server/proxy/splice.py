"""Two transports tied together: what one reads the other writes, at the speed of the slower, until either ends."""

import asyncio
from collections.abc import Callable

# How long a half-closed pair, or one with unsent bytes, may take to end (seconds).
_LAST_SECONDS = 10.0


class _Half(asyncio.Protocol):
    """What one of the two transports calls; `data_received` is the other transport's `write` itself."""

    def __init__(self, pair: "Splice", own: asyncio.Transport, other: asyncio.Transport) -> None:
        self._pair = pair
        self._own = own
        self._other = other
        self._paused = False
        self.data_received = other.write  # type: ignore[method-assign]

    def let_read(self) -> None:
        """Let the other side read, unless this side is already behind with writing."""
        if not self._paused and not self._other.is_closing():
            self._other.resume_reading()

    def pause_writing(self) -> None:
        """Nothing more is read from the other side while this side does not take it."""
        if not self._paused and not self._other.is_closing():
            self._paused = True
            self._other.pause_reading()

    def resume_writing(self) -> None:
        if self._paused:
            self._paused = False
            if not self._other.is_closing():
                self._other.resume_reading()

    def eof_received(self) -> bool:
        return self._pair.half_closed(self._own, self._other)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pair.lost(self._other, exc)


class _Deaf(asyncio.Protocol):
    """Takes the place of a half whose pair is ending: reads and forgets."""

    def __init__(self, gone: Callable[[], None]) -> None:
        self._gone = gone

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()


class Splice:
    """A client's and an app's transport, tied together; `ended` is called once, when both are gone.

    Both transports must be paused when this is made; `start` sets them going.
    """

    def __init__(self, client: asyncio.Transport, app: asyncio.Transport, ended: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._app = app
        self._ended = ended
        self._left = 2
        self._ending = False
        self._half_closed = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self, to_client: bytes, to_app: bytes) -> None:
        """Tie the transports together, send what is already there, and let both read."""
        client = _Half(self, self._client, self._app)
        app = _Half(self, self._app, self._client)
        self._client.set_protocol(client)
        self._app.set_protocol(app)
        self._client.write(to_client)
        if to_app:
            self._app.write(to_app)
        client.let_read()
        app.let_read()

    def half_closed(self, own: asyncio.Transport, other: asyncio.Transport) -> bool:
        """One side sent its last byte: tell the other, and give the rest some seconds. Says whether to stay open."""
        self._expire(_LAST_SECONDS)
        if self._half_closed or other.is_closing() or not (own.can_write_eof() and other.can_write_eof()):
            return False
        self._half_closed = True
        other.write_eof()
        return True

    def lost(self, other: asyncio.Transport, exc: Exception | None) -> None:
        """One side is gone: end the other, after what it has still to be sent."""
        self._ending = True
        self._one_less()
        if self._left:
            other.set_protocol(_Deaf(self._one_less))
            if exc is None:
                other.close()
                self._expire(_LAST_SECONDS)
            else:
                other.abort()

    def end(self, to_client: bytes, to_app: bytes, seconds: float) -> None:
        """End from our side: send each its last bytes, and drop whoever is not gone in `seconds`."""
        if self._ending:
            return
        self._ending = True
        for transport, farewell in ((self._app, to_app), (self._client, to_client)):
            transport.set_protocol(_Deaf(self._one_less))
            if self._half_closed:
                transport.close()  # one direction has ended already, and with it the conversation
            elif not transport.is_closing():
                transport.write(farewell)
                if transport.can_write_eof():
                    transport.write_eof()
                transport.resume_reading()
        self._expire(seconds)

    def _expire(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._abort)

    def _abort(self) -> None:
        self._timer = None
        self._client.abort()
        self._app.abort()

    def _one_less(self) -> None:
        self._left -= 1
        if not self._left:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._ended()
