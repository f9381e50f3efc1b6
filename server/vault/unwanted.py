"""The rows of tokens that providers are to be told to end: put down, taken up by one gateway at a time, done with."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import func
from sqlmodel import Session, col, select

from integrations.contract import ClientConfig, Secret
from integrations.grants.revocation import TokenHint
from server.db.models import Revocation
from server.keys.keyring import Keyring, OtherKey, SealBroken
from server.vault.lease import Clock, database_now

PURPOSE = "revocation"
# Who takes a row up has so many seconds for one call before another may.
TAKEN = 60.0
AT_ONCE = 20


@dataclass(frozen=True)
class Unwanted:
    """One token to be ended, and whose it was. `client` is the one it was issued to, as it was then."""

    client: ClientConfig
    token: Secret
    hint: TokenHint
    integration_guid: str
    connection_guid: str
    user_guid: str = ""


@dataclass(frozen=True)
class Due:
    """A row that this gateway has taken up; `what` is None where it does not open.

    `waits`: it needs a key that this gateway's key file does not hold, perhaps not yet.
    """

    guid: str
    attempts: int
    created_time: datetime
    integration_guid: str
    connection_guid: str
    user_guid: str
    what: Unwanted | None = field(repr=False)
    waits: bool = False


class Rows:
    """Each method is one transaction's work."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock

    def put(self, session: Session, unwanted: Unwanted) -> None:
        """Put a token down, to be tried at once."""
        guid, moment = str(uuid.uuid4()), database_now(session, self._clock)
        text = json.dumps({"token": unwanted.token.reveal(), "hint": unwanted.hint, "client": packed(unwanted.client)})
        session.add(
            Revocation(
                guid=guid,
                integration_guid=unwanted.integration_guid,
                connection_guid=unwanted.connection_guid,
                user_guid=unwanted.user_guid,
                sealed=self._keyring.seal(text, purpose=PURPOSE, bound_to=f"revocations|{guid}"),
                created_time=moment,
                next_time=moment,
            )
        )

    def take(self, session: Session) -> list[Due]:
        """The rows whose time has come, put off for whoever else looks."""
        moment = database_now(session, self._clock)
        due = select(Revocation).where(col(Revocation.next_time) <= moment).order_by(col(Revocation.next_time))
        rows = session.exec(due.limit(AT_ONCE).with_for_update(skip_locked=True)).all()
        for row in rows:
            row.attempts += 1
            row.next_time = moment + timedelta(seconds=TAKEN)
            session.add(row)
        return [self._due(row) for row in rows]

    def _due(self, row: Revocation) -> Due:
        whose = (row.integration_guid, row.connection_guid, row.user_guid)
        try:
            text = self._keyring.open(row.sealed, purpose=PURPOSE, bound_to=f"revocations|{row.guid}")
        except SealBroken as broken:
            waits = isinstance(broken, OtherKey)
            return Due(row.guid, row.attempts, row.created_time, *whose, what=None, waits=waits)
        held = json.loads(text)
        what = Unwanted(unpacked(held["client"]), Secret(held["token"]), cast(TokenHint, held["hint"]), *whose)
        return Due(row.guid, row.attempts, row.created_time, *whose, what=what)

    def put_off(self, session: Session, guid: str, seconds: float) -> None:
        """Try this one again after so many seconds."""
        row = session.exec(select(Revocation).where(Revocation.guid == guid)).first()
        if row is not None:
            row.next_time = database_now(session, self._clock) + timedelta(seconds=seconds)
            session.add(row)

    def done(self, session: Session, guid: str) -> None:
        """This one needs no further try."""
        row = session.exec(select(Revocation).where(Revocation.guid == guid)).first()
        if row is not None:
            session.delete(row)

    def wait(self, session: Session) -> float | None:
        """Seconds until the next row's time comes, 0 when one is due, None without rows."""
        first: datetime | None = session.exec(select(func.min(col(Revocation.next_time)))).one()
        if first is None:
            return None
        return max(0.0, float((first - database_now(session, self._clock)).total_seconds()))


def packed(config: ClientConfig) -> dict[str, Any]:
    """A client as JSON; its secrets are in the clear, so it is for sealing only."""
    return {each.name: _plain(getattr(config, each.name)) for each in fields(config)}


def unpacked(held: Mapping[str, Any]) -> ClientConfig:
    """The client of `packed`, by this version or an earlier one: what it does not know of has its default."""
    known = {each.name for each in fields(ClientConfig)}
    return ClientConfig(**{name: _thing(value) for name, value in held.items() if name in known})


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        return {"secret": value.reveal()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {"map": {key: _plain(item) for key, item in value.items()}}
    return value


def _thing(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_thing(item) for item in value)
    if isinstance(value, dict) and "secret" in value:
        return Secret(value["secret"])
    if isinstance(value, dict):
        return {key: _thing(item) for key, item in value["map"].items()}
    return value
