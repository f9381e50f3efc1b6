"""Judges an integration's health from what is kept of it: pure decisions, and the sentences that go with them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from server.db.models import IntegrationHealth
from server.health.store import Group, Known

State = Literal["ok", "broken", "unused"]
SecretWarning = Literal["", "month", "week", "day", "expired"]
# A clock that is further off than this is worth a word: tokens seem to end early, or late.
MOST_SKEW = 30.0
# One refusal of our client is enough; of trouble that may pass it takes this many in a row.
IN_A_ROW = 3
NEVER_LISTED = frozenset({"openid", "profile", "email", "offline_access", "refresh_token"})


@dataclass(frozen=True)
class Drift:
    """How many connections lack a scope that the integration is configured with, and which scopes these are.

    `declined` were asked for it and did not grant it; `earlier` connected before it was added.
    """

    declined: int = 0
    earlier: int = 0
    scopes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.declined or self.earlier)


def state(row: IntegrationHealth | None, changed: datetime) -> State:
    """Whether it works, as far as anybody has tried since it was `changed` last.

    Broken: the provider refuses our client (O-26), or has failed several times without a success in between.
    """
    if row is None or (row.last_success is None and row.last_error is None):
        return "unused"
    newest = max(moment for moment in (row.last_success, row.last_error) if moment is not None)
    if row.last_error is None or row.failures == 0:
        return "ok"
    if row.last_error < changed:
        # What failed was not what is configured now: nobody knows before the next try.
        return "ok" if row.last_success is not None and newest == row.last_success else "unused"
    if row.refused or row.failures >= IN_A_ROW:
        return "broken"
    return "ok" if row.last_success is not None else "unused"


def summary(row: IntegrationHealth | None, changed: datetime) -> str:
    """The state as one sentence."""
    now_is = state(row, changed)
    if now_is == "broken":
        assert row is not None
        return row.error_reason or "The provider did not give a token."
    if now_is == "unused":
        tried = row is not None and row.last_error is not None
        return "Nobody has tried it since it was changed." if tried else "Nobody has used it yet."
    assert row is not None
    if row.failures:
        return f"The newest try failed, the one before did not. {row.error_reason}"
    return "The provider answers as it should."


def days_left(end: datetime | None, moment: datetime) -> int | None:
    """Whole days until a secret ends, negative once it has; None where no end is known."""
    return None if end is None else math.floor((end - moment) / timedelta(days=1))


def secret_warning(end: datetime | None, moment: datetime) -> SecretWarning:
    """Which warning is due: 30, 7 and 1 days before a secret ends, and from then on."""
    if end is None or end - moment > timedelta(days=30):
        return ""
    if end <= moment:
        return "expired"
    left = end - moment
    return "day" if left <= timedelta(days=1) else "week" if left <= timedelta(days=7) else "month"


def skewed(row: IntegrationHealth | None) -> bool:
    """Whether the provider's clock and ours differ too much."""
    return row is not None and row.skew is not None and abs(row.skew) > MOST_SKEW


def skew_in_words(row: IntegrationHealth | None) -> str:
    """The warning about clocks as a sentence; empty where there is none."""
    if row is None or row.skew is None or not skewed(row):
        return ""
    off = f"{abs(row.skew):.0f} seconds" if abs(row.skew) < 120 else f"{abs(row.skew) / 60:.0f} minutes"
    return f"The provider's clock is {off} {'ahead of' if row.skew > 0 else 'behind'} this server's. Set both by NTP."


def drift(configured: Iterable[str], groups: Iterable[Group], *, compares: bool = True) -> Drift:
    """What connections lack of the configured scopes. `compares` is False where a vendor's answer does not tell."""
    wanted = list(dict.fromkeys(configured))
    declined = earlier = 0
    lacking: dict[str, None] = {}
    for group in groups:
        if not group.current:
            continue
        asked = set(wanted) if group.asked is None else set(group.asked.split())
        later = [scope for scope in wanted if scope not in asked]
        refused = [
            scope
            for scope in wanted
            if compares and scope in asked and scope not in NEVER_LISTED and scope not in group.scopes.split()
        ]
        earlier += group.count if later else 0
        declined += group.count if refused else 0
        lacking |= dict.fromkeys([*later, *refused])
    return Drift(declined, earlier, tuple(lacking))


def drift_in_words(found: Drift) -> str:
    """What connections lack as a sentence; empty where they lack nothing."""
    if not found:
        return ""
    parts = []
    if found.declined:
        parts.append(f"{_connections(found.declined)} got less than was asked for")
    if found.earlier:
        parts.append(f"{_connections(found.earlier)} began before a scope was added")
    return f"{' and '.join(parts)}. Lacking: {', '.join(found.scopes)}. Connecting again asks for it."


def _connections(number: int) -> str:
    return "1 connection" if number == 1 else f"{number} connections"


def statuses(known: Known) -> dict[str, int]:
    """Connections by status: `connected`, `reauth_required`; those of an earlier configuration count as the latter."""
    found = {"connected": 0, "reauth_required": 0}
    for group in known.groups:
        name = "connected" if group.status == "connected" and group.current else "reauth_required"
        found[name] += group.count
    return found
