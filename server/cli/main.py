"""The `tabard` command: finds the subcommand and turns known problems into a sentence and a non-zero exit.

Only the module of the subcommand that was asked for is loaded: most of a short command's time was loading the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

# What each does; its module has the same name.
COMMANDS = {
    "serve": "start the server",
    "sandbox-provider": "start the OAuth provider for demonstrations and tests",
    "users": "manage people on the server itself",
    "connections": "list and end what people let integrations do, or allow it ahead",
    "keys": "look at, replace and remove the keys that data is sealed with",
    "audit": "verify and export the audit trail",
    "backup": "copy everything but the key into a new folder, while the server runs",
    "signing-keys": "list and replace the keys that sign an integration's tokens",
}


def _parser(named: str) -> argparse.ArgumentParser:
    """The parser, with the options of the subcommand `named`."""
    parser = argparse.ArgumentParser(
        prog="tabard", description="A self-hosted server for data apps that act in the name of who is looking."
    )
    parser.add_argument("--version", action="version", version=f"tabard {version('tabard')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, words in COMMANDS.items():
        command = commands.add_parser(name, help=words)
        if name == named:
            import_module(f"server.cli.{name.replace('-', '_')}").register(command)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for a refusal, 2 for wrong options."""
    words = sys.argv[1:] if argv is None else argv
    arguments = _parser(next((word for word in words if word in COMMANDS), "")).parse_args(words)
    try:
        code: int = arguments.run(arguments)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        print(told, file=sys.stderr)
        return 1
    return code


def _told(error: Exception) -> str | None:
    """What is said of a problem that the administrator can mend; None for any other."""
    from server.installation import CannotOpen  # noqa: PLC0415 - loaded only when there is something to tell
    from server.settings import SettingsError  # noqa: PLC0415

    if isinstance(error, SettingsError):
        return "\n".join(["Tabard cannot start with these settings:", *(f"  - {each}" for each in error.problems)])
    return f"tabard: {error}" if isinstance(error, CannotOpen) else None
