"""Every kind of content this server can run, by its name on the wire."""

from __future__ import annotations

from runners.kinds import (
    asgi,
    bokeh,
    dash,
    gradio,
    jupyter_static,
    panel,
    quarto_static,
    rlang,
    shiny,
    static,
    streamlit,
    voila,
    wsgi,
)
from runners.kinds.kind import Kind

KINDS: tuple[Kind, ...] = (
    streamlit.KIND,
    panel.KIND,
    bokeh.KIND,
    dash.KIND,
    shiny.KIND,
    gradio.KIND,
    voila.KIND,
    wsgi.KIND,
    asgi.KIND,
    static.KIND,
    jupyter_static.KIND,
    quarto_static.KIND,
    rlang.SHINY,
    rlang.PLUMBER,
)


def by_mode(app_mode: str) -> Kind | None:
    """The kind of an app mode ("python-streamlit"), or None when it cannot be run here."""
    return next((kind for kind in KINDS if kind.app_mode == app_mode), None)
