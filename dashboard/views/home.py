"""What Home shows: the content a person can open, as cards or as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dashboard.thumbnail import Thumbnail, thumbnail
from server.pages.views import Contact, Page

Health = Literal["running", "idle", "starting", "failed", "published", "never_deployed"]

KINDS = {
    "python-streamlit": "Streamlit",
    "python-panel": "Panel",
    "python-dash": "Dash",
    "python-bokeh": "Bokeh",
    "python-gradio": "Gradio",
    "python-shiny": "Shiny",
    "python-fastapi": "FastAPI",
    "python-api": "Python API",
    "jupyter-voila": "Voilà",
    "jupyter-static": "Notebook",
    "quarto-static": "Quarto",
    "quarto-shiny": "Quarto with Shiny",
    "shiny": "Shiny for R",
    "api": "Plumber API",
    "rmd-static": "R Markdown",
    "rmd-shiny": "R Markdown with Shiny",
    "tensorflow-saved-model": "TensorFlow model",
    "nodejs": "Node.js",
    "static": "Static files",
}


def kind_label(kind: str) -> str:
    """The name people know a kind by: `python-streamlit` → `Streamlit`; an unknown kind stays as it is."""
    return KINDS.get(kind, kind or "Not published yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCard:
    """One item on Home. `mine` shows the settings link (owner, collaborator, administrator)."""

    guid: str
    title: str
    kind: str
    owner: str
    health: Health
    as_you: bool = False
    """A viewer integration is associated: it acts in the name of whoever looks."""
    mine: bool = False
    opens: bool = True
    """There is something to open, and this person may; otherwise its title leads to the settings."""
    version: str = ""
    deployed: datetime | None = None
    picture: str = ""
    """Names the bytes of a picture somebody uploaded; without one, it is drawn."""

    @property
    def href(self) -> str:
        return f"/open/{self.guid}/" if self.opens else f"/apps/{self.guid}/info"

    @property
    def thumbnail(self) -> Thumbnail:
        return thumbnail(self.kind, self.title)

    @property
    def kind_label(self) -> str:
        return kind_label(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An integration that an administrator should look at; `words` end the sentence that its name begins."""

    guid: str
    name: str
    words: str
    grave: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """`home.html` at `/`; its grid alone is `home_cards.html` at `/home/cards?q=&view=`.

    `query` and `layout` echo `?q=` and `?view=table`. `askable` are people a viewer may ask when the list
    is empty.
    """

    page: Page
    cards: tuple[ContentCard, ...]
    query: str = ""
    layout: Literal["cards", "table"] = "cards"
    total: int = 0
    """How many items there are without the search."""
    found: int = 0
    """How many items the search finds, of which the first are shown."""
    askable: tuple[Contact, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    """For administrators: integrations that do not work, or soon will not."""
