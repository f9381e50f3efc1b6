"""Seals and opens a connection's tokens, bound to its row, person, provider, role and version (K-01)."""

from __future__ import annotations

from integrations.contract import Secret
from server.db.models import Connection
from server.keys.keyring import Keyring

PURPOSE = "connection"
# Rows of form 1 were sealed before roles and versions were bound in. They open until their next write, and only
# they do: a value of form 1 that is put into a row of form 2 is as foreign there as any other.
BEFORE, BY_VERSION = 1, 2


def _bound_to(row: Connection, column: str) -> str:
    place = f"connections|{row.guid}|{row.user_id}|{row.integration_id}|{row.fingerprint}|{column}"
    return place if row.seal_form == BEFORE else f"{place}|{row.version}|{row.role_key}"


class Seals:
    """The only place where a connection's tokens are in the clear on their way to or from the database."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def access(self, row: Connection) -> Secret | None:
        """The access token. Raises SealBroken for a value that was changed, is older, or belongs to another row."""
        return self._open(row, "access", row.sealed_access)

    def refresh(self, row: Connection) -> Secret | None:
        """The refresh token. Raises SealBroken."""
        return self._open(row, "refresh", row.sealed_refresh)

    def put(self, row: Connection, *, access: Secret, refresh: Secret | None) -> None:
        """Seal both into the row, whose identity, fingerprint and version must be set already."""
        row.seal_form = BY_VERSION
        row.sealed_access = self._seal(row, "access", access)
        row.sealed_refresh = None if refresh is None else self._seal(row, "refresh", refresh)

    def _seal(self, row: Connection, column: str, token: Secret) -> bytes:
        return self._keyring.seal(token.reveal(), purpose=PURPOSE, bound_to=_bound_to(row, column))

    def _open(self, row: Connection, column: str, sealed: bytes | None) -> Secret | None:
        if sealed is None:
            return None
        return Secret(self._keyring.open(sealed, purpose=PURPOSE, bound_to=_bound_to(row, column)))
