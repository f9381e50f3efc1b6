"""Owns everything a running provider remembers, in one value that every room is given."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from integrations.sandbox.clients import ClientRegistry
from integrations.sandbox.keys import SigningKey
from integrations.sandbox.ledger import Ledger
from integrations.sandbox.settings import ClientSettings, SandboxSettings
from integrations.sandbox.tokens import TokenStore
from integrations.sandbox.users import BrowserSessions, UserDirectory

Fetch = Callable[[str], Awaitable[Any]]


async def fetch_json(url: str) -> Any:
    """Return the JSON at `url`; raise httpx.HTTPError or ValueError."""
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
        answer = await client.get(url)
        answer.raise_for_status()
        return answer.json()


@dataclass(frozen=True)
class State:
    """The provider's memory. It belongs to one event loop; nothing in it waits, so nothing needs a lock.

    `root` is the address it is reached at, `issuer` what it calls itself.
    Each vendor has one of its own that shares all but these, the base path, the clients, the consents
    and the discovery document. `consents` says which scopes a person has agreed to for a client; `discovery`
    what was changed in the discovery document.
    """

    issuer: str
    admin_token: str
    clients: ClientRegistry
    users: UserDirectory
    sessions: BrowserSessions
    store: TokenStore
    ledger: Ledger
    key: SigningKey
    clock: Callable[[], float]
    root: str = ""
    base: str = ""
    fetch: Fetch = fetch_json
    consents: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def next_number(self) -> str:
        """Return a text that was never returned before, so that no two tokens are alike."""
        return str(next(self.numbers))

    def of_vendor(self, root: str, issuer: str, base: str, clients: tuple[ClientSettings, ...]) -> "State":
        """Return the memory of one vendor, which shares people, sessions and tokens with this one.

        `root` is the vendor's address, `base` the path it lives at here.
        """
        registry = ClientRegistry(clients)
        return replace(self, root=root, issuer=issuer, base=base, clients=registry, consents={}, discovery={})


def new_state(settings: SandboxSettings, clock: Callable[[], float], fetch: Fetch = fetch_json) -> State:
    """Make an empty memory from settings; `clock` gives Unix seconds, `fetch` reads other servers' key sets."""
    return State(
        issuer=settings.issuer.rstrip("/"),
        root=settings.issuer.rstrip("/"),
        admin_token=settings.admin_token,
        clients=ClientRegistry(tuple(client for client in settings.clients if not client.vendor)),
        users=UserDirectory(tuple(settings.users)),
        sessions=BrowserSessions(),
        store=TokenStore(clock),
        ledger=Ledger(),
        key=SigningKey(),
        clock=clock,
        fetch=fetch,
    )
