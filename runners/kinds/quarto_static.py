"""Quarto documents and sites, rendered by the `quarto` program where this server has one (connect-api.md 2.4)."""

from __future__ import annotations

from pathlib import Path

from runners.contract import RenderSpec
from runners.kinds import still
from runners.kinds.entrypoint import resolve
from runners.kinds.kind import Kind


def locate(code: Path, entrypoint: str) -> Path:
    """The document, or the whole folder where the bundle is a project and names none. Raises EntrypointProblem."""
    if not entrypoint and (code / "_quarto.yml").is_file():
        return code
    return resolve(code, entrypoint)


def render(spec: RenderSpec) -> list[str]:
    """The argument list; quarto takes the folder for its pages relative to the work folder only."""
    assert spec.program is not None, "the kind names a tool"
    target = [spec.source] if spec.source else []
    return [str(spec.program), "render", *target, "--output-dir", spec.out.relative_to(spec.work).as_posix()]


KIND = Kind(
    app_mode="quarto-static",
    label="Quarto",
    family=still.RENDERED,
    required="",
    command=still.command,
    variables=still.variables,
    ready=still.ready,
    traits=still.TRAITS,
    default_entrypoints=("index.qmd", ""),
    locate=locate,
    render=render,
    tool="quarto",
)
