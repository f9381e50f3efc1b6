"""Turns a view model into the HTML of one of the gateway's own screens.

Autoescaping is on for every template and no template marks data as safe; a name a template reads but its view
lacks is an error (StrictUndefined), not an empty space.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from server.pages import times
from server.pages.looks import vendor_look
from server.pages.views import Gate

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
"""Served at /static/; `STATIC / "favicon.svg"` also at /favicon.svg."""


def _now() -> datetime:
    return datetime.now(UTC)


def environment(*folders: Path, now: Callable[[], datetime] = _now) -> Environment:
    """A Jinja environment with our filters over `folders` first and the gateway's own templates after them.

    Filters: `ago` and `until` (aware datetime → words), `exact` (→ tooltip text), `day` (→ "3 May 2027"),
    `iso` (→ RFC 3339), `plural` (number, singular, plural → "2 apps"). The function `vendor_look` gives a template
    id's tile and icon.
    """
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in (*folders, TEMPLATES)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["ago"] = lambda moment: times.ago(moment, now())
    made.filters["until"] = lambda moment: times.until(moment, now())
    made.filters["exact"] = times.exact
    made.filters["day"] = times.day
    made.filters["iso"] = lambda moment: moment.astimezone(UTC).isoformat(timespec="seconds")
    made.filters["plural"] = plural
    made.globals["vendor_look"] = vendor_look
    return made


def plural(count: int, one: str, many: str) -> str:
    """A number with its noun: `1 app`, `41 people`, `1,204 lines`."""
    return f"{count:,} {one if count == 1 else many}"


_environment = environment()


def render(name: str, view: Gate) -> str:
    """The HTML of screen `name` ("sign_in", "connect", ...), given its view.

    Raises jinja2.TemplateNotFound or UndefinedError.
    """
    return _environment.get_template(f"{name}.html").render(view=view, page=view.page)
