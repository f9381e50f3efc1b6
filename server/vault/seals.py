"""Seals and opens the tokens of one connection, each bound to its own row, person and provider (K-01)."""

from __future__ import annotations

from integrations.contract import Secret
from server.db.models import Connection
from server.keys.keyring import Keyring

PURPOSE = "connection"


def _bound_to(row: Connection, column: str) -> str:
    return f"connections|{row.guid}|{row.user_id}|{row.integration_id}|{row.fingerprint}|{column}"


class Seals:
    """The only place where a connection's tokens are in the clear on their way to or from the database."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def access(self, row: Connection) -> Secret | None:
        """The access token. Raises SealBroken for a value that was changed or belongs to another row."""
        return self._open(row, "access", row.sealed_access)

    def refresh(self, row: Connection) -> Secret | None:
        """The refresh token. Raises SealBroken."""
        return self._open(row, "refresh", row.sealed_refresh)

    def put(self, row: Connection, *, access: Secret, refresh: Secret | None) -> None:
        """Seal both into the row, whose identity and fingerprint must be set already."""
        row.sealed_access = self._seal(row, "access", access)
        row.sealed_refresh = None if refresh is None else self._seal(row, "refresh", refresh)

    def _seal(self, row: Connection, column: str, token: Secret) -> bytes:
        return self._keyring.seal(token.reveal(), purpose=PURPOSE, bound_to=_bound_to(row, column))

    def _open(self, row: Connection, column: str, sealed: bytes | None) -> Secret | None:
        if sealed is None:
            return None
        return Secret(self._keyring.open(sealed, purpose=PURPOSE, bound_to=_bound_to(row, column)))
