"""Whose account at a vendor a connection is, and whether a consent brought another one (O-37)."""

from __future__ import annotations

from collections.abc import Sequence

from server.db.models import Connection

Account = tuple[str | None, str | None]
"""Whose account at the vendor: its own id of it, and a name to show."""


def called(account: Account) -> str:
    """What to call an account in a sentence."""
    return account[1] or account[0] or ""


def only_account(rows: Sequence[Connection], fingerprint: str, after: Account) -> None:
    """Raises OtherAccount where one of a person's connections at an integration, in any role, is another account's.

    Those of an earlier client, told by its fingerprint, say nothing about this one.
    """
    for row in rows:
        before = (row.subject, row.account)
        if row.fingerprint == fingerprint and another(before, after):
            raise OtherAccount(called(before), called(after))


def another(before: Account, after: Account) -> bool:
    """Whether a consent brought another account than there was: by the vendor's own id, or else by its name (O-37)."""
    for old, new in zip(before, after, strict=True):
        if old is not None and new is not None:
            return old != new
    return False


class OtherAccount(Exception):
    """A consent brought another account where the integration keeps each person to the one she has (O-37)."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__(before, after)
        self.before, self.after = before, after
