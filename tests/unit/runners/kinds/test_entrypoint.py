"""An entry point is a regular file inside the bundle, whatever its manifest says."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners.kinds.entrypoint import EntrypointProblem, resolve


@pytest.fixture
def code(tmp_path: Path) -> Path:
    home = tmp_path / "code"
    (home / "pkg" / "sub").mkdir(parents=True)
    for name in (
        "app.py",
        "my-app.py",
        "code.R",
        "pkg/__init__.py",
        "pkg/sub/main.py",
        "name with spaces.py",
        "notes.txt",
    ):
        (home / name).write_text("")
    (tmp_path / "outside.py").write_text("")
    (home / "link.py").symlink_to("app.py")
    (home / "linked").symlink_to("pkg")
    return home


@pytest.mark.parametrize(
    ("entrypoint", "file"),
    [
        ("app.py", "app.py"),
        ("./app.py", "app.py"),
        ("app", "app.py"),
        ("app:app", "app.py"),
        ("pkg", "pkg/__init__.py"),
        ("pkg.sub.main:server", "pkg/sub/main.py"),
        ("pkg/sub/main.py", "pkg/sub/main.py"),
        ("pkg/sub/main.py:server", "pkg/sub/main.py"),
        ("code.R", "code.R"),
        ("my-app", "my-app.py"),
        ("my-app:server", "my-app.py"),
        ("name with spaces.py", "name with spaces.py"),
    ],
)
def test_resolved(code: Path, entrypoint: str, file: str) -> None:
    assert resolve(code, entrypoint) == code / file


@pytest.mark.parametrize(
    "entrypoint",
    [
        "",
        "-c",
        "--server.port=1",
        "/etc/passwd",
        "../outside.py",
        "pkg/../../outside.py",
        "missing.py",
        "os",
        ";rm -rf",
        "link.py",
        "linked/sub/main.py",
        "pkg/sub",
        "app.py:a b",
        "app.py\n",
        "a\x00b",
        "C:\\x.py",
        ".",
        "app.py;x",
        "x" * 5000,
    ],
)
def test_refused(code: Path, entrypoint: str) -> None:
    with pytest.raises(EntrypointProblem, match=r"\.$"):
        resolve(code, entrypoint)
