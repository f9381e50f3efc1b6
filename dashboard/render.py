"""Turns a view model into the HTML of one of the dashboard's screens, or of a fragment htmx swaps in.

The environment is the gateway's own (autoescape on, StrictUndefined), with the dashboard's templates in
front.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from server.pages.render import environment
from server.pages.views import Page

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
"""Served at /dashboard-static/."""

_environment = environment(TEMPLATES)


class Screen(Protocol):
    """Any dataclass of `dashboard.views`: each carries the page it is on."""

    @property
    def page(self) -> Page: ...


def render(name: str, view: Screen) -> str:
    """The HTML of screen `name` ("home", "content_access", ...) or fragment ("home_cards", "log_tail")."""
    return _environment.get_template(f"{name}.html").render(view=view, page=view.page)
