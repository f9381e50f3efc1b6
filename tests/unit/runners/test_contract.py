"""The contract's values can be logged without telling secrets."""

from __future__ import annotations

from pathlib import Path

from runners.contract import BuiltEnvironment, LaunchSpec, StartFailed


def test_a_spec_never_shows_its_secrets() -> None:
    spec = LaunchSpec(
        key="k" * 16,
        kind="python-streamlit",
        code=Path("/c"),
        entrypoint="app.py",
        environment=BuiltEnvironment(Path("/e"), Path("/e/bin/python"), "3.11.7", "0"),
        run_dir=Path("/r"),
        base_path="",
        public_origins=(),
        variables={"CONNECT_API_KEY": "hush-1"},
        cookie_secret="hush-2",
    )
    assert "hush" not in repr(spec)


def test_start_failed_keeps_its_parts() -> None:
    error = StartFailed("It ended.", "Traceback")
    assert (str(error), error.output_tail) == ("It ended.", "Traceback")
