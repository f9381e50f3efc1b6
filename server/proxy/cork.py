"""Holds back an answer's head for an instant, so that head and body leave in one write instead of two."""

import asyncio


class Cork:
    """Stands between one answer and its transport; offers what uvicorn's request cycle calls.

    Only the first write is held, and only until the next one or the end of this turn of the event loop.
    """

    __slots__ = ("_fresh", "_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""
        self._fresh = True

    def write(self, data: bytes) -> None:
        """Send `data`, or hold it if it comes first."""
        if self._fresh:
            self._fresh = False
            self._held = data
            self._loop.call_soon(self._flush)
            return
        if self._held:
            data = self._held + data
            self._held = b""
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Send what is held, then close."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the transport is closing."""
        return self._transport.is_closing()

    def _flush(self) -> None:
        held = self._held
        if held:
            self._held = b""
            if not self._transport.is_closing():
                self._transport.write(held)
