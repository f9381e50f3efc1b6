"""The role mapping of an integration: read whole, replaced whole, checked against how its tokens name roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from server.audit.trail import Trail
from server.db.engine import Database
from server.db.models import Integration
from server.minting import store
from server.minting.policy import Entry, role_problem
from server.minting.terms import TEMPLATE, Terms, issuer_of, terms_of
from server.oauth import store as oauth
from server.oauth.permissions import INVALID_GROUP_GUID, INVALID_USER_GUID
from server.web.caller import Caller
from server.web.errors import ApiError, invalid

MOST: Final = 1000
MOST_ROLES: Final = 100


@dataclass(frozen=True)
class Line:
    """One entry with what its person or group is called."""

    entry: Entry
    name: str


class Mapping:
    """Reads and replaces role mappings. Nothing remembers them, so a change counts at the next exchange."""

    def __init__(self, db: Database, trail: Trail, origin: str) -> None:
        self._db, self._trail, self._origin = db, trail, origin

    async def read(self, guid: str) -> list[Line]:
        """The mapping of an integration, in its order. Raises ApiError 404, 400 where it mints no tokens."""

        def find(session: Session) -> list[Line]:
            row = _minting(oauth.by_guid(session, guid))
            entries = store.entries(session, row.id or 0)
            called = store.names(session, entries)
            return [Line(entry, called.get(entry.guid, "")) for entry in entries]

        return await self._db.read(find)

    async def replace(self, actor: Caller, guid: str, wanted: Sequence[Entry]) -> None:
        """Make the mapping exactly this.

        Raises ApiError 404; 400 for people (261) and groups (262) that are not there, for one that is listed twice,
        and for a role that a token of this integration cannot carry.
        """
        _check_once(wanted)

        def write(session: Session) -> None:
            row = _minting(oauth.by_guid(session, guid, lock=True))
            _check_roles(wanted, terms_of(row.config, issuer_of(self._origin, row.guid)))
            ids = _ids(session, wanted)
            before = store.entries(session, row.id or 0)
            store.replace_entries(session, row.id or 0, wanted, ids)
            told = [_told(entry) for entry in wanted], [_told(entry) for entry in before]
            self._trail.record(
                session,
                actor,
                "edit_role_mapping",
                integration=row.guid,
                added=[line for line in told[0] if line not in told[1]],
                removed=[line for line in told[1] if line not in told[0]],
            )

        await self._db.write(write)


def _minting(row: Integration) -> Integration:
    if row.template != TEMPLATE:
        raise invalid("Only an External OAuth integration has a role mapping.")
    return row


def _check_once(wanted: Sequence[Entry]) -> None:
    if len(wanted) > MOST:
        raise invalid(f"A role mapping has at most {MOST} entries.")
    named = [(entry.kind, entry.guid) for entry in wanted]
    if len(set(named)) != len(named):
        raise invalid("Each person, each group and the default may be in a role mapping once.")
    for entry in wanted:
        if entry.kind != "user" and (entry.roles is None or entry.login):
            raise invalid("Only an entry of a person may leave out the roles, or name a login.")


def _check_roles(wanted: Sequence[Entry], terms: Terms) -> None:
    for role in dict.fromkeys(role for entry in wanted for role in entry.roles or ()):
        if problem := role_problem(role, terms):
            raise invalid(problem)


def _ids(session: Session, wanted: Sequence[Entry]) -> dict[str, int]:
    ids = store.ids_of(session, wanted)
    for entry in wanted:
        if entry.guid and entry.guid not in ids:
            code = INVALID_USER_GUID if entry.kind == "user" else INVALID_GROUP_GUID
            raise ApiError(400, code, f"A {entry.kind}_guid in the role mapping names nobody.")
    return ids


def _told(entry: Entry) -> str:
    """One entry in a line of the ledger."""
    who = f"{entry.kind} {entry.guid}".strip()
    roles = "as others" if entry.roles is None else ", ".join(entry.roles) or "none"
    return f"{who}: {roles}" + (f" as {entry.login}" if entry.login else "")
