"""The integrations that a new installation begins with; made once, so what an administrator deletes stays deleted."""

from __future__ import annotations

from sqlmodel import Session

from server.db.models import Meta
from server.oauth.integrations import Draft, Integrations

MADE = "default_integrations"
VISITOR_API_KEY = Draft(
    template="connect",
    name="Connect Visitor API Key",
    description="Lets apps call this server's Connect API on behalf of the person looking.",
)


def install(session: Session, integrations: Integrations) -> None:
    """Make them, unless that has been done before (connect-api.md 0.23)."""
    if session.get(Meta, MADE) is None:
        session.add(Meta(name=MADE, value=b"made"))
        session.flush()
        integrations.add(session, None, VISITOR_API_KEY)
