"""Which sockets and HTTP exchanges are open right now, by tag, so that they can be ended from outside."""

from typing import Protocol


class Closable(Protocol):
    """An open socket or HTTP exchange."""

    def close(self, code: int, reason: str) -> None:
        """End it soon; must not raise and must not wait."""


class Registry:
    """Open exchanges by tag ("session:..", "viewer:..", "content:..", "instance:..") of one gateway process."""

    def __init__(self) -> None:
        self._tags: dict[Closable, frozenset[str]] = {}
        self._entries: dict[str, set[Closable]] = {}

    def __len__(self) -> int:
        return len(self._tags)

    def add(self, entry: Closable, tags: frozenset[str]) -> None:
        """Track `entry` under every one of `tags` until `discard`."""
        self._tags[entry] = tags
        entries = self._entries
        for tag in tags:
            held = entries.get(tag)
            if held is None:
                entries[tag] = {entry}
            else:
                held.add(entry)

    def discard(self, entry: Closable) -> None:
        """Stop tracking `entry`; does nothing if it is not tracked."""
        entries = self._entries
        for tag in self._tags.pop(entry, ()):
            held = entries[tag]
            held.discard(entry)
            if not held:
                del entries[tag]

    def close(self, tag: str, code: int, reason: str) -> int:
        """End everything tracked under `tag`, and say how many that was.

        A socket's client gets a WebSocket close frame (RFC 6455 section 5.5.1) with `code` (1008, or
        4000-4999) and `reason` (at most 123 bytes of UTF-8 are sent), then the connection ends within
        seconds. Sockets are spliced, not parsed, so the frame is sent at once: if the app was in the middle
        of a frame the client sees a broken connection (1006) instead of the code. An HTTP exchange is cut
        short.
        """
        held = list(self._entries.get(tag, ()))
        for entry in held:
            entry.close(code, reason)
        return len(held)

    def count(self, tag: str) -> int:
        """How many sockets and HTTP exchanges are open under `tag`."""
        return len(self._entries.get(tag, ()))
