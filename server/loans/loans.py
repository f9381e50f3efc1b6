"""The loans service: owners lend a connection to their content's viewers or schedules, and take it back (seed 000).

A loan names a lender and never holds a token: each exchange asks the vault for hers. It counts only while she owns
the content, so a transfer moves the question to the new owner, and while her account is open.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session

from server.audit.trail import Trail
from server.content.view import ContentView
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Loan
from server.loans import store
from server.loans.store import LoanView
from server.oauth.associations import Associations
from server.oauth.store import AssociationView
from server.pages.times import day
from server.vault.standing import Standings
from server.web.caller import Caller
from server.web.errors import ApiError, denied, invalid, not_found
from server.web.remembered import Remembered

LONGEST = timedelta(days=366)
WRONG_AUTH_TYPE = 237
NO_SESSION = 220
Borrower = Literal["viewers", "schedules"]


@dataclass(frozen=True)
class Terms:
    """To whom is lent, until when, and in which role."""

    until: datetime
    to_viewers: bool = True
    to_schedules: bool = False
    role: str = ""


class Loans:
    """Warm questions touch no database: they are asked on every visit."""

    def __init__(
        self,
        db: Database,
        associations: Associations,
        standings: Standings,
        trail: Trail,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._db, self._associations, self._standings = db, associations, standings
        self._trail, self._clock = trail, clock
        self._known: Remembered[str, tuple[LoanView, ...]] = Remembered(
            self._read, changes=db.changes, tables=("loans", "content", "integrations", "users")
        )

    async def _read(self, content_guid: str) -> tuple[LoanView, ...]:
        return await self._db.read(store.of_content, content_guid)

    def forget(self, content_guid: str) -> None:
        """A content item changed: its name, or who owns it."""
        self._known.forget(content_guid)

    def forget_all(self) -> None:
        """People, content or integrations changed, and with them perhaps what loans say."""
        self._known.forget_all()

    def is_live(self, loan: LoanView, view: ContentView, to: Borrower = "viewers") -> bool:
        """Whether a loan counts now: not ended, the lender still owns the content, and her account is open."""
        wide = loan.to_viewers if to == "viewers" else loan.to_schedules
        return wide and loan.lender_id == view.owner_id and not loan.lender_locked and loan.until > self._clock()

    async def of(self, view: ContentView) -> tuple[LoanView, ...]:
        """Every loan to those who look at a content item, ended ones too."""
        return await self._known.get(view.guid)

    async def of_lender(self, user_id: int) -> tuple[LoanView, ...]:
        """What one person lends, ended loans too."""
        return await self._db.read(store.of_lender, user_id)

    async def lent(self, view: ContentView, integration_guid: str, to: Borrower = "viewers") -> LoanView | None:
        """The live loan for `to`: whose connection acts there. None: each viewer's own."""
        for loan in await self.of(view):
            if loan.integration_guid == integration_guid and self.is_live(loan, view, to):
                return loan
        return None

    async def works(self, loan: LoanView, there: AssociationView) -> bool:
        """Whether the lender's connection is good for the integration as it is configured now."""
        if there.role not in ("", loan.role):
            return False  # a role was pinned since
        standing = await self._standings.of(loan.lender_guid, loan.integration_guid, loan.role)
        return standing is not None and standing.good_for(there.fingerprint, there.config_version)

    async def why_not(self, view: ContentView, there: AssociationView) -> str:
        """Why viewers do not act with a connection that was lent to them, and whom to ask; empty without a loan."""
        loan = next((one for one in await self.of(view) if one.integration_guid == there.guid and one.to_viewers), None)
        if loan is None:
            return ""
        if loan.lender_id != view.owner_id:
            return (
                f"{loan.lender_name} lent access and does not own this any more. Ask {view.owner_name} to lend it, "
                "or connect as yourself."
            )
        if self.is_live(loan, view):
            return (
                f"{loan.lender_name} lends access, but that connection has ended. Ask {loan.lender_name} to connect "
                f"{there.label} again, or connect as yourself."
            )
        return (
            f"{loan.lender_name} lent access until {day(loan.until)}. Ask {loan.lender_name} to lend it again, or "
            "connect as yourself."
        )

    async def lend(self, actor: Caller, view: ContentView, integration_guid: str, terms: Terms) -> LoanView:
        """Lend the actor's connection; replaces what was lent there before. A pinned role is the only one to lend.

        Raises ApiError: 403 unless she owns the content; 404 for an integration that it does not use; 400 code 237
        for one that acts for nobody, 220 without a good connection of hers, 25 for an end that cannot be.
        """
        if actor.guid != view.owner_guid or actor.via not in ("session", "key") or not actor.has("publisher"):
            raise denied("Only the owner of the content can lend her connection.")
        used = await self._associations.for_content(view.guid)
        there = next((one for one in used if one.guid == integration_guid), None)
        if there is None:
            raise not_found("OAuth integration")
        if there.auth_type != "Viewer":
            raise ApiError(400, WRONG_AUTH_TYPE, "Only connections that people make themselves can be lent.")
        moment = self._clock()
        if not moment < terms.until <= moment + LONGEST:
            raise invalid("until must be a moment to come, at most a year from now.")
        if not (terms.to_viewers or terms.to_schedules):
            raise invalid("Lend to viewers, to schedules, or to both; to take it back, delete the loan.")
        terms = replace(terms, role=there.role or terms.role)
        standing = await self._standings.of(actor.guid, integration_guid, terms.role)
        if standing is None or not standing.good_for(there.fingerprint, there.config_version):
            role = f" in the role {terms.role}" if terms.role else ""
            raise ApiError(400, NO_SESSION, f"Connect {there.label}{role} yourself first; there is nothing to lend.")
        guid = await self._db.write(self._put, actor, view, there, terms)
        self._known.forget(view.guid)
        return next(loan for loan in await self._read(view.guid) if loan.guid == guid)

    def _put(self, session: Session, actor: Caller, view: ContentView, there: AssociationView, terms: Terms) -> str:
        row = store.row_of(session, view.id, there.integration_id)
        if row is None:
            row = Loan(guid="", content_id=view.id, integration_id=there.integration_id, user_id=0, until=terms.until)
        elif _terms(row) == (actor.user_id, terms):
            return row.guid  # as it is already: said again, it is the same loan
        row.guid, row.user_id, row.role_key = str(uuid.uuid4()), actor.user_id, terms.role
        row.to_viewers, row.to_schedules, row.until = terms.to_viewers, terms.to_schedules, terms.until
        row.created_time = self._clock()
        session.add(row)
        self._trail.record(
            session,
            actor,
            "lend_connection",
            content=view.guid,
            integration=there.guid,
            user=actor.guid,
            loan=row.guid,
            role=terms.role,
            until=terms.until.isoformat(),
            to=[name for name, wide in (("viewers", terms.to_viewers), ("schedules", terms.to_schedules)) if wide],
        )
        return row.guid

    async def end(self, actor: Caller, content_guid: str, integration_guid: str) -> None:
        """Take a loan back, from the next request on; the caller has checked who may. Raises ApiError 404."""
        loan = next((one for one in await self._read(content_guid) if one.integration_guid == integration_guid), None)
        if loan is None:
            raise not_found("loan")
        await self._db.write(self._drop, actor, loan)
        self._known.forget(content_guid)

    def _drop(self, session: Session, actor: Caller, loan: LoanView) -> None:
        if not store.drop(session, loan.guid):
            raise not_found("loan")
        self._trail.record(
            session,
            actor,
            "end_loan",
            content=loan.content_guid,
            integration=loan.integration_guid,
            user=loan.lender_guid,
            loan=loan.guid,
        )


def _terms(row: Loan) -> tuple[int, Terms]:
    """Who lends, and on which terms."""
    return row.user_id, Terms(row.until, row.to_viewers, row.to_schedules, row.role_key)
