"""Owns what a person sees: signing in, agreeing or declining, and why something cannot go on."""

import re
import secrets
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.oauth2 import OAuth2Error
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox.behaviour import filled
from integrations.sandbox.server import SandboxServer
from integrations.sandbox.settings import SCOPES, UserSettings
from integrations.sandbox.state import State
from integrations.sandbox.users import SESSION_COOKIE, BrowserSession
from integrations.sandbox.wire import FormError, Reply, WireRequest, read_form

PAGES: Final = Path(__file__).parent / "pages"
# No form-action: browsers hold it against every redirect after the form, and those lead to the client.
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Screens:
    """The pages and the forms on them."""

    def __init__(self, state: State, server: SandboxServer) -> None:
        """Show the pages of `server`'s vendor."""
        self._state = state
        self._server = server
        self._templates = _templates()

    def routes(self) -> list[Route]:
        """Return where each page lives."""
        where = self._server.behaviour.paths.authorize
        return [
            *(Route(path, self.authorize, methods=["GET"]) for path in where),
            *(Route(path, self.decide, methods=["POST"]) for path in where),
            Route("/", self.home, methods=["GET"]),
            Route("/signin", self.sign_in, methods=["POST"]),
            Route("/signout", self.sign_out, methods=["POST"]),
            Route("/style.css", self.style, methods=["GET"]),
            Route("/favicon.svg", self.favicon, methods=["GET"]),
            Route("/healthz", self.health, methods=["GET"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Check the client's request, then show sign-in or consent (RFC 6749 section 4.1.1)."""
        session = self._session(request)
        user = self._state.users.get(session.sub) if session else None
        wire = self._asked(request)
        try:
            grant = self._server.get_consent_grant(wire, end_user=user)
            if user is not None:
                self._server.behaviour.check(wire, user, grant.redirect_uri)
        except (OAuth2Error, ValueError) as error:
            return self._stop(wire, error)
        prompt = (wire.payload.data.get("prompt") or "").split()
        stale = session and self._server.behaviour.signs_in_each_time and session.request != request.url.query
        if session is None or user is None or stale or {"login", "select_account"} & set(prompt):
            return self._sign_in_page(request, request.url.query)
        if not self._server.behaviour.asks(wire, user):
            return self._answered(request, wire, user, grant)
        if prompt == ["none"]:
            return self._stop(wire, _consent_required(wire, grant.redirect_uri))
        return self._consent_page(request, wire, user, session, grant.redirect_uri)

    async def decide(self, request: Request) -> Response:
        """Take *Allow* or *Decline* and send the browser back to the client."""
        session = self._session(request)
        pairs = await _pairs(request)
        form = dict(pairs)
        user = self._state.users.get(session.sub) if session else None
        if session is None or user is None:
            return self._sign_in_page(request, request.url.query)
        if not secrets.compare_digest(session.form_key.encode(), form.get("form_key", "").encode()):
            return self._problem("This form is out of date", "Go back to the app you came from and try again.", 403)
        wire = self._asked(request)
        try:
            grant = self._server.get_consent_grant(wire, end_user=user)
            self._server.behaviour.check(wire, user, grant.redirect_uri)
        except (OAuth2Error, ValueError) as error:
            return self._stop(wire, error)
        if form.get("decision") != "allow":
            return self._answered(request, wire, None, grant)
        ticked = [value for name, value in pairs if name == "scope"] if "ticks" in form else None
        self._server.behaviour.agreed(wire, user, ticked)
        return self._answered(request, wire, user, grant)

    def _answered(self, request: Request, wire: WireRequest, agreed: UserSettings | None, grant: Any) -> Response:
        """Send the browser back with a code for who agreed, or with access_denied."""
        self._state.sessions.use_up(request.cookies.get(SESSION_COOKIE))
        return _see_other(self._server.create_authorization_response(wire, grant_user=agreed, grant=grant))

    def _asked(self, request: Request) -> WireRequest:
        """The authorization request in a query; answers to it name the issuer that its client should see."""
        wire = _query_request(request)
        self._server.issuer_parameter.client_id = wire.payload.client_id
        self._server.issuer_parameter.given = request.path_params
        return wire

    async def sign_in(self, request: Request) -> Response:
        """Start a browser session with a name and a password, or with one click on a person's name."""
        if not _from_here(request):
            return self._problem("This form came from elsewhere", "Sign in from the page of this provider.", 403)
        form = await _form(request)
        query = form.get("next", "")
        if "continue_as" in form:
            user = self._state.users.get(form["continue_as"])
        else:
            user = self._state.users.check(form.get("username", ""), form.get("password", ""))
        if user is None:
            return self._sign_in_page(request, query, form.get("username", ""), form.get("at", ""), failed=True)
        self._state.sessions.end(request.cookies.get(SESSION_COOKIE))
        onward = self._onward(form.get("at", ""), query)
        response = RedirectResponse(onward, 303, HEADERS)
        value = self._state.sessions.start(user.sub, urlsplit(onward).query)
        response.set_cookie(SESSION_COOKIE, value, httponly=True, samesite="lax", path="/")
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the browser session and go on to sign-in."""
        if not _from_here(request):
            return self._problem("This form came from elsewhere", "Sign out on the page of this provider.", 403)
        form = await _form(request)
        self._state.sessions.end(request.cookies.get(SESSION_COOKIE))
        response = RedirectResponse(self._onward(form.get("at", ""), form.get("next", "")), 303, HEADERS)
        response.delete_cookie(SESSION_COOKIE, path="/")
        return response

    async def home(self, request: Request) -> Response:
        """Say what this is and who is signed in."""
        session = self._session(request)
        user = self._state.users.get(session.sub) if session else None
        return self._page("home.html", user=user, issuer=self._state.issuer, users=self._state.users.all())

    async def style(self, request: Request) -> Response:
        """Return the one style sheet."""
        return FileResponse(PAGES / "style.css", headers={"Cache-Control": "public, max-age=300"})

    async def favicon(self, request: Request) -> Response:
        """Return the mark."""
        return FileResponse(PAGES / "favicon.svg", headers={"Cache-Control": "public, max-age=3600"})

    async def health(self, request: Request) -> Response:
        """Say that the provider answers."""
        return Response("ok\n", media_type="text/plain")

    def _onward(self, at: str, query: str) -> str:
        """Where to go after signing in or out: the waiting request at its path, without its `prompt`, or home."""
        pairs = [
            (name, _asked_once(value) if name == "prompt" else value)
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]
        kept = [(name, value) for name, value in pairs if name != "prompt" or value]
        base, behaviour = self._state.base, self._server.behaviour
        known = any(
            re.fullmatch(re.sub(r"\{\w+\}", "[A-Za-z0-9._-]+", base + path), at) for path in behaviour.paths.authorize
        )
        path = at if known else base + filled(behaviour.paths.authorize[0], behaviour.names)
        return f"{path}?{urlencode(kept)}" if kept else f"{base}/"

    def _session(self, request: Request) -> BrowserSession | None:
        """Return who is signed in with this browser."""
        return self._state.sessions.get(request.cookies.get(SESSION_COOKIE))

    def _sign_in_page(
        self, request: Request, query: str, username: str = "", at: str = "", failed: bool = False
    ) -> Response:
        """Return the sign-in page; 401 when a name and password did not fit."""
        client = self._state.clients.get(dict(parse_qsl(query)).get("client_id"))
        return self._page(
            "signin.html",
            401 if failed else 200,
            at=at or request.url.path,
            users=self._state.users.all(),
            client=client.settings if client else None,
            next=query,
            username=username,
            failed=failed,
        )

    def _consent_page(
        self,
        request: Request,
        wire: WireRequest,
        user: UserSettings,
        session: BrowserSession,
        redirect_uri: str,
    ) -> Response:
        """Return the page that names the client, the person and the scopes in words."""
        granted = wire.scope.split()
        words = [SCOPES.get(scope, scope) for scope in (*SCOPES, *granted) if scope in granted and scope != "openid"]
        return self._page(
            "consent.html",
            user=user,
            client=wire.client.settings,
            scopes=list(dict.fromkeys(words)) or ["Know that it is you"],
            ticks=_ticks(granted) if self._server.behaviour.ticks else [],
            at=request.url.path,
            back_to=urlsplit(redirect_uri).netloc,
            query=request.url.query,
            form_key=session.form_key,
        )

    def _stop(self, wire: WireRequest, error: OAuth2Error | ValueError) -> Response:
        """Send an error to the client when its address is trusted, else show it to the person."""
        if isinstance(error, OAuth2Error) and error.redirect_uri:
            error.state = wire.payload.state
            reply = self._server.handle_error_response(wire, error)
            self._server.issuer_parameter.add_issuer_parameter(self._server, reply)
            return _see_other(reply)
        # Authlib refuses to put some characters into an error's text, with a ValueError.
        reason = error.get_error_description() if isinstance(error, OAuth2Error) else "A parameter is malformed."
        code = error.error if isinstance(error, OAuth2Error) else "invalid_request"
        return self._problem("The app's request cannot be answered", reason, 400, code=code)

    def _problem(self, title: str, reason: str, status: int, code: str = "") -> Response:
        """Return a page that says why it ends here."""
        return self._page("problem.html", status, title=title, reason=reason, code=code)

    def _page(self, name: str, status: int = 200, **values: Any) -> Response:
        """Render a page."""
        values = {"base": self._state.base, "provider": self._server.behaviour.name, **values}
        return HTMLResponse(self._templates.get_template(name).render(values), status, HEADERS)


@cache
def _templates() -> Environment:
    """The pages, read once; every value in them is escaped."""
    return Environment(loader=FileSystemLoader(PAGES), autoescape=select_autoescape(default=True))


def _query_request(request: Request) -> WireRequest:
    """Return the authorization request; its parameters are those of the query only."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    return WireRequest("GET", pairs, request.headers)


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a page's form; one that cannot be read counts as empty."""
    return dict(await _pairs(request))


async def _pairs(request: Request) -> list[tuple[str, str]]:
    """Return the fields of a page's form, of which some may come several times."""
    try:
        return await read_form(request)
    except FormError:
        return []


def _from_here(request: Request) -> bool:
    """Say whether a form was sent by our own page, as far as the browser tells."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _ticks(granted: list[str]) -> list[tuple[str, str]]:
    """The scopes that can be left out, each with its words."""
    return [(scope, SCOPES.get(scope, scope)) for scope in granted if scope != "openid"]


def _asked_once(prompt: str) -> str:
    """Return a `prompt` without what signing in has just fulfilled."""
    return " ".join(word for word in prompt.split() if word not in {"login", "select_account"})


def _see_other(reply: Reply) -> Response:
    """Return a redirect that is followed with GET, whatever the method was."""
    if reply.location is None:
        return reply.response()
    return RedirectResponse(reply.location, 303, HEADERS)


def _consent_required(wire: WireRequest, redirect_uri: str) -> OAuth2Error:
    """Return the error for `prompt=none`: this provider always asks (OpenID Connect Core section 3.1.2.6)."""
    return OAuth2Error("The person has to agree first.", redirect_uri=redirect_uri, error="consent_required")
