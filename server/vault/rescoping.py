"""Connections after an administrator asks for other scopes: those that lack one wait for a new consent (7.4, O-29)."""

from __future__ import annotations

from collections.abc import Callable

from sqlmodel import Session, select

from integrations.contract import ClientConfig, unlisted
from server.audit.trail import Trail
from server.db.models import Connection, Integration
from server.oauth.integrations import Integrations
from server.vault.standing import Standings
from server.web.errors import ApiError

MISSING = "missing_scopes: "


class Rescoping:
    """Flags connections of an integration that now asks for more than was asked of their viewers, and unflags them
    when it does not any more. Their tokens stay: what is taken out of the scopes ends nothing.
    """

    def __init__(self, integrations: Integrations, standings: Standings, trail: Trail) -> None:
        self._integrations = integrations
        self._standings = standings
        self._trail = trail
        integrations.when_edited(self._edited)

    def _edited(self, session: Session, integration: Integration, old: ClientConfig) -> Callable[[], None] | None:
        """In the transaction of a change that leaves connections usable."""
        if set(self._integrations.client_config(integration).scopes) == set(old.scopes):
            return None
        query = select(Connection).where(Connection.integration_id == integration.id)
        flagged = 0
        for row in session.exec(query.with_for_update()).all():
            if row.sealed_access is None or row.asked_scopes is None:
                continue
            missing = self._missing(integration, row)
            if missing and row.status == "connected":
                row.status, row.status_reason = "reauth_required", MISSING + " ".join(missing)
                flagged += 1
            elif not missing and row.status_reason.startswith(MISSING):
                row.status, row.status_reason = "connected", ""
            session.add(row)
        self._trail.record(session, None, "change_oauth_scopes", integration=integration.guid, ask_again=flagged)
        return self._standings.forget_all

    def _missing(self, integration: Integration, row: Connection) -> tuple[str, ...]:
        """What is asked for now, and was neither asked for at the consent nor granted.

        Where something asked for was not granted, only what was granted counts.
        """
        try:
            config = self._integrations.client_config(integration, row.role_key)
        except ApiError:  # a role that cannot be asked for any more says so when it is renewed
            return ()
        had = set(row.scopes.split())
        if not _refused(row):
            had |= set((row.asked_scopes or "").split())
        return unlisted(config, had)


def _refused(row: Connection) -> bool:
    asked = set((row.asked_scopes or "").split())
    named = set(row.status_reason.removeprefix(MISSING).split()) if row.status_reason.startswith(MISSING) else set()
    return bool(asked & named)
