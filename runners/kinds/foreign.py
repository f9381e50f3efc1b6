"""Kinds of content that clients publish and this server keeps but does not run, and what they would need."""

from __future__ import annotations

import shutil
from collections.abc import Callable

# By app mode (connect-api.md 2.4): the label, and the program its content is run with.
FOREIGN = {
    "api": ("Plumber API", "Rscript"),
    "nodejs": ("Node.js", "node"),
    "nodejs-api": ("Node.js", "node"),
    "quarto-shiny": ("Quarto with Shiny", "quarto"),
    "quarto-static": ("Quarto document", "quarto"),
    "rmd-shiny": ("R Markdown with Shiny", "Rscript"),
    "rmd-static": ("R Markdown document", "Rscript"),
    "shiny": ("Shiny for R", "Rscript"),
    "tensorflow-saved-model": ("TensorFlow model", "tensorflow_model_server"),
}


def why_not(app_mode: str, which: Callable[[str], str | None] = shutil.which) -> str:
    """Why content of this mode, which the catalog or its program lacks, cannot be deployed: one sentence."""
    label, program = FOREIGN.get(app_mode, ("", ""))
    if not program:
        return f"This server does not know {app_mode!r} content."
    if which(program) is None:
        return f"This server cannot deploy {label} content ({app_mode}): it has no {program}. The version is kept."
    return f"This server does not run {label} content ({app_mode}), although it has {program}. The version is kept."
