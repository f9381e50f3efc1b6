"""Owns the list of requests that reached the token and revocation endpoints, for tests that count them."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Final

KEEP: Final = 20_000


@dataclass(frozen=True)
class Entry:
    """One request. `refresh_sha256` and `issued_refresh_sha256` are 16 hex digits, never the token."""

    time: float
    endpoint: str
    grant_type: str | None
    client_id: str | None
    refresh_sha256: str | None
    outcome: str
    sub: str | None = None
    issued_refresh_sha256: str | None = None


class Ledger:
    """The newest entries, oldest first."""

    def __init__(self) -> None:
        """Start empty."""
        self._entries: deque[Entry] = deque(maxlen=KEEP)

    def add(self, entry: Entry) -> None:
        """Append an entry."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def listed(self, endpoint: str) -> list[dict[str, Any]]:
        """Return the entries of one endpoint, ready for JSON."""
        return [asdict(entry) for entry in self._entries if entry.endpoint == endpoint]
