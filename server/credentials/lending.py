"""A source of tokens: the connection that the content's owner lends to those who look, or to schedules (seed 000)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from sqlmodel import Session, select

from server.content.view import ContentView
from server.credentials.sources import Asked
from server.db.engine import Database
from server.db.models import Instance
from server.loans.loans import Borrower, Loans
from server.loans.store import LoanView
from server.oauth.associations import AssociationView
from server.vault.errors import NeedsConsent, NotConnected
from server.vault.tokens import Issued, Tokens
from server.web.remembered import Remembered

Lent = Callable[[LoanView, float | None, bool], Awaitable[Issued]]
"""Gives what a lender's connection is traded for, by `min_ttl` and `force`. Raises as the vault does, or ApiError."""

ACCESS_TOKEN = "access_token"  # noqa: S105 - a word for a kind of token


class Lending:
    """Answers where a loan counts; where it does not, or the lender's connection has ended, each viewer's own does.

    What is lent is the published app: a draft, which collaborators can start, gets nobody else's access.
    """

    def __init__(self, db: Database, loans: Loans, tokens: Tokens) -> None:
        self._db, self._loans, self._tokens = db, loans, tokens
        # Which version an instance runs never changes.
        self._bundles: Remembered[str, int | None] = Remembered(self._read, changes=db.changes, tables=())
        self._others: dict[str, Lent] = {}

    def through(self, issues: str, other: Lent) -> None:
        """Let `other` give what an integration issues that is no access token; without one nothing of it is lent."""
        self._others[issues] = other

    async def _read(self, instance: str) -> int | None:
        return await self._db.read(_bundle_of, instance)

    async def issue(self, asked: Asked) -> Issued | None:
        """A token of the lender, for a viewer. None: not by a loan. Raises IntegrationBroken, TryLater."""
        view, there, viewer = asked.view, asked.there, asked.viewer
        if viewer is None or there.auth_type != "Viewer":
            return None
        loan = await self._loans.lent(view, there.guid)
        if loan is None or loan.lender_guid == viewer.guid or not await self._loans.works(loan, there):
            return None
        if await self._bundles.get(asked.instance) != view.bundle_id:
            return None
        form = asked.form
        return await self._of(loan, view, there, min_ttl=form.min_ttl, force=form.force_refresh)

    async def scheduled(self, view: ContentView, there: AssociationView) -> Issued | None:
        """The identity of a scheduled run of the content: a token of the lender who lends to schedules, else None.

        Raises IntegrationBroken, TryLater.
        """
        loan = await self._loans.lent(view, there.guid, "schedules")
        if loan is None or not await self._loans.works(loan, there):
            return None
        return await self._of(loan, view, there, to="schedules")

    async def _of(
        self,
        loan: LoanView,
        view: ContentView,
        there: AssociationView,
        *,
        to: Borrower = "viewers",
        min_ttl: float | None = None,
        force: bool = False,
    ) -> Issued | None:
        try:
            issued = await self._asked(loan, there, min_ttl=min_ttl, force=force)
        except (NotConnected, NeedsConsent):
            return None
        if issued is None:
            return None
        # The provider may have taken seconds, in which the loan was taken back.
        still = await self._loans.lent(view, there.guid, to)
        if still is None or still.guid != loan.guid:
            return None
        return replace(issued, lender=loan.lender_guid)

    async def _asked(
        self, loan: LoanView, there: AssociationView, *, min_ttl: float | None, force: bool
    ) -> Issued | None:
        """What the app may have: never a token that is only traded for that, such as who the lender is at AWS."""
        if there.issues != ACCESS_TOKEN:
            other = self._others.get(there.issues)
            return None if other is None else await other(loan, min_ttl, force)
        return await self._tokens.access_token(
            loan.lender_id, there.integration_id, role=loan.role, min_ttl=min_ttl, force=force
        )


def _bundle_of(session: Session, instance: str) -> int | None:
    key = instance.removeprefix("instance:")
    return session.exec(select(Instance.bundle_id).where(Instance.key == key)).first()
