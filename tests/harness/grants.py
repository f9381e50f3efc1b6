"""A viewer's connection at a tiny provider, made as a consent makes it, and what the database holds of it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlmodel import Session, select

from integrations.catalog import load
from integrations.contract import Secret, TokenSet
from integrations.http import OutboundClient
from server.accounts import store as accounts
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import AuditEvent, Connection
from server.keys.keyring import Keyring
from server.oauth.integrations import Draft, Integrations
from server.sessions import store as sessions
from server.vault.connections import Consented
from server.vault.errors import VaultError
from server.vault.vault import Vault
from tests.harness.tiny_provider import TinyProvider

SECRET = "tiny-secret"


def client_of(provider: str, **changes: Any) -> dict[str, Any]:
    """A custom integration's configuration at a provider's address."""
    return {
        "client_id": "tabard",
        "client_secret": SECRET,
        "authorization_uri": f"{provider}/authorize",
        "token_uri": f"{provider}/token",
        "revocation_uri": f"{provider}/revoke",
        "scopes": "read offline_access",
        **changes,
    }


class Node:
    """The vault of one gateway over a database, with what it stands on. Needs a running loop."""

    def __init__(self, url: str, key: bytes | Keyring, *, client: OutboundClient | None = None, **options: Any) -> None:
        self.url = url
        self.db, keyring = Database(url), key if isinstance(key, Keyring) else Keyring(key)
        self.trail = Trail(self.db, gather=0.01)
        self.integrations = Integrations(self.db, keyring, load(), self.trail, allow_local=True)
        self.client = client or OutboundClient(allow_local=True)
        self.vault = Vault(self.db, keyring, self.integrations, client=self.client, trail=self.trail, **options)

    async def __aenter__(self) -> Node:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.vault.aclose()
        await self.trail.aclose()
        await self.client.aclose()
        self.db.close()

    async def person(self, name: str, role: str = "viewer") -> Any:
        """Somebody, as a caller."""

        def add(session: Session) -> Any:
            return sessions.person(accounts.add_user(session, username=name, role=role), via="key", credential="key:0")

        return await self.db.write(add)

    async def integration(self, provider: str, **changes: Any) -> Any:
        """A viewer integration at a provider."""
        draft = Draft(template="custom", name=f"I{uuid.uuid4().hex[:6]}", config=client_of(provider, **changes))
        return await self.integrations.create(None, draft)  # type: ignore[arg-type]

    async def change(self, row: Any, **config: Any) -> Any:
        """Change an integration's configuration."""
        return await self.integrations.change(None, row.guid, Draft(config=config))  # type: ignore[arg-type]

    async def connect(self, provider: TinyProvider, person: Any, row: Any, family: str = "") -> str:
        """Consent; returns the connection's GUID. The access token has an hour."""
        refresh = provider.consent(family or person.username)
        tokens = TokenSet(access_token=Secret("at-0"), refresh_token=Secret(refresh), expires_in=3600)
        consented = Consented(
            integration_id=row.id,
            config_version=row.config_version,
            config=self.integrations.client_config(row),
            tokens=tokens,
            asked_at=now(),
            account=person.username,
        )
        guid = await self.vault.connections.save(person, consented)
        assert guid is not None
        return guid

    async def ask(self, person: Any, row: Any, **options: Any) -> str:
        """A token, or the error's name and reason."""
        try:
            return (await self.vault.tokens.access_token(person.user_id, row.id, **options)).access_token.reveal()
        except VaultError as error:
            return f"{type(error).__name__}: {getattr(error, 'reason', '')}"

    def connection(self, guid: str) -> Connection:
        """The row as it is."""
        return self.db.read_now(lambda s: s.exec(select(Connection).where(Connection.guid == guid)).one())

    def expire(self, guid: str) -> Connection:
        """The access token's time is over; returns the row."""

        def write(session: Session) -> Connection:
            row = session.exec(select(Connection).where(Connection.guid == guid)).one()
            row.access_expires_at = now() - timedelta(hours=1)
            row.updated_time = now() - timedelta(hours=2)
            session.add(row)
            return row

        return self.db.write_now(write)

    def actions(self) -> list[str]:
        """What the ledger holds, in order."""
        rows = self.db.read_now(lambda s: s.exec(select(AuditEvent).order_by(AuditEvent.id)).all())  # type: ignore[arg-type]
        return [row.action for row in rows]
