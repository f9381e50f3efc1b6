"""Owns everything a running provider remembers, in one value that every room is given."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.sandbox.clients import ClientRegistry
from integrations.sandbox.keys import SigningKey
from integrations.sandbox.ledger import Ledger
from integrations.sandbox.settings import SandboxSettings
from integrations.sandbox.tokens import TokenStore
from integrations.sandbox.users import BrowserSessions, UserDirectory


@dataclass(frozen=True)
class State:
    """The provider's memory. It belongs to one event loop; nothing in it waits, so nothing needs a lock."""

    issuer: str
    admin_token: str
    clients: ClientRegistry
    users: UserDirectory
    sessions: BrowserSessions
    store: TokenStore
    ledger: Ledger
    key: SigningKey
    clock: Callable[[], float]


def new_state(settings: SandboxSettings, clock: Callable[[], float]) -> State:
    """Make an empty memory from settings; `clock` gives Unix seconds."""
    return State(
        issuer=settings.issuer.rstrip("/"),
        admin_token=settings.admin_token,
        clients=ClientRegistry(tuple(settings.clients)),
        users=UserDirectory(tuple(settings.users)),
        sessions=BrowserSessions(),
        store=TokenStore(clock),
        ledger=Ledger(),
        key=SigningKey(),
        clock=clock,
    )
