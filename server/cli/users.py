"""`tabard users add`: an account made on the server itself, such as the first administrator."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from server.accounts import store
from server.accounts.names import checked_email, checked_username
from server.accounts.passwords import Passwords, checked_password
from server.audit.trail import Trail
from server.cli.options import add_data_options, settings_of
from server.db.engine import Database
from server.installation import open_installation
from server.web.errors import ApiError


def register(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("users", help="manage people on the server itself")
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    add = acts.add_parser("add", help="make an account; the password is asked for, or read from standard input")
    add.add_argument("username")
    add.add_argument("--role", choices=("viewer", "publisher", "administrator"), default="viewer")
    add.add_argument("--email", default="")
    add.add_argument("--first-name", default="")
    add.add_argument("--last-name", default="")
    add_data_options(add)
    add.set_defaults(run=run_add)


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise ApiError(400, 0, "The two passwords differ.")
    return first


def _add(db: Database, arguments: argparse.Namespace, password_hash: str) -> None:
    def write(session: Any) -> None:
        user = store.add_user(
            session,
            username=checked_username(arguments.username),
            email=checked_email(arguments.email),
            first_name=arguments.first_name,
            last_name=arguments.last_name,
            role=arguments.role,
            password_hash=password_hash,
        )
        Trail(db).record(session, None, "add_user", user_guid=user.guid, role=user.role)

    db.write_now(write)


def run_add(arguments: argparse.Namespace) -> int:
    """Make the account. Returns 0, or 1 with a sentence where it cannot be made."""
    settings = settings_of(arguments)
    try:
        checked_username(arguments.username)
        password_hash = Passwords().hash_now(checked_password(_password()))
        opened = open_installation(settings, shared=True)
        try:
            _add(opened.db, arguments, password_hash)
        finally:
            opened.close()
    except ApiError as error:
        print(f"tabard: {error.message}", file=sys.stderr)
        return 1
    print(f"{arguments.username} can sign in at {settings.origin}")
    return 0
