"""The launch line of quarto, for one document and for a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.contract import BuiltEnvironment, RenderSpec
from runners.kinds.entrypoint import EntrypointProblem
from runners.kinds.quarto_static import locate, render


@pytest.mark.parametrize(("source", "target"), [("report.qmd", ["report.qmd"]), ("", [])])
def test_the_launch_line(source: str, target: list[str]) -> None:
    environment = BuiltEnvironment(Path("/env"), Path("/env/bin/python"), "3.11.7", "k")
    work = Path("/run/work")
    spec = RenderSpec("k", work, source, work / "_rendered", environment, Path("/run"), Path("/bin/quarto"), {}, {})
    assert render(spec) == ["/bin/quarto", "render", *target, "--output-dir", "_rendered"]


def test_a_project_names_no_document(tmp_path: Path) -> None:
    (tmp_path / "report.qmd").touch()
    assert locate(tmp_path, "report.qmd") == tmp_path / "report.qmd"
    with pytest.raises(EntrypointProblem, match="names no entry point"):
        locate(tmp_path, "")
    (tmp_path / "_quarto.yml").touch()
    assert locate(tmp_path, "") == tmp_path
    with pytest.raises(EntrypointProblem, match="is an option"):
        locate(tmp_path, "--to")
