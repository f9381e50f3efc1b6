"""Consents of people who are connected already, at vendors that give a refresh token once only (Google)."""

from __future__ import annotations

from sqlmodel import Session, col, select

from integrations.contract import ClientConfig, TokenSet
from server.db.models import Connection, Integration


def holds_refresh(session: Session, user_id: int, integration: Integration, role: str) -> bool:
    """Whether a connection stands and holds a refresh token, so that no new one need be forced."""
    query = select(Connection.id).where(
        Connection.user_id == user_id,
        Connection.integration_id == integration.id,
        Connection.role_key == role,
        Connection.fingerprint == integration.fingerprint,
        Connection.status == "connected",
        col(Connection.sealed_refresh).is_not(None),
    )
    return session.exec(query).first() is not None


def goes_on(row: Connection, integration: Integration, config: ClientConfig, tokens: TokenSet) -> bool:
    """Whether the refresh token of `row` counts on beside these new tokens, which brought none.

    Only at vendors that are known for that, and only for the very same account at the very same client.
    """
    if tokens.refresh_token is not None or not config.first_consent:
        return False
    same = tokens.subject is not None and tokens.subject == row.subject
    return same and row.fingerprint == integration.fingerprint
