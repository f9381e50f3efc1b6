"""Static files: HTML pages and whatever they show, served as they were uploaded; nothing of the bundle runs."""

from __future__ import annotations

from runners.kinds import still
from runners.kinds.kind import Kind

KIND = Kind(
    app_mode="static",
    label="static",
    family=still.STATIC,
    required="",
    command=still.command,
    variables=still.variables,
    ready=still.ready,
    traits=still.TRAITS,
    default_entrypoints=("index.html", "index.htm"),
)
