"""Notebooks that are run once by nbconvert, in their own environment, and shown as a page (connect-api.md 2.4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runners.contract import RenderSpec
from runners.kinds import still
from runners.kinds.kind import Kind

PAGE = "index"
# Larger ones are not looked at before they run: parsed, JSON can take thirty times its size of the server's memory.
MOST_BYTES = 8 * 1024 * 1024
HIDDEN_TAG = "hide_input"  # the tag that `rsconnect deploy notebook --hide-tagged-input` speaks of


def render(spec: RenderSpec) -> list[str]:
    """The argument list: run every cell with the environment's own kernel, whatever name the author's had."""
    line = [str(spec.environment.python), "-I", "-u", "-m", "nbconvert", "--execute", "--to", "html"]
    line += ["--output-dir", str(spec.out), "--output", PAGE, "--ExecutePreprocessor.kernel_name=python3"]
    line += ["--HTMLExporter.embed_images=True"]
    hidden = spec.options.get("jupyter")
    if isinstance(hidden, Mapping) and hidden.get("hide_all_input") is True:
        line += ["--no-input"]
    elif isinstance(hidden, Mapping) and hidden.get("hide_tagged_input") is True:
        line += ["--TagRemovePreprocessor.enabled=True", f"--TagRemovePreprocessor.remove_input_tags={HIDDEN_TAG}"]
    return [*line, "--", spec.source]


def refuses(source: Path) -> str | None:
    """Why a notebook cannot be run by a Python kernel, as a sentence; None when it can, or is too large to tell."""
    try:
        if source.stat().st_size > MOST_BYTES:
            return None
        document = json.loads(source.read_bytes())
    except (OSError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        return f"{source.name} is not a notebook of format 4; open it in Jupyter and save it again."
    language = _language(document.get("metadata"))
    if language not in ("", "python"):
        return f"{source.name} is written in {language}; this server runs Python notebooks."
    return None


def _language(metadata: Any) -> str:
    """What a notebook says it is written in, lower case; empty where it says nothing."""
    if not isinstance(metadata, dict):
        return ""
    for part, name in (("kernelspec", "language"), ("language_info", "name")):
        said = metadata.get(part)
        if isinstance(said, dict) and isinstance(said.get(name), str):
            return str(said[name])[:40].lower()
    return ""


KIND = Kind(
    app_mode="jupyter-static",
    label="notebook",
    family=still.RENDERED,
    required="",
    command=still.command,
    variables=still.variables,
    ready=still.ready,
    traits=still.TRAITS,
    default_entrypoints=("notebook.ipynb", "index.ipynb"),
    adds=("nbconvert>=7", "ipykernel"),
    render=render,
    refuses=refuses,
)
