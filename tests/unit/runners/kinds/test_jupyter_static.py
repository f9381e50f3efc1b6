"""The launch line of a notebook's rendering, and notebooks that no Python kernel can run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runners.contract import BuiltEnvironment, RenderSpec
from runners.kinds import jupyter_static
from runners.kinds.jupyter_static import KIND, refuses, render


def spec(options: Mapping[str, Any]) -> RenderSpec:
    environment = BuiltEnvironment(Path("/env"), Path("/env/bin/python"), "3.11.7", "k")
    work = Path("/run/work")
    return RenderSpec("k", work, "-report.ipynb", work / "_rendered", environment, Path("/run"), None, options, {})


def test_the_environments_own_kernel_runs_it() -> None:
    line = render(spec({}))
    assert line[:6] == ["/env/bin/python", "-I", "-u", "-m", "nbconvert", "--execute"]
    assert "--ExecutePreprocessor.kernel_name=python3" in line
    assert line[-2:] == ["--", "-report.ipynb"]
    assert not any("input" in word for word in line)
    assert KIND.adds == ("nbconvert>=7", "ipykernel")


@pytest.mark.parametrize(
    ("jupyter", "wanted"),
    [
        ({"hide_all_input": True}, "--no-input"),
        ({"hide_all_input": True, "hide_tagged_input": True}, "--no-input"),
        ({"hide_tagged_input": True}, "--TagRemovePreprocessor.remove_input_tags=hide_input"),
        ({"hide_all_input": False}, ""), ({"hide_all_input": "yes"}, ""), ([], ""), (None, ""),
    ],
)  # fmt: skip
def test_input_is_hidden_as_the_manifest_says(jupyter: Any, wanted: str) -> None:
    hiding = [word for word in render(spec({"jupyter": jupyter})) if "input" in word]
    assert hiding == ([wanted] if wanted else [])


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, None), ({"kernelspec": {"language": "python", "name": "x"}}, None), (None, None),
        ({"kernelspec": {"name": "x"}, "language_info": {"name": "Python"}}, None),
        ({"kernelspec": {"language": "R"}}, "n.ipynb is written in r; this server runs Python notebooks."),
        ({"language_info": {"name": "julia"}}, "n.ipynb is written in julia; this server runs Python notebooks."),
    ],
)  # fmt: skip
def test_other_languages_are_refused(tmp_path: Path, metadata: Any, reason: str | None) -> None:
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": [], "metadata": metadata}))
    assert refuses(tmp_path / "n.ipynb") == reason


@pytest.mark.parametrize("text", ["", "[]", "{", '{"worksheets": []}', "\xff"])
def test_what_is_no_notebook(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.ipynb").write_text(text, "latin-1")
    assert "is not a notebook of format 4" in (refuses(tmp_path / "n.ipynb") or "")


def test_a_large_one_is_left_to_its_own_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tmp_path / "n.ipynb"
    document.write_text("[" + "{}," * 100 + "{}]")
    assert refuses(document) is not None
    monkeypatch.setattr(jupyter_static, "MOST_BYTES", 100)
    assert refuses(document) is None
