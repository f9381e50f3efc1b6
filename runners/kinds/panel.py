"""Panel apps served by `panel serve`, with Bokeh's options (frameworks.md 3.3)."""

from __future__ import annotations

from runners.contract import LaunchSpec
from runners.kinds import bokeh
from runners.kinds.entrypoint import resolve
from runners.kinds.kind import Kind, interpreter


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list. The app answers at the base path itself (`--index`) and at base path + its name."""
    app = resolve(spec.code, spec.entrypoint)
    line = [*interpreter(spec), "-m", "panel", "serve", str(app), "--index", app.stem]
    return [*line, *bokeh.options(spec, port)]


KIND = Kind(
    app_mode="python-panel",
    label="Panel",
    family="interactive",
    required="panel",
    command=command,
    variables=bokeh.variables,
    ready=bokeh.ready,
    ready_method="HEAD",
    traits=bokeh.TRAITS,
)
