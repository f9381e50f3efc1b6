"""The `tabard` command: finds the subcommand and turns known problems into a sentence and a non-zero exit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from server.cli import audit, backup, connections, keys, sandbox_provider, serve, signing_keys, users
from server.installation import CannotOpen
from server.settings import SettingsError

COMMANDS = (serve, sandbox_provider, users, connections, keys, audit, backup, signing_keys)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tabard", description="A self-hosted server for data apps that act in the name of who is looking."
    )
    parser.add_argument("--version", action="version", version=f"tabard {version('tabard')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for a refusal, 2 for wrong options."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except SettingsError as error:
        print("Tabard cannot start with these settings:", file=sys.stderr)
        for problem in error.problems:
            print(f"  - {problem}", file=sys.stderr)
        return 1
    except CannotOpen as error:
        print(f"tabard: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code
