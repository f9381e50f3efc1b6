"""What a visit that ends early is answered: pages for browsers, JSON for scripts and sockets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from server.consent.check import Missing
from server.content.view import ContentView
from server.gateway import obstacles
from server.gateway.obstacles import Obstacle
from server.loans.notice import Notices
from server.pages import views
from server.pages.views import Contact
from server.renderings.documents import runs
from server.web.caller import Caller
from server.web.errors import AUTH_REQUIRED, DENIED, NOT_FOUND
from server.web.screens import Screens, is_framed, request_id

LOCKED_PROCESS = 223
NO_CONNECTION = 220
NOT_RUNNING = 1
STARTING = 1


def _json(
    status: int, code: int, text: str, payload: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> Response:
    body = {"code": code, "error": text, "payload": payload}
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})


class ConnectGate(Protocol):
    """The connect room's screen for content that needs a connection first."""

    async def __call__(
        self,
        request: Request,
        caller: Caller,
        view: ContentView,
        integration_guid: str,
        *,
        next_path: str,
        again: str = "",
        step: int = 1,
        steps: int = 1,
    ) -> Response:
        """The screen."""


class Answers:
    """Turns obstacles into replies. `target` is the path and query that was asked for."""

    def __init__(self, screens: Screens, gate: ConnectGate, notices: Notices) -> None:
        self._screens, self._gate, self._notices = screens, gate, notices
        self._since: dict[str, datetime] = {}

    def scripted(self, obstacle: Obstacle, target: str) -> Response:
        """The JSON answer: 401 for the unknown, never a redirect that would lose a body (G-30)."""
        match obstacle:
            case obstacles.Elsewhere(location):
                return RedirectResponse(location, 307)
            case obstacles.BadIdentity(bad):
                challenge = {"WWW-Authenticate": bad.challenge} if bad.challenge else None
                return _json(bad.status, bad.code, bad.message, headers=challenge)
            case obstacles.SignIn():
                login = f"{self._screens.origin}/__login__?next={quote(target, safe='/')}"
                return _json(401, AUTH_REQUIRED, "Sign in to see this, or send an API key.", {"login_url": login})
            case obstacles.ForeignOrigin():
                return _json(403, DENIED, "This connection was asked for by another site's page.")
            case obstacles.Nothing() | obstacles.Pictured():
                return _json(404, NOT_FOUND, "The requested content item does not exist.")
            case obstacles.NotAllowed():
                return _json(403, DENIED, "You do not have access to this content.")
            case obstacles.Locked(_caller, view):
                return _json(403, LOCKED_PROCESS, view.locked_message or "This content is locked.")
            case obstacles.NotConnected(_caller, view):
                url = f"{self._screens.origin}{view.path}/"
                text = "Open the content in a browser once and connect; then try again."
                return _json(403, NO_CONNECTION, text, {"consent_url": url})
            case obstacles.NotForGuests():
                return _json(403, DENIED, obstacle.why.reason)
            case obstacles.Borrowed():
                return _json(403, DENIED, "Open this in a browser once, where it says with whose access it acts.")
            case obstacles.NotReady():
                return _json(503, STARTING, "The app is starting; try again shortly.", headers={"Retry-After": "2"})
            case obstacles.NotRunning():
                return _json(obstacle.status, NOT_RUNNING, obstacle.failure.problem.message)

    async def page(self, obstacle: Obstacle, target: str, request: Request) -> Response:
        """The page a browser sees. `request.state` names the request and its caller."""
        name = request_id(request)
        match obstacle:
            case obstacles.Elsewhere() | obstacles.BadIdentity() | obstacles.ForeignOrigin() | obstacles.Pictured():
                return self.scripted(obstacle, target)
            case obstacles.SignIn():
                return RedirectResponse(
                    f"/__login__?next={quote(target, safe='/')}", 303, {"Cache-Control": "no-store"}
                )
            case obstacles.Nothing(caller, view):
                return self._nothing(caller, view, target, name)
            case obstacles.NotAllowed(caller, view):
                page = self._screens.page(name, caller, "No access")
                address = self._screens.origin + view.path + "/"
                shown = views.Denied(page=page, owner=Contact(name=view.owner_name), address=address)
                return self._screens.reply("denied", shown, 403)
            case obstacles.Locked(caller, view):
                why = view.locked_message or "An administrator locked it."
                return self._problem(caller, name, 403, "This content is locked", why)
            case obstacles.NotConnected(caller, view, missing):
                return await self._connect(request, caller, view, missing, target)
            case obstacles.Borrowed(caller, view, lent):
                return self._notices.page(request, caller, view, lent, target)
            case obstacles.NotForGuests(caller):
                return self._problem(caller, name, 403, "Sign in to open this", obstacle.why.reason)
            case obstacles.NotReady():
                return self._starting(obstacle, name, framed=is_framed(request))
            case obstacles.NotRunning():
                return self._failed(obstacle, target, name, framed=is_framed(request))

    async def _connect(
        self, request: Request, caller: Caller, view: ContentView, missing: Missing, target: str
    ) -> Response:
        needed = missing.integrations[0]
        return await self._gate(
            request,
            caller,
            view,
            needed.association.guid,
            next_path=target,
            again=needed.again,
            step=missing.of - len(missing.integrations) + 1,
            steps=missing.of,
        )

    def _problem(self, caller: Caller, name: str, status: int, headline: str, explanation: str) -> Response:
        page = self._screens.page(name, caller, headline)
        shown = views.Problem(page=page, status=status, headline=headline, explanation=explanation)
        return self._screens.reply("problem", shown, status)

    def _nothing(self, caller: Caller, view: Any, target: str, name: str) -> Response:
        if view is not None and view.bundle_id is None:
            text = f"{view.title} has been created, but no version of it has been deployed yet."
            return self._problem(caller, name, 404, "Nothing to show yet", text)
        page = self._screens.page(name, caller, "Not found")
        return self._screens.reply(
            "not_found", views.NotFound(page=page, path=target.split("?", maxsplit=1)[0][:200]), 404
        )

    def _starting(self, obstacle: obstacles.NotReady, name: str, *, framed: bool) -> Response:
        lines = obstacle.starting.lines
        since = self._since.setdefault(obstacle.view.guid, datetime.now(UTC))
        if (datetime.now(UTC) - since).total_seconds() > 600:
            since = self._since[obstacle.view.guid] = datetime.now(UTC)
        title, document = obstacle.view.title, not runs(obstacle.view.app_mode)
        page = self._screens.page(name, obstacle.caller, f"{'Rendering' if document else 'Starting'} {title}")
        stage = lines[-1] if lines else "Getting the app ready"
        shown = views.Starting(
            page=replace(page, framed=framed),
            content_title=title,
            stage=stage[:120],
            since=since,
            lines=lines[-40:],
            document=document,
        )
        return self._screens.reply("starting", shown, 200)

    def _failed(self, obstacle: obstacles.NotRunning, target: str, name: str, *, framed: bool) -> Response:
        view, problem = obstacle.view, obstacle.failure.problem
        self._since.pop(view.guid, None)
        otherwise = "It could not be started." if runs(view.app_mode) else "It could not be rendered."
        page = self._screens.page(name, obstacle.caller, f"{view.title} cannot be opened")
        shown = views.Failed(
            page=replace(page, framed=framed),
            content_title=view.title,
            document=not runs(view.app_mode),
            summary=problem.message if obstacle.editable else otherwise,
            retry=target,
            owner=Contact(name=view.owner_name),
            lines=tuple(problem.detail.splitlines()[-30:]) if obstacle.editable else (),
            logs=f"/apps/{view.guid}/logs" if obstacle.editable else "",
        )
        return self._screens.reply("failed", shown, obstacle.status)
