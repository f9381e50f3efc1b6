"""The stage: an app opened from Home, below a slim bar that says in whose name it acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from server.pages.views import Page

Acts = Literal["viewer", "lent", "service", "visitor", "minted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRole:
    """A role that can be switched to: `pick` is what the form says for it, `held` that it is connected already."""

    pick: str
    role: str
    held: bool = False
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """In whose name the app acts at one integration."""

    guid: str
    name: str
    vendor: str
    how: Acts
    account: str = ""
    takes_roles: bool = False
    role: str = ""
    pinned: bool = False
    """The publisher chose the role for everybody, so there is nothing to switch."""
    roles: tuple[StageRole, ...] = ()
    lender: str = ""
    until: datetime | None = None
    renews: bool = True
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`stage.html` at `/open/{guid}/`. `app` is the app's own address, `here` the stage's."""

    page: Page
    guid: str
    title: str
    app: str
    here: str
    acting: tuple[Acting, ...] = ()
    version: str = ""
    deployed: datetime | None = None
    mine: bool = False
    username: str = ""
