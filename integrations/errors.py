"""What can go wrong between us and a provider, sorted by who has to act.

Every message is a readable English sentence that is safe to show and to log: no secret, no address with
a query, and nothing copied from a provider's answer (an answer can hold internal text, or be made by an
attacker who wants to read it back through us).
"""

from __future__ import annotations


class ProviderError(Exception):
    """A provider could not give us what we asked for.

    ``reason`` is the sentence to show; ``code`` is one short word out of our own vocabulary, for audit
    events and counters, never text the provider chose.
    """

    def __init__(self, reason: str, *, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class ConsentEnded(ProviderError):
    """The viewer's consent is over: only a new consent helps (RFC 6749 section 5.2 ``invalid_grant``)."""

    def __init__(self, reason: str, *, code: str = "invalid_grant") -> None:
        super().__init__(reason, code=code)


class ClientRejected(ProviderError):
    """The provider refuses our client: an administrator must mend the integration. Viewers' grants stay."""

    def __init__(self, reason: str, *, code: str = "invalid_client") -> None:
        super().__init__(reason, code=code)


class Passing(ProviderError):
    """Trouble that may pass by itself: keep the grant and try later.

    ``retry_after`` is in seconds, when the provider named a time.
    """

    def __init__(self, reason: str, retry_after: float | None = None, *, code: str = "unavailable") -> None:
        super().__init__(reason, code=code)
        self.retry_after = retry_after


class AddressRefused(Passing):
    """Our own policy forbids connecting to where this endpoint points; nothing was sent.

    It is ``Passing`` because a host's address can change back, and the grant is not to blame.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason, None, code="address_refused")


class Malformed(ProviderError):
    """The provider said yes in a form we cannot use: keep the grant; whether it was spent is unknown."""

    def __init__(self, reason: str, *, code: str = "malformed_answer") -> None:
        super().__init__(reason, code=code)
