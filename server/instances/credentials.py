"""What an instance receives to speak for its content: its own API key and, where due, a token file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session

from server.accounts import store as accounts
from server.content.view import ContentView
from server.db.engine import Database
from server.oauth.associations import Associations
from server.sessions.handles import Handles

TOKEN_FILE = "content-session-token"  # noqa: S105


class Credentials:
    """Issues and withdraws the credentials of instances (connect-api.md 3.7)."""

    def __init__(
        self,
        db: Database,
        handles: Handles,
        server_url: str,
        *,
        associations: Associations,
        forget_key: Callable[[str], object],
    ) -> None:
        self._db, self._handles, self._url = db, handles, server_url
        self._associations, self._forget = associations, forget_key

    async def issue(self, view: ContentView, key: str, run_dir: Path) -> dict[str, str]:
        """The server-set variables of a new instance."""
        value = await self._db.write(accounts.add_content_key, view.owner_id, view.guid, key)
        await self.renew(view.guid, key, run_dir)
        return {
            "CONNECT_SERVER": f"{self._url}/",
            "CONNECT_API_KEY": value,
            "CONNECT_CONTENT_GUID": view.guid,
            "CONNECT_CONTENT_SESSION_TOKEN_FILE": str(run_dir / TOKEN_FILE),
            "POSIT_PRODUCT": "CONNECT",
            "RSTUDIO_PRODUCT": "CONNECT",
        }

    async def renew(self, content_guid: str, key: str, run_dir: Path) -> None:
        """Write the token file afresh, or remove it where no service account is associated.

        posit-sdk reads the file at each exchange and takes a missing one for "not configured".
        """
        path = run_dir / TOKEN_FILE
        there = await self._associations.for_content(content_guid)
        if not any(association.auth_type == "Service Account" for association in there):
            path.unlink(missing_ok=True)
            return
        fresh = run_dir / f".{TOKEN_FILE}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(self._handles.content(content_guid, key) + "\n")
        fresh.replace(path)

    async def withdraw(self, key: str) -> None:
        """The instance has ended: its key stops working now."""
        for digest in await self._db.write(accounts.drop_instance_keys, key):
            self._forget(digest)

    def withdraw_all(self, session: Session) -> None:
        """At start: no instance that has ended may speak any more."""
        accounts.drop_instance_keys(session)
