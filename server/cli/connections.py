"""`tabard connections`: what people let integrations do, listed, allowed ahead and ended on the server itself."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable

from sqlmodel import Session, col, select

from integrations import catalog
from integrations.http import OutboundClient
from server.accounts import store as accounts
from server.audit.trail import Trail
from server.cli.options import add_data_options, settings_of
from server.db.models import Integration
from server.delegations.delegations import Delegations
from server.delegations.store import Authorization, Extent, Wanted
from server.delegations.wire import authorization_object, revoked_object
from server.installation import Installation, open_installation
from server.oauth.integrations import Integrations
from server.settings import Settings
from server.vault.vault import Vault
from server.web.errors import ApiError
from server.web.paging import Paging

PAGE = 500
HEADINGS = ("created_on", "user_name", "role_name", "integration_name", "kind", "status")
Work = Callable[[Delegations, Installation], Awaitable[int]]


def register(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    listing = acts.add_parser("list", help="connections and pre-authorizations, oldest first")
    _filters(listing)
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(run=run_list)
    ahead = acts.add_parser("preauthorize", help="let a person skip the explanation; signing in is never skipped")
    ahead.add_argument("username")
    ahead.add_argument("integration", help="its name or its GUID")
    ahead.add_argument("--role", default="", help="the vendor's role (default: the vendor's default role)")
    add_data_options(ahead)
    ahead.set_defaults(run=run_preauthorize)
    revoke = acts.add_parser("revoke", help="end connections and pre-authorizations, and tell the vendors")
    _filters(revoke)
    revoke.add_argument("--yes", action="store_true", help="do not ask")
    revoke.add_argument("--json", action="store_true", help="one JSON object a line")
    revoke.set_defaults(run=run_revoke)


def _filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user", help="a username")
    parser.add_argument("--integration", help="an integration's name or GUID")
    parser.add_argument("--role", help='a role of the vendor ("" is the default one)')
    parser.add_argument("--kind", choices=("connection", "pre-authorized"))
    add_data_options(parser)


def _act(arguments: argparse.Namespace, work: Work) -> int:
    """Run `work` beside a server that may be running; refusals are a sentence and the code 1."""
    settings = settings_of(arguments)
    try:
        opened = open_installation(settings, shared=True)
        try:
            return asyncio.run(_served(settings, opened, work))
        finally:
            opened.close()
    except ApiError as error:
        print(f"tabard: {error.message}", file=sys.stderr)
        return 1


async def _served(settings: Settings, opened: Installation, work: Work) -> int:
    local = settings.oauth_allow_local_providers
    trail, client = Trail(opened.db), OutboundClient(allow_local=local)
    integrations = Integrations(opened.db, opened.keyring, catalog.load(), trail, allow_local=local)
    vault = Vault(opened.db, opened.keyring, integrations, client=client, trail=trail)
    try:
        return await work(Delegations(opened.db, integrations, vault.connections, trail), opened)
    finally:
        await vault.aclose()
        await trail.aclose()
        await client.aclose()


def _user(session: Session, name: str) -> str:
    user = accounts.by_name(session, name)
    if user is None:
        raise ApiError(404, 4, f"Nobody is called {name}.")
    return user.guid


def _integration(session: Session, name: str) -> str:
    query = select(Integration.guid).where((col(Integration.guid) == name.lower()) | (col(Integration.name) == name))
    found = session.exec(query).all()
    if not found:
        known = ", ".join(row.name or row.guid for row in session.exec(select(Integration)).all()) or "none yet"
        raise ApiError(404, 4, f"No integration is called {name}; there are: {known}.")
    if len(found) > 1:
        raise ApiError(400, 4, f"{len(found)} integrations are called {name}; use one of {', '.join(found)}.")
    return found[0]


def _wanted(arguments: argparse.Namespace, session: Session) -> Wanted:
    return Wanted(
        user_guid=None if arguments.user is None else _user(session, arguments.user),
        integration_guid=None if arguments.integration is None else _integration(session, arguments.integration),
        role=arguments.role,
        kind=arguments.kind,
    )


def run_list(arguments: argparse.Namespace) -> int:
    """Print what there is. Returns 0, or 1 with a sentence."""

    async def work(delegations: Delegations, opened: Installation) -> int:
        wanted = opened.db.read_now(lambda session: _wanted(arguments, session))
        rows: list[Authorization] = []
        number, total = 1, 1
        while len(rows) < total:
            found, total = await delegations.listed(wanted, Paging(number, PAGE))
            if not found:
                break
            rows, number = rows + found, number + 1
        if arguments.json:
            for row in rows:
                print(json.dumps(authorization_object(row)))
        else:
            _table(rows)
        return 0

    return _act(arguments, work)


def _table(rows: list[Authorization]) -> None:
    cells = [HEADINGS] + [
        (
            f"{row.created:%Y-%m-%d %H:%M:%S}",
            row.user_name,
            row.role or "(default)",
            row.integration_name,
            row.kind,
            row.status,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def run_preauthorize(arguments: argparse.Namespace) -> int:
    """Allow ahead. Returns 0, or 1 with a sentence where that cannot be."""

    async def work(delegations: Delegations, opened: Installation) -> int:
        user = opened.db.read_now(_user, arguments.username)
        integration = opened.db.read_now(_integration, arguments.integration)
        made = await delegations.preauthorize(None, user, integration, arguments.role)
        role = f" as {made.role}" if made.role else ""
        print(f"{made.user_name} goes straight to signing in at {made.integration_name}{role}.")
        return 0

    return _act(arguments, work)


def run_revoke(arguments: argparse.Namespace) -> int:
    """End what the options name. Returns 0, or 1 with a sentence, also where nobody agreed."""

    async def work(delegations: Delegations, opened: Installation) -> int:
        wanted = opened.db.read_now(lambda session: _wanted(arguments, session))
        if wanted.nothing:
            raise ApiError(400, 25, "Say whose or which: give at least one of --user, --integration and --role.")
        extent = await delegations.extent(wanted)
        if not (extent.connections or extent.pre_authorizations):
            print("There is nothing to end.")
            return 0
        if not arguments.yes and not _agreed(extent):
            return 1
        for ended in await delegations.revoke(None, wanted):
            if arguments.json:
                print(json.dumps(revoked_object(ended)))
            else:
                row = ended.authorization
                said = f" {ended.message}" if row.kind == "connection" else ""
                role = f" as {row.role}" if row.role else ""
                print(f"Ended: {row.kind} of {row.user_name} at {row.integration_name}{role}.{said}")
        return 0

    return _act(arguments, work)


def _agreed(extent: Extent) -> bool:
    print(
        f"This ends {extent.connections} connection(s) and {extent.pre_authorizations} pre-authorization(s) of "
        f"{extent.people} person(s) at {extent.integrations} integration(s). They will have to connect again.",
        file=sys.stderr,
    )
    if not sys.stdin.isatty():
        print("tabard: add --yes to do it.", file=sys.stderr)
        return False
    return input("End them? Type yes: ").strip().lower() == "yes"
