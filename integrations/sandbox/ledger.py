"""Owns the list of requests that reached the token and revocation endpoints, for tests that count them."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Final

KEEP: Final = 20_000


@dataclass(frozen=True)
class Entry:
    """One request. `refresh_sha256` and `issued_refresh_sha256` are 16 hex digits, never the token.

    `delivered` is False where a fault kept the answer from arriving whole.
    """

    time: float
    endpoint: str
    grant_type: str | None
    client_id: str | None
    refresh_sha256: str | None
    outcome: str
    sub: str | None = None
    issued_refresh_sha256: str | None = None
    delivered: bool = True


class Ledger:
    """The newest entries, oldest first."""

    def __init__(self) -> None:
        """Start empty."""
        self._entries: deque[Entry] = deque(maxlen=KEEP)

    def add(self, entry: Entry) -> None:
        """Append an entry."""
        self._entries.append(entry)

    def revocation(self, time: float, client_id: str | None, token_sha256: str | None, outcome: str) -> None:
        """Append a request to take a token back."""
        self.add(Entry(time, "revocation", None, client_id, token_sha256, outcome))

    def count(self, endpoint: str, grant_type: str | None = None) -> int:
        """Return how many requests an endpoint has seen, of one grant or of all."""
        return sum(entry.endpoint == endpoint and grant_type in {None, entry.grant_type} for entry in self._entries)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def audit(self) -> dict[str, int]:
        """Return what a careful client keeps: how often it refreshed, and what it should never have done.

        `reused` counts refresh tokens that were sent again after the answer with their successor was delivered;
        `families_revoked` counts the consents that the provider ended because of such a token.
        """
        answered: set[str] = set()
        reused = refreshes = revoked = 0
        for entry in self._entries:
            revoked += entry.endpoint == "family"
            if entry.endpoint != "token" or entry.grant_type != "refresh_token" or not entry.refresh_sha256:
                continue
            refreshes += 1
            reused += entry.refresh_sha256 in answered
            if entry.delivered and entry.issued_refresh_sha256 not in {None, entry.refresh_sha256}:
                answered.add(entry.refresh_sha256)
        return {"refreshes": refreshes, "reused": reused, "families_revoked": revoked}

    def listed(self, endpoint: str) -> list[dict[str, Any]]:
        """Return the entries of one endpoint, ready for JSON."""
        return [asdict(entry) for entry in self._entries if entry.endpoint == endpoint]
