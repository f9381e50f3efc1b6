"""What each of the gateway's own screens shows, as frozen dataclasses.

Times are aware datetimes. Text may be anything a person or a vendor typed; templates escape all of it.
URLs are paths on this server that the caller has already validated (security.md O-09), except where said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["administrator", "publisher", "viewer"]
FlashKind = Literal["success", "info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The signed-in person, as the bar at the top names them."""

    name: str
    username: str
    role: Role

    @property
    def initials(self) -> str:
        """One or two capital letters for the avatar.

        First and last word of the name, else of the username.
        """
        words = [word for word in (self.name or self.username).split() if word[0].isalnum()]
        if not words:
            return "?"
        return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()

    @property
    def publishes(self) -> bool:
        """Whether publishers' parts of a screen are for this person."""
        return self.role in ("administrator", "publisher")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """One message about what just happened, shown once at the top of a page."""

    kind: FlashKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page needs, whichever screen it is."""

    title: str
    csrf: str
    """Value of the hidden `csrf` field of every form on the page."""
    request_id: str
    origin: str
    """This server's own address without a trailing slash, as people type it: `http://localhost:3939`."""
    person: Person | None = None
    active: Literal["", "home", "integrations", "connections", "keys", "tools", "activity", "api"] = ""
    """Which item of the navigation is the current one."""
    flash: Flash | None = None
    framed: bool = False
    """It is shown inside the stage, so the stage's bar is its top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody who can change something: principle 3 names them instead of saying "an administrator"."""

    name: str
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOnButton:
    """One single sign-on provider, offered above the password form."""

    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`sign_in.html`, at `/__login__`: one card. `problem` is why the last attempt did not work.

    `choosing`: the password was right, and was given by somebody else; she is to choose one of her own first.
    """

    page: Page
    next: str
    username: str = ""
    problem: str = ""
    providers: tuple[SignOnButton, ...] = ()
    choosing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Which content asks for which integration: the heart of the connect and the declined screens."""

    content_guid: str
    content_title: str
    integration_guid: str
    integration_name: str
    vendor: str
    """Template key: `snowflake`, `custom`, ...; picks the mark."""
    next: str
    """Where the person was going; the form of `/__oauth__/integrations/{guid}/login` carries it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One permission the provider will be asked for: in words, and as it goes over the wire."""

    words: str
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleOffer:
    """One role to pick: `role` is its name, empty for the person's default one at the vendor.

    `pick` is what the form says for it. `held`: she is connected in it already, as `account`.
    """

    pick: str
    role: str
    chosen: bool = False
    held: bool = False
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAsk:
    """In which role of the vendor's: `pinned` by the publisher, or one of `offers`, or one that is typed."""

    vendor: str
    pinned: str = ""
    offers: tuple[RoleOffer, ...] = ()
    typed: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """`connect.html`: asked before the first visit, and again when a connection ended.

    `again` says why it is asked again ("Your connection ended on 3 May."), empty the first time.
    `step` of `steps` counts when the content needs several connections.
    """

    page: Page
    asking: Asking
    owner: Contact
    scopes: tuple[Scope, ...] = ()
    role: RoleAsk | None = None
    """None for vendors without roles."""
    again: str = ""
    not_now: str = "/"
    step: int = 1
    steps: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """`declined.html`: the person said no at the provider, or the provider refused (security.md O-11).

    `said` is the provider's own sentence, shortened and without control characters by the caller. `by` "role" says
    that it refused the role `refused`, empty for the person's default one; `role` offers another.
    """

    page: Page
    asking: Asking
    by: Literal["person", "provider", "role"]
    said: str = ""
    refused: str = ""
    role: RoleAsk | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    """`account_changed.html`: a consent brought another account at the vendor than there was before (O-37)."""

    page: Page
    asking: Asking
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """`starting.html`.

    An app is starting; `lines` is its newest output. static/gate.js turns it into the app.
    """

    page: Page
    content_title: str
    stage: str
    """What is happening, in words: "Installing 27 packages", "Waiting for the app to answer"."""
    since: datetime
    lines: tuple[str, ...] = ()
    document: bool = False
    """It is a document being rendered, not an app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """`denied.html`.

    Signed in, but not allowed. `content_title` is empty when even the title is not theirs to see.
    """

    page: Page
    content_title: str = ""
    reason: str = ""
    """Why, as one sentence; empty for the ordinary "not on the list of people"."""
    owner: Contact | None = None
    address: str = ""
    """Full URL that was asked for, offered for copying into a message to the owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """`not_found.html`: nothing at this address."""

    page: Page
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """`failed.html`: an app could not start, or ended while it was being used.

    `lines` and `logs` only for those who may see the logs (owner, collaborators, administrators).
    """

    page: Page
    content_title: str
    summary: str
    """What happened, as one sentence: "It ended while starting, with exit code 1."."""
    retry: str
    owner: Contact
    lines: tuple[str, ...] = ()
    logs: str = ""
    document: bool = False
    """It is a document or files, not an app."""
    earlier_version: str = ""
    """Said when an older bundle still serves: "Version 3 is still being served."."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`problem.html`: any other 4xx or 5xx: what happened, why, what next."""

    page: Page
    status: int
    headline: str
    explanation: str
    back: str = "/"
    back_label: str = "Go to Home"


@dataclass(frozen=True, slots=True, kw_only=True)
class LentAccess:
    """One connection that is lent; `role` is empty for the lender's default role."""

    integration: str
    role: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """`lent.html`: shown once before content that acts with its owner's access. `loans` goes back with the form."""

    page: Page
    content_guid: str
    content_title: str
    lender: str
    access: tuple[LentAccess, ...]
    loans: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpStep:
    """One thing to do on an empty server, with the line to copy (empty when there is nothing to type)."""

    words: str
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """`first_run.html`: the server has no accounts yet; `steps` are the exact next commands."""

    page: Page
    steps: tuple[SetUpStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowTool:
    """`allow_tool.html`: a program asks to act as the looking person; nothing but its form's POST lets it.

    `tool` is what the program calls itself, which nobody has checked. Of `goes_to` (where the browser carries the
    answer) and `asked_from` (the address of a program elsewhere that waits for it) one is empty.
    """

    page: Page
    tool: str
    action: str
    fields: tuple[tuple[str, str], ...]
    until: datetime
    goes_to: str = ""
    on_this_computer: bool = False
    asked_from: str = ""
    asked: datetime | None = None
    code: str = ""
    """The code that the program must be showing at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """`device.html`, at `/oauth/v1/device`: a program on another device shows a code, which is typed here."""

    page: Page
    typed: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswered:
    """`tool_answered.html`: the person decided, and the program asks for the outcome itself."""

    page: Page
    tool: str
    allowed: bool


Gate = (
    SignIn
    | Connect
    | Declined
    | AccountChanged
    | Starting
    | Denied
    | NotFound
    | Failed
    | Problem
    | Lent
    | FirstRun
    | AllowTool
    | DeviceCode
    | ToolAnswered
)
