"""The ASGI application that every connection meets: content goes the visitor's way, all else to our own site."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.db.engine import DatabaseUnavailable
from server.gateway import files, obstacles
from server.gateway.acquire import CannotStart
from server.gateway.answers import Answers
from server.gateway.by_name import ByName
from server.gateway.obstacles import Obstacle
from server.gateway.presence import Presence
from server.gateway.visit import Shelved, Visit, Visits
from server.instances.live import StartProblem
from server.loans.notice import Notices
from server.proxy.contract import Destination, Head, Header, Refusal, target_of
from server.proxy.failures import UpstreamFailed, UpstreamTimedOut
from server.proxy.forward import forward
from server.proxy.headers import HeaderPolicy
from server.proxy.registry import Registry
from server.sessions.identify import Sessions
from server.sessions.signatures import Line
from server.usage.policy import LIVE_MODES, is_visit
from server.usage.recorder import Recorder
from server.web.caller import ANONYMOUS, Caller
from server.web.screens import new_request_id, wants_page
from server.web.whence import arrived, came_from

log = logging.getLogger("tabard.gateway")
# Seconds a browser waits for a starting app before it is shown what is happening (design.md, principle 4).
PATIENCE = 1.5
UNAVAILABLE = b'{"code": 1, "error": "The database is not available; try again shortly.", "payload": null}'


class Gateway:
    """Dispatches HTTP; `decide_socket` does the same steps for WebSocket handshakes."""

    def __init__(
        self,
        visits: Visits,
        answers: Answers,
        sessions: Sessions,
        site: ASGIApp,
        policy: HeaderPolicy,
        registry: Registry,
        presence: Presence,
        by_name: ByName,
        usage: Recorder,
        notices: Notices,
    ) -> None:
        self._notices = notices
        self._presence, self._by_name, self._usage = presence, by_name, usage
        self._visits, self._answers, self._sessions = visits, answers, sessions
        self._site, self._policy, self._registry = site, policy, registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = new_request_id()
        arrived(scope, state["request_id"])
        try:
            if scope["path"].startswith("/content/"):
                await self._visit(scope, receive, send)
            else:
                line = Line(scope["method"], target_of(scope))
                caller = state["caller"] = await self._sessions.identify(scope["headers"], line)
                elsewhere = await self._by_name.elsewhere(line.target, caller)
                await (elsewhere or self._site)(scope, receive, send)
        except DatabaseUnavailable:
            log.error("the database is not available")
            reply = Response(UNAVAILABLE, 503, {"Retry-After": "2"}, "application/json")
            await reply(scope, receive, send)

    async def _visit(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = target_of(scope)
        headers = tuple(scope["headers"])
        page = wants_page(scope["method"], headers)
        patience = PATIENCE if page else None
        found = await self._visits.decide(target, headers, method=scope["method"], socket=False, patience=patience)
        if page and isinstance(found, Visit) and found.lent and self._notices.is_due(found.caller, found.lent, headers):
            found = obstacles.Borrowed(found.caller, found.view, found.lent)
        if isinstance(found, Visit):
            if not found.draft and is_visit(scope["method"], found.inside, headers):
                self._usage.visited(found.caller, found.view, found.bundle_id, found.inside, _agent(headers))
            answered = await self._pass_on(scope, receive, send, found)
            if answered is None:
                return
            found = answered
        if isinstance(found, obstacles.Pictured):
            reply = await self._by_name.picture(scope, found.view)
        else:
            reply = await self._reply(scope, found, target.decode("latin-1"), page=page)
        await reply(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, visit: Visit) -> Obstacle | None:
        """Answer a visit that may pass; an obstacle where what it wants is not there after all."""
        if isinstance(visit.destination, Shelved):
            reply = await files.answer(scope, visit.destination, public=visit.view.access_type == "all")
            if reply is None:
                return obstacles.Nothing(visit.caller, visit.view)
            await reply(scope, receive, send)
            return None
        self._presence.note(visit.caller, visit.view)
        try:
            await forward(scope, receive, send, visit.destination, self._policy, self._registry)
        except UpstreamFailed as failure:
            return _broken(visit, failure)
        return None

    async def _reply(self, scope: Scope, obstacle: Obstacle, target: str, *, page: bool) -> Response:
        if not page:
            return self._answers.scripted(obstacle, target)
        scope["state"]["caller"] = getattr(obstacle, "caller", ANONYMOUS)
        return await self._answers.page(obstacle, target, Request(scope))

    async def decide_socket(self, head: Head) -> Destination | Refusal:
        """The decision over one WebSocket handshake; refusals are JSON (G-30)."""
        came_from(head.client[0] if head.client else "", new_request_id())
        try:
            if not head.target.startswith(b"/content/"):
                caller = await self._sessions.identify(head.headers, Line("GET", head.target, empty=True))
                elsewhere = await self._by_name.elsewhere(head.target, caller)
                if elsewhere is not None:
                    return _refusal(elsewhere)
            found = await self._visits.decide(head.target, head.headers, socket=True, patience=5.0)
        except DatabaseUnavailable:
            return Refusal(503, ((b"content-type", b"application/json"),), UNAVAILABLE)
        if isinstance(found, Visit):
            if not isinstance(found.destination, Shelved):
                self._presence.note(found.caller, found.view)
                if found.view.app_mode in LIVE_MODES and not found.draft:
                    return replace(found.destination, opened=partial(self._usage.opened, found.caller, found.view))
                return found.destination
            found = obstacles.Nothing(found.caller, found.view)  # files have no sockets
        return _refusal(self._answers.scripted(found, head.target.decode("latin-1")))


def _refusal(reply: Response) -> Refusal:
    headers = tuple((n, v) for n, v in reply.raw_headers if n != b"content-length")
    return Refusal(reply.status_code, headers, bytes(reply.body))


def _agent(headers: tuple[Header, ...]) -> str:
    return next((value.decode("latin-1") for name, value in headers if name == b"user-agent"), "")


def _broken(visit: Visit, failure: UpstreamFailed) -> obstacles.NotRunning:
    """The app was there and did not answer: 504 when it was too slow, else 502."""
    status = 504 if isinstance(failure, UpstreamTimedOut) else 502
    problem = CannotStart(StartProblem(f"The app did not answer: {failure}."))
    caller: Caller = visit.caller or ANONYMOUS
    return obstacles.NotRunning(caller, visit.view, problem, editable=False, status=status)
