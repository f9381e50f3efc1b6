"""`tabard sandbox-provider`: the OAuth server for demonstrations and tests, alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from server.cli.stopping import stop_is_no_failure


def register(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, required=True, help="the port to listen on")
    parser.add_argument("--clients", help="a JSON file with clients (default: two sample clients)")
    parser.add_argument("--as", dest="vendor", default="", metavar="VENDOR", help="behave like this vendor at the root")
    parser.add_argument("--admin-token-file", help="a file with the token of the admin API (default: no admin API)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped. Returns the exit code."""
    # Imported here: nothing of the provider belongs into the gateway's process.
    from integrations.sandbox.run import run as serve  # noqa: PLC0415

    stop_is_no_failure()
    clients = Path(arguments.clients) if arguments.clients else None
    admin_token = ""
    if arguments.admin_token_file:
        admin_token = Path(arguments.admin_token_file).read_text("utf-8").strip()
    return serve(arguments.host, arguments.port, admin_token=admin_token, clients_file=clients, vendor=arguments.vendor)
