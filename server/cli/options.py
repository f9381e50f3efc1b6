"""Options that several commands share, and the settings they lead to."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from server.settings import Settings, load


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """--data-dir and --config."""
    parser.add_argument("--data-dir", help="where everything is kept (default: ./tabard-data; TABARD_DATA_DIR)")
    parser.add_argument("--config", help="a TOML file with settings (TABARD_CONFIG)")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings for a command's options. Raises SettingsError."""
    overrides: dict[str, Any] = {name: getattr(arguments, name, None) for name in ("host", "port", "data_dir")}
    config = arguments.config
    return load(overrides, config=Path(config) if config else None)
