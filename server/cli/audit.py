"""`tabard audit`: verifies and exports the audit trail on the server itself, beside a server that may be running."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from sqlmodel import Session, col, or_, select

from server.accounts import store as accounts
from server.audit.export import batch
from server.audit.filters import Filters
from server.audit.trail import Trail
from server.audit.verify import Place, Verdict, Verifier
from server.cli.options import add_data_options, settings_of
from server.db.models import Integration, User
from server.installation import Installation, open_installation
from server.web.errors import ApiError


def register(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    verify = acts.add_parser("verify", help="check that no event was changed, removed, put in, moved or cut off")
    verify.add_argument("--head", metavar="SEQ:MAC", help="what an earlier run printed as its head; kept elsewhere")
    add_data_options(verify)
    verify.set_defaults(run=run_verify)
    export = acts.add_parser("export", help="print events as JSON lines, oldest first")
    export.add_argument("--since", type=_moment, metavar="TIME", help="from this time on, e.g. 2027-01-31")
    export.add_argument("--until", type=_moment, metavar="TIME", help="before this time")
    export.add_argument("--user", help="a username or GUID: what this person did, and what concerns her")
    export.add_argument("--integration", help="an integration's name or GUID")
    add_data_options(export)
    export.set_defaults(run=run_export)


def _moment(text: str) -> datetime:
    """A time of the command line; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def run_verify(arguments: argparse.Namespace) -> int:
    """Print what was found. Returns 0 where all is as it was written, else 1."""
    kept = None if arguments.head is None else Place.read(arguments.head)
    if arguments.head is not None and kept is None:
        print("tabard: --head takes what an earlier run printed as its head: SEQ:MAC", file=sys.stderr)
        return 1
    opened = open_installation(settings_of(arguments), shared=True)
    try:
        verdict = _verdict(opened, kept)
    finally:
        opened.close()
    if not verdict.ok:
        print(f"tabard: the audit trail is broken: {verdict.problem}", file=sys.stderr)
        return 1
    print(f"the audit trail is whole: {verdict.events} events")
    print(f"head {verdict.head}")
    return 0


def _verdict(opened: Installation, kept: Place | None) -> Verdict:
    assert opened.db.chain is not None
    verifier = Verifier(opened.db.chain, kept=kept)
    while not opened.db.read_now(verifier.step):
        pass
    assert verifier.verdict is not None
    return verifier.verdict


def run_export(arguments: argparse.Namespace) -> int:
    """Print the events. Returns 0, or 1 with a sentence for a name that nobody has."""
    opened = open_installation(settings_of(arguments), shared=True)
    try:
        filters = Filters(
            user=opened.db.read_now(_user, arguments.user) if arguments.user else None,
            integration=opened.db.read_now(_integration, arguments.integration) if arguments.integration else None,
            since=arguments.since,
            until=arguments.until,
        )
        facts = {"filters": filters.facts, "by": "command"}
        opened.db.write_now(lambda session: Trail(opened.db).record(session, None, "export_audit_trail", **facts))
        after: int | None = 0
        while after is not None:
            lines, after = opened.db.read_now(batch, filters, after)
            sys.stdout.write(lines.decode())
        sys.stdout.flush()
    except ApiError as error:
        print(f"tabard: {error.message}", file=sys.stderr)
        return 1
    finally:
        opened.close()
    return 0


def _user(session: Session, name: str) -> str:
    user = accounts.by_name(session, name)
    if user is None:
        user = session.exec(select(User).where(User.guid == name)).first()
    if user is None:
        raise ApiError(404, 4, f"Nobody is called {name}.")
    return user.guid


def _integration(session: Session, name: str) -> str:
    query = select(Integration.guid).where(or_(col(Integration.guid) == name, col(Integration.name) == name))
    found = session.exec(query).all()
    if len(found) != 1:
        many = "Several integrations are" if found else "No integration is"
        raise ApiError(404, 4, f"{many} called {name}{'; name one by its GUID' if found else ''}.")
    return found[0]
