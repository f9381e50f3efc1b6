"""Where a visit can end before it reaches the app, as plain values that HTTP and WebSocket answer alike."""

from __future__ import annotations

from dataclasses import dataclass

from server.consent.check import Missing, NoGuests
from server.content.view import ContentView
from server.gateway.acquire import CannotStart, StillStarting
from server.loans.store import LoanView
from server.web.caller import BadCredential, Caller


@dataclass(frozen=True)
class Elsewhere:
    """The address lacks its slash: the same with one."""

    location: str


@dataclass(frozen=True)
class BadIdentity:
    """A credential was sent that is not valid."""

    credential: BadCredential


@dataclass(frozen=True)
class Nothing:
    """No content is at this address, or no version of it has been deployed."""

    caller: Caller
    view: ContentView | None = None


@dataclass(frozen=True)
class SignIn:
    """Nobody is signed in and the content is not for everybody."""


@dataclass(frozen=True)
class NotAllowed:
    """The caller may not see this content."""

    caller: Caller
    view: ContentView


@dataclass(frozen=True)
class Locked:
    """An administrator has locked the content."""

    caller: Caller
    view: ContentView


@dataclass(frozen=True)
class NotConnected:
    """The content needs a connection the viewer does not have."""

    caller: Caller
    view: ContentView
    missing: Missing


@dataclass(frozen=True)
class NotForGuests:
    """The content acts as the person looking, and a share link does not say who that is."""

    caller: Caller
    view: ContentView
    why: NoGuests


@dataclass(frozen=True)
class Borrowed:
    """The content acts with its owner's connections, and the viewer has yet to be told."""

    caller: Caller
    view: ContentView
    lent: tuple[LoanView, ...]


@dataclass(frozen=True)
class NotReady:
    """The app is starting."""

    caller: Caller
    view: ContentView
    starting: StillStarting


@dataclass(frozen=True)
class NotRunning:
    """The app could not be started, or ended while it was asked."""

    caller: Caller
    view: ContentView
    failure: CannotStart
    editable: bool
    status: int = 502


@dataclass(frozen=True)
class Pictured:
    """The content's picture was asked for, which is ours to show and not the app's."""

    caller: Caller
    view: ContentView


@dataclass(frozen=True)
class ForeignOrigin:
    """A WebSocket handshake from another site's page."""


Obstacle = (
    Elsewhere
    | BadIdentity
    | Nothing
    | SignIn
    | NotAllowed
    | Locked
    | NotConnected
    | NotForGuests
    | Borrowed
    | NotReady
    | NotRunning
    | Pictured
    | ForeignOrigin
)
