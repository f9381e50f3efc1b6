"""Queries over instances."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server.db.clock import now
from server.db.models import Instance
from server.db.owner import left_behind, owner_of
from server.web.errors import ApiError

TAGS = {
    "shiny": "run_app",
    "api": "run_api",
    "python-streamlit": "run_streamlit",
    "python-panel": "run_panel_app",
    "python-bokeh": "run_bokeh_app",
    "python-dash": "run_dash_app",
    "python-fastapi": "run_fastapi_app",
    "python-api": "run_python_api",
    "python-gradio": "run_gradio_app",
    "python-shiny": "run_pyshiny_app",
    "jupyter-voila": "run_voila_app",
    "jupyter-static": "build_jupyter",
    "quarto-static": "build_report",
}

RENDERINGS = ("build_jupyter", "build_report")


def begin(session: Session, row: Instance) -> Instance:
    """Record an instance or a build that begins."""
    row.owner = owner_of(session)
    session.add(row)
    session.flush()
    return row


def running(session: Session, key: str, pid: int, start_ticks: int, port: int | None) -> None:
    """Record where it runs; a rendering listens nowhere."""
    row = session.exec(select(Instance).where(Instance.key == key)).first()
    if row is None:
        return  # its content was deleted meanwhile, which ends it
    row.pid, row.start_ticks, row.port = pid, start_ticks, port
    session.add(row)


def ended(session: Session, key: str, code: int | None, error: str | None) -> None:
    """Record how it ended; only the first end counts."""
    row = session.exec(select(Instance).where(Instance.key == key)).first()
    if row is not None and row.end_time is None:
        row.end_time, row.exit_code, row.error = now(), code, error
        session.add(row)


def unended(session: Session) -> list[Instance]:
    """What an earlier server left running: what other gateways run is not among it."""
    rows = session.exec(select(Instance).where(col(Instance.end_time).is_(None))).all()
    left = left_behind((row.owner for row in rows), owner_of(session))
    return [row for row in rows if row.owner in left]


def listing(session: Session, content_id: int, limit: int = 100) -> list[Instance]:
    """The instances of a content item, newest first."""
    query = select(Instance).where(Instance.content_id == content_id).order_by(col(Instance.id).desc())
    return list(session.exec(query.limit(limit)).all())


def by_key(session: Session, content_id: int, key: str) -> Instance:
    """One instance of a content item. Raises ApiError 404."""
    row = session.exec(select(Instance).where(Instance.key == key, Instance.content_id == content_id)).first()
    if row is None:
        raise ApiError(404, 4, "The requested job does not exist.")
    return row
