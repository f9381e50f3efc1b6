"""An item's environment variables, sealed in the database and opened only to start a process."""

from __future__ import annotations

from sqlmodel import Session

from server.content import store
from server.db.engine import Database
from server.keys.keyring import Keyring

PURPOSE = "variable"


class Variables:
    """Reads and writes the variables of content; values never leave but into the app's own process."""

    def __init__(self, db: Database, keyring: Keyring) -> None:
        self._db, self._keyring = db, keyring

    def _bound(self, content_id: int, name: str) -> str:
        return f"environment_variables|{content_id}|{name}"

    def put(
        self, session: Session, content_id: int, values: dict[str, str | None], *, replace: bool = False
    ) -> list[str]:
        """Upsert within the caller's transaction; None deletes. Returns the names that remain."""
        sealed = {
            name: None
            if value is None
            else self._keyring.seal(value, purpose=PURPOSE, bound_to=self._bound(content_id, name))
            for name, value in values.items()
        }
        return store.put_variables(session, content_id, sealed, replace=replace)

    async def open(self, content_id: int) -> dict[str, str]:
        """Every variable with its value. Raises SealBroken where a row was tampered with."""
        sealed = await self._db.read(store.variables, content_id)
        return {
            name: self._keyring.open(value, purpose=PURPOSE, bound_to=self._bound(content_id, name))
            for name, value in sealed.items()
        }
