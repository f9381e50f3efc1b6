"""`tabard users`: accounts made and passwords set on the server itself, such as the first administrator's."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable

from sqlmodel import Session

from server.accounts import store
from server.accounts.names import checked_email, checked_username
from server.accounts.passwords import Passwords, checked_password
from server.audit.trail import Trail
from server.cli.options import add_data_options, settings_of
from server.db.engine import Database
from server.installation import open_installation
from server.sessions import store as sessions
from server.web.errors import ApiError


def register(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    add = acts.add_parser("add", help="make an account; the password is asked for, or read from standard input")
    add.add_argument("username")
    add.add_argument("--role", choices=("viewer", "publisher", "administrator"), default="viewer")
    add.add_argument("--email", default="")
    add.add_argument("--first-name", default="")
    add.add_argument("--last-name", default="")
    add_data_options(add)
    add.set_defaults(run=run_add)
    change = acts.add_parser("set-password", help="give an account a new password; its open sessions end")
    change.add_argument("username")
    add_data_options(change)
    change.set_defaults(run=run_set_password)


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise ApiError(400, 0, "The two passwords differ.")
    return first


def _add(db: Database, arguments: argparse.Namespace, password_hash: str) -> None:
    def write(session: Session) -> None:
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


def _set_password(db: Database, username: str, password_hash: str) -> None:
    def write(session: Session) -> None:
        user = store.by_name(session, username)
        if user is None:
            raise ApiError(404, 4, f"Nobody is called {username}; make the account with: tabard users add {username}")
        user.password_hash = password_hash
        session.add(user)
        sessions.end_all(session, user.guid)
        Trail(db).record(session, None, "edit_user", user_guid=user.guid, fields=["password_hash"])

    db.write_now(write)


def _act(arguments: argparse.Namespace, work: Callable[[Database, str], None], done: str) -> int:
    """Ask for a password, then run `work(db, hash)` beside a server that may be running."""
    settings = settings_of(arguments)
    try:
        checked_username(arguments.username)
        password_hash = Passwords().hash_now(checked_password(_password()))
        opened = open_installation(settings, shared=True)
        try:
            work(opened.db, password_hash)
        finally:
            opened.close()
    except ApiError as error:
        print(f"tabard: {error.message}", file=sys.stderr)
        return 1
    print(done.format(name=arguments.username, origin=settings.origin))
    return 0


def run_add(arguments: argparse.Namespace) -> int:
    """Make the account. Returns 0, or 1 with a sentence where it cannot be made."""
    return _act(arguments, lambda db, h: _add(db, arguments, h), "{name} can sign in at {origin}")


def run_set_password(arguments: argparse.Namespace) -> int:
    """Set a password. Returns 0, or 1 with a sentence where it cannot be set."""
    return _act(arguments, lambda db, h: _set_password(db, arguments.username, h), "The password of {name} is set.")
