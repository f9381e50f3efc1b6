"""Turns a view model into the HTML of one of the dashboard's screens, or of a fragment htmx swaps in.

The environment is the gateway's own (autoescape on, StrictUndefined), with the dashboard's templates in front.
"""

from __future__ import annotations

from pathlib import Path

from dashboard.views import Screen
from server.pages.render import environment

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
"""Served at /dashboard-static/."""

_environment = environment(TEMPLATES)


def render(name: str, view: Screen) -> str:
    """The HTML of screen `name` ("home", "content_access", ...) or fragment ("home_cards", "log_tail")."""
    return _environment.get_template(f"{name}.html").render(view=view, page=view.page)
