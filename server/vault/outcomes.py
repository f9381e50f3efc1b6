"""Tells whoever listens how each grant at a provider went: health, usage and messages are made of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from integrations.contract import ClientConfig, TokenSet

log = logging.getLogger("tabard.vault")

Kind = Literal["refresh", "consent", "service"]


@dataclass(frozen=True)
class Outcome:
    """One attempt at a provider's token endpoint. It holds no token.

    `code` is empty when it went well, else the error's short name (`invalid_client`, `timeout`, ...) and `reason`
    a sentence that is safe to show. `skew` is how many seconds the provider's clock is ahead of ours, None where
    that is unknown. `used_second` says which of two client secrets was taken, None where there is one or that is
    unknown. `missing_scopes` were asked for and not granted. `connection_guid` is empty for service
    accounts, and for a consent that was not kept.
    """

    integration_guid: str
    connection_guid: str
    kind: Kind
    ok: bool
    code: str = ""
    reason: str = ""
    skew: float | None = None
    missing_scopes: tuple[str, ...] = ()
    used_second: bool | None = None


def second_of(config: ClientConfig, tokens: TokenSet) -> bool | None:
    """Which of two client secrets was taken; None where there is only one."""
    return None if config.second_secret is None else tokens.used_second


class Outcomes:
    """The listeners, called on the event loop; they must neither wait nor raise."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Outcome], object]] = []

    def listen(self, listener: Callable[[Outcome], object]) -> None:
        """Call `listener(outcome)` after every attempt."""
        self._listeners.append(listener)

    def tell(self, outcome: Outcome) -> None:
        """One attempt went so. A listener that fails costs nobody a token."""
        for listener in self._listeners:
            try:
                listener(outcome)
            except Exception as error:
                log.error("a listener to outcomes failed: %s", type(error).__name__)
