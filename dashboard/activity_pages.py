"""Activity: the audit trail for administrators, searched, filtered, verified and exported; nothing here changes it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.views import activity as views
from server.audit import store
from server.audit.filters import Filters
from server.audit.search import LONGEST, search
from server.audit.verify import Verifier
from server.audit.words import Line, words_of
from server.web.caller import Caller
from server.web.cursors import Keyset, keyset_of, page

HERE = "/activity"
EXPORT = "/__api__/v1/audit/export"
REFUSAL = "Activity shows what everybody did here, so only administrators see it. Your own is on Connected accounts."
ROWS = 50
GUIDS = ("user", "content", "integration", "connection")
GUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ACTION = re.compile("[a-z_]{1,64}")


class ActivityPages:
    """`/activity` and its button."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services

    async def listing(self, request: Request, caller: Caller) -> Response:
        """Newest first; `?q=` searches, and the other names of the query narrow."""
        sent, problem = request.query_params, ""
        days = {}
        for name in ("since", "until"):
            try:
                days[name] = _day(sent.get(name, ""))
            except ValueError:
                days[name], problem = None, "Type a day like 2027-01-31."
        guids = {name: sent[name] for name in GUIDS if GUID.fullmatch(sent.get(name, ""))}
        action = sent.get("action", "") if ACTION.fullmatch(sent.get("action", "")) else ""
        until = days["until"]
        filters = Filters(
            **guids,
            action=action or None,
            since=days["since"],
            until=None if until is None else until + timedelta(days=1),
        )
        query = sent.get("q", "")[:LONGEST].replace("\0", "")
        keyset = replace(keyset_of(request, int), ascending=False, limit=ROWS)
        rows, lines, actions = await self._services.db.read(_read, keyset, filters, query)
        paging, _ = page(request, "", keyset, rows, lambda row: (row[0].time, row[0].id or 0))
        shown_lines = [*lines[:ROWS]][:: -1 if keyset.backwards else 1]
        shown = views.Activity(
            page=self._desk.page(request, caller, "Activity", "activity"),
            rows=tuple(_row(line) for line in shown_lines),
            actions=tuple(sorted(((name, words_of(name)) for name in actions), key=lambda pair: pair[1])),
            query=query,
            action=action,
            since="" if days["since"] is None else sent["since"],
            until="" if until is None else sent["until"],
            problem=problem,
            only=tuple(_only(request, name) for name in guids),
            newer=_address(request, previous=paging["cursors"]["previous"]),
            older=_address(request, next=paging["cursors"]["next"]),
            export=_export(filters),
        )
        return self._desk.show("activity", shown, 400 if problem else 200)

    async def verify(self, request: Request, caller: Caller) -> Response:
        """The button: whether the trail is as it was written."""
        await self._desk.form(request, caller)
        chain = self._services.db.chain
        if chain is None:
            return self._desk.back(caller, HERE, "This server does not link its audit trail.", "error")
        verifier = Verifier(chain)
        while not await self._services.db.read(verifier.step):
            pass
        verdict = verifier.verdict
        assert verdict is not None
        if not verdict.ok:
            text = f"The trail is broken: {verdict.problem}. Keep a copy of the database, and find out who changed it."
            return self._desk.back(caller, HERE, text, "error")
        return self._desk.back(caller, HERE, f"All {verdict.events} events are as they were written.")

    def routes(self) -> list[Route]:
        """The addresses of these screens."""
        pages = (("GET", HERE, self.listing), ("POST", f"{HERE}/verify", self.verify))
        return [self._desk.route(m, path, shown, role="administrator", refusal=REFUSAL) for m, path, shown in pages]


def _read(
    session: Session, keyset: Keyset, filters: Filters, query: str
) -> tuple[list[store.Told], list[Line], list[str]]:
    rows = search(session, keyset, filters, query)
    return rows, store.lines(session, rows), store.actions(session)


def _day(text: str) -> datetime | None:
    """The beginning of a day in UTC. Raises ValueError."""
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) if text else None


def _row(line: Line) -> views.EventRow:
    event = line.event
    known = {"request": event.request_id, "bundle": event.bundle, "connection": event.connection, **event.data}
    facts = tuple((name.replace("_", " "), str(value)) for name, value in known.items() if value not in (None, ""))
    return views.EventRow(
        time=line.time,
        text=line.text,
        actor=event.actor,
        action=words_of(event.action),
        address=event.address or "",
        seq=event.seq,
        facts=facts,
    )


def _kept(request: Request, *gone: str) -> list[tuple[str, str]]:
    dropped = {*gone, "next", "previous"}
    return [(name, value) for name, value in request.query_params.items() if name not in dropped and value]


def _address(request: Request, **cursor: str | None) -> str:
    """This list at another page; empty where there is none."""
    there = {name: value for name, value in cursor.items() if value is not None}
    return f"{HERE}?{urlencode([*_kept(request), *there.items()])}" if there else ""


def _only(request: Request, name: str) -> views.Only:
    kept = urlencode(_kept(request, name))
    return views.Only(name=name, value=request.query_params[name], without=f"{HERE}?{kept}" if kept else HERE)


def _export(filters: Filters) -> str:
    facts = {name: value.replace("+00:00", "Z") for name, value in filters.facts.items()}
    return f"{EXPORT}?{urlencode(facts)}" if facts else EXPORT
