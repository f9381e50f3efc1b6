"""`tabard signing-keys`: the keys that this server signs an integration's tokens with, listed and replaced."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from sqlmodel import col, select

from server.audit.trail import Trail
from server.cli.options import add_data_options, settings_of
from server.db.models import Integration
from server.installation import Installation, open_installation
from server.minting.issuers import signs
from server.minting.keys import SigningKeys, bare
from server.minting.terms import terms_of
from server.web.errors import ApiError

Work = Callable[[SigningKeys, Integration], Awaitable[None]]


def register(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    for name, words, run in (
        ("list", "the keys whose tokens may be valid", run_list),
        ("publish", "publish a new key that signs nothing yet", run_publish),
        ("use", "sign with a published key from now on", run_use),
        ("remove", "take back a key that is not in use, with all that it signed", run_remove),
    ):
        act = acts.add_parser(name, help=words)
        act.add_argument("integration", help="its name or its GUID")
        if name in ("use", "remove"):
            act.add_argument("kid", help="the key's id, as `list` shows it")
        add_data_options(act)
        act.set_defaults(run=run)


def run_list(arguments: argparse.Namespace) -> int:
    """One line a key: id, state, bits. Returns 0, or 1 with a sentence."""

    async def work(keys: SigningKeys, row: Integration) -> None:
        for key in await keys.published(row, bits=terms_of(row.config, "").key_bits):
            print(f"{key.kid}  {key.state:<6}  {key.bits}")

    return _act(arguments, work)


def run_publish(arguments: argparse.Namespace) -> int:
    """Print the new key's id, and its public half without header lines."""

    async def work(keys: SigningKeys, row: Integration) -> None:
        made = await keys.publish(None, row, bits=terms_of(row.config, "").key_bits)
        print(f"{made.kid}\n{bare(made.public_pem)}")

    return _act(arguments, work)


def run_use(arguments: argparse.Namespace) -> int:
    """Switch to a published key."""

    async def work(keys: SigningKeys, row: Integration) -> None:
        await keys.use(None, row, arguments.kid)
        print(f"{arguments.kid} signs from now on.")

    return _act(arguments, work)


def run_remove(arguments: argparse.Namespace) -> int:
    """Take back a key."""

    async def work(keys: SigningKeys, row: Integration) -> None:
        await keys.remove(None, row, arguments.kid)
        print(f"{arguments.kid} is taken back.")

    return _act(arguments, work)


def _act(arguments: argparse.Namespace, work: Work) -> int:
    """Run `work` beside a server that may be running; refusals are a sentence and the code 1."""
    try:
        opened = open_installation(settings_of(arguments), shared=True)
        try:
            asyncio.run(_served(opened, arguments.integration, work))
        finally:
            opened.close()
    except ApiError as error:
        print(f"tabard: {error.message}", file=sys.stderr)
        return 1
    return 0


async def _served(opened: Installation, name: str, work: Work) -> None:
    trail = Trail(opened.db)
    row = await opened.db.read(lambda session: _named(list(session.exec(_called(name)).all()), name))
    try:
        await work(SigningKeys(opened.db, opened.keyring, trail), row)
    finally:
        await trail.aclose()


def _called(name: str) -> Any:
    return select(Integration).where((col(Integration.guid) == name.lower()) | (col(Integration.name) == name))


def _named(found: list[Integration], name: str) -> Integration:
    signing = [row for row in found if signs(row)]
    if not signing:
        raise ApiError(404, 4, f"This server signs tokens for no integration called {name}.")
    if len(signing) > 1:
        guids = ", ".join(row.guid for row in signing)
        raise ApiError(400, 4, f"{len(signing)} integrations are called {name}; use one of {guids}.")
    return signing[0]
