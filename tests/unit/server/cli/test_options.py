"""Options of the command line win over the environment, which wins over the file."""

import argparse
from pathlib import Path

import pytest

from server.cli.options import add_data_options, settings_of
from server.settings import SettingsError


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port")
    add_data_options(parser)
    return parser.parse_args(arguments)


def test_the_order(tmp_path: Path, monkeypatch):
    file = tmp_path / "tabard.toml"
    file.write_text(f'host = "0.0.0.0"\nport = 4001\ndata_dir = "{tmp_path}/file"\n')
    monkeypatch.setenv("TABARD_PORT", "4002")
    monkeypatch.delenv("TABARD_HOST", raising=False)
    found = settings_of(parsed("--config", str(file)))
    assert (found.host, found.port, found.data_dir) == ("0.0.0.0", 4002, tmp_path / "file")
    found = settings_of(parsed("--config", str(file), "--port", "4003", "--data-dir", "/else"))
    assert (found.host, found.port, found.data_dir) == ("0.0.0.0", 4003, Path("/else"))


def test_a_bad_value_names_its_option(tmp_path: Path):
    with pytest.raises(SettingsError) as caught:
        settings_of(parsed("--port", "none", "--config", str(tmp_path / "missing.toml")))
    first, second = caught.value.problems
    assert "missing.toml cannot be read" in first
    assert second.startswith("--port has a value that cannot be used")
