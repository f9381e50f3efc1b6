"""Whether a caller has connected every viewer integration that a content item uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.content.view import ContentView
from server.loans.loans import Loans
from server.loans.store import LoanView
from server.oauth.choices import Choices
from server.oauth.fitting import VIEWER_TYPES, misfit
from server.oauth.store import AssociationView
from server.vault.errors import said
from server.vault.standing import Standing, Standings
from server.web.caller import Caller


@dataclass(frozen=True)
class Connected:
    """The visit may go on. `waived`: nobody was asked, because this caller cannot consent (a key, nobody).

    `lent` are the loans by which the content acts with its owner's connections instead of the caller's.
    """

    caller: Caller
    view: ContentView
    waived: bool = False
    lent: tuple[LoanView, ...] = ()


@dataclass(frozen=True)
class Needed:
    """One integration to connect, in the role that counts here; `again` says in a sentence why a connection there was
    is no longer good.
    """

    association: AssociationView
    again: str = ""
    role: str = ""


@dataclass(frozen=True)
class Missing:
    """The visit waits for these, in order; `of` counts all viewer integrations of the content."""

    caller: Caller
    view: ContentView
    integrations: tuple[Needed, ...]
    of: int


@dataclass(frozen=True)
class NoGuests:
    """Somebody came by a share link, and the content acts as whoever looks; `reason` is a sentence."""

    reason: str


class Consent:
    """Step 4 of a visit: reads memory when warm."""

    def __init__(self, standings: Standings, choices: Choices, loans: Loans) -> None:
        self._standings, self._choices, self._loans = standings, choices, loans

    async def check(
        self, caller: Caller, view: ContentView, associations: Sequence[AssociationView]
    ) -> Connected | Missing | NoGuests:
        """Connected, or what is missing. Callers with an API key and anonymous ones have no browser to consent in."""
        if caller.via == "link":
            return _guest(caller, view, associations)
        # Content that was opened to anyone after the association gets no viewer's token, so asks for none.
        needed = [
            there
            for there in associations
            if there.auth_type == "Viewer"
            and not there.minted
            and misfit(there.auth_type, view.app_mode, view.access_type) is None
        ]
        if not needed:
            return Connected(caller, view)
        if caller.via != "session":
            return Connected(caller, view, waived=True)
        missing: list[Needed] = []
        lent: list[LoanView] = []
        for there in needed:
            loan = await self._loans.lent(view, there.guid)
            if loan is not None and await self._loans.works(loan, there):
                lent.append(loan)
                continue
            role = await self._choices.role_for(caller.user_id, there, view.guid)
            standing = await self._standings.of(caller.guid, there.guid, role)
            if standing is None:
                missing.append(Needed(there, await self._loans.why_not(view, there), role))
            elif not standing.good_for(there.fingerprint, there.config_version):
                missing.append(Needed(there, await self._loans.why_not(view, there) or _why(standing), role))
        if missing:
            return Missing(caller, view, tuple(missing), len(needed))
        return Connected(caller, view, lent=tuple(lent))


def _guest(caller: Caller, view: ContentView, associations: Sequence[AssociationView]) -> Connected | NoGuests:
    """Both are refused when they are made; this holds should they meet all the same (seed 004)."""
    personal = next((there for there in associations if there.auth_type in VIEWER_TYPES), None)
    if personal is None:
        return Connected(caller, view, waived=True)
    return NoGuests(
        f"It uses {personal.label} as the person looking, and a share link does not say who that is. "
        "Sign in with an account that has access, or ask its owner for access."
    )


def _why(standing: Standing) -> str:
    return said("changed" if standing.status == "connected" else standing.reason)
