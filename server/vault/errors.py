"""Why there is no access token to hand out, sorted by who has to act."""

from __future__ import annotations

# The code of an attempt that was never made: the client itself cannot be made.
UNUSABLE_CODE = "unusable"
UNUSABLE = "The integration's stored settings cannot be used; an administrator should enter its secret again."


class VaultError(Exception):
    """There is no token. `args` are the constructor's arguments, so that every waiter can raise its own copy."""

    def again(self) -> VaultError:
        """A fresh copy: one failed refresh answers many waiters, and a traceback belongs to one raise."""
        return type(self)(*self.args)


class NotConnected(VaultError):
    """The viewer has never connected this integration, or has disconnected it."""


class NeedsConsent(VaultError):
    """The viewer has to consent again. `reason` is one of our own words, see `SAID`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IntegrationBroken(VaultError):
    """The provider refuses our client: an administrator must act. `reason` is a sentence that is safe to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TryLater(VaultError):
    """Trouble that may pass; `retry_after` is in seconds, `reason` a sentence that is safe to show."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason, retry_after)
        self.reason = reason
        self.retry_after = retry_after


SAID = {
    "another_account": "The provider answered for another account than the one that was connected.",
    "changed": "An administrator changed how this integration connects.",
    "damaged": "The stored connection could not be opened.",
    "expired": "The connection has expired, and the provider gave no way to renew it.",
    "interrupted_refresh": "The connection was being renewed when the server stopped, and the provider ended it.",
}


def said(reason: str) -> str:
    """A status reason as one sentence for people."""
    if reason.startswith("missing_scopes:"):
        return f"The provider did not grant everything that was asked for: {reason.partition(':')[2].strip()}."
    return SAID.get(reason, "The provider ended the connection.") if reason else ""
