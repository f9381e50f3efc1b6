"""A launch spec whose environment has a Streamlit of a chosen age."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runners.contract import BuiltEnvironment, LaunchSpec


@pytest.fixture
def make_spec(tmp_path: Path) -> Callable[..., LaunchSpec]:
    def make(
        kind: str,
        *,
        options: str = "",
        base: str = "/content/g",
        origins: tuple[str, ...] = ("https://apps.example.org",),
    ) -> LaunchSpec:
        package = tmp_path / "env" / "lib" / "python3.11" / "site-packages" / "streamlit"
        package.mkdir(parents=True, exist_ok=True)
        (package / "config.py").write_text(options)
        code = tmp_path / "code"
        code.mkdir(exist_ok=True)
        (code / "app.py").write_text("")
        return LaunchSpec(
            key="k" * 16,
            kind=kind,
            code=code,
            entrypoint="app",
            environment=BuiltEnvironment(tmp_path / "env", tmp_path / "env/bin/python", "3.11.7", "0"),
            run_dir=tmp_path / "run",
            base_path=base,
            public_origins=origins,
            variables={},
            cookie_secret="hush",
        )

    return make
