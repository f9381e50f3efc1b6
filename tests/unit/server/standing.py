"""One content item, people of every standing towards it, and API calls in their names: no socket, a real database."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlmodel import select

from server.access import store as access
from server.access.guard import Guard
from server.accounts import store as accounts
from server.audit.trail import Trail
from server.db.engine import Database
from server.db.models import AuditEvent, User
from server.web.api import Api
from server.web.caller import Caller
from server.web.csrf import Csrf
from server.web.routes import Routes
from tests.unit.server.instances.rig import Rig
from tests.unit.server.web.asking import asking

UNKNOWN = "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"


@dataclass(frozen=True)
class Answer:
    """What a call was answered."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, int]:
        """The status and Connect's error number."""
        return self.status, self.json["code"]


def caller_of(user: User) -> Caller:
    return Caller(user.id or 0, user.guid, user.username, user.username, role=user.role, via="key", credential="key:0")


class Standing(Rig):
    """`owner`, `editor` and `viewer` are on the item's list; `stranger` (a publisher) is not; `admin` needs not be."""

    def __init__(self, db: Database, root: Path) -> None:
        super().__init__(db, root)
        self.trail, self.guard = Trail(db, gather=0.01), Guard(self.directory)
        self.who = {"owner": caller_of(self.owner)} | {
            name: caller_of(db.write_now(lambda s, n=name, r=role: accounts.add_user(s, username=n, role=r)))
            for name, role in (
                ("editor", "publisher"),
                ("viewer", "viewer"),
                ("stranger", "publisher"),
                ("admin", "administrator"),
            )
        }
        for name, role in (("editor", "owner"), ("viewer", "viewer")):
            db.write_now(access.put, self.view.id, self.owner.guid, self.who[name].guid, role)
        self.who["app"] = replace(self.who["owner"], via="content", content_guid=self.guid)
        self.routes = Routes()

    async def call(self, name: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One call; `{guid}` in the path is the item's. A body of bytes is sent as it is, any other as JSON."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {"content_type": "application/json"} | headers
        target = "/__api__" + path.replace("{guid}", self.guid)
        request = asking(method, target, caller=self.who[name], body=raw, **headers)
        # From this version on a server tells of a client that left by an error, so nothing listens for it meanwhile.
        request.scope["asgi"] = {"spec_version": "2.4"}
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await Api(self.routes.routes, Csrf(self.keyring, ()))(request.scope, request.receive, send)
        given = {n.decode().lower(): v.decode() for n, v in sent[0]["headers"]}
        return Answer(sent[0]["status"], b"".join(m.get("body", b"") for m in sent), given)

    async def statuses(self, method: str, path: str, body: Any = None) -> dict[str, int]:
        """What everybody is answered to the same call."""
        return {name: (await self.call(name, method, path, body)).status for name in self.who}

    async def events(self, action: str) -> list[AuditEvent]:
        await self.trail.aclose()
        query = select(AuditEvent).where(AuditEvent.action == action)
        return await self.db.read(lambda session: list(session.exec(query).all()))


@asynccontextmanager
async def open_standing(db: Database, root: Path) -> AsyncIterator[Standing]:
    made = Standing(db, root)
    yield made
    made.runner.gate.set()
    await made.pool.aclose()
    await made.trail.aclose()
