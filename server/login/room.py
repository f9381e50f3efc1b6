"""The sign-in page and what follows it (security.md S-01 to S-07, O-09)."""

from __future__ import annotations

import secrets

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.accounts import store
from server.accounts.names import username_key
from server.accounts.passwords import Passwords, checked_password
from server.accounts.throttle import Throttle
from server.audit.trail import Trail
from server.db.engine import Database
from server.db.models import User
from server.pages import views
from server.sessions.cookies import read_cookie, set_cookie
from server.sessions.identify import Sessions
from server.web.body import read_form
from server.web.errors import ApiError
from server.web.screens import Screens, caller_of, request_id, safe_return

SIGN_IN_COOKIE = "tabard_signin"
# A whole office, or everybody behind one proxy, may share an address: it gets more tries than an account, and
# failures there slow guessing down without locking anybody out.
TRIES_BY_ADDRESS, LONGEST_BY_ADDRESS = 50, 4.0
GENERIC = "The user name or the password is not right."


class LoginRoom:
    """GET and POST /__login__, POST /__logout__."""

    def __init__(
        self, db: Database, sessions: Sessions, passwords: Passwords, screens: Screens, trail: Trail, origin: str
    ) -> None:
        self._db, self._sessions, self._passwords = db, sessions, passwords
        self._screens, self._trail, self._origin = screens, trail, origin
        self._by_name, self._by_address = Throttle(), Throttle(free=TRIES_BY_ADDRESS, longest=LONGEST_BY_ADDRESS)
        self._anybody = False

    async def form(self, request: Request) -> Response:
        """The sign-in form, or the first steps on a server without people."""
        going = safe_return(request.query_params.get("next"))
        if caller_of(request).signed_in:
            return RedirectResponse(going, 303)
        if not self._anybody:
            self._anybody = await self._db.read(store.any_user)
        if not self._anybody:
            return self._first_run(request)
        return self._show(request, going)

    def _first_run(self, request: Request) -> Response:
        page = self._screens.page(request_id(request), caller_of(request), "Welcome to Tabard", binding="")
        steps = (
            views.SetUpStep(
                words="On the server, make yourself an administrator. You will be asked for a password.",
                command="tabard users add YOUR-NAME --role administrator",
            ),
            views.SetUpStep(words="Reload this page and sign in."),
        )
        return self._screens.reply("first_run", views.FirstRun(page=page, steps=steps))

    def _show(
        self,
        request: Request,
        going: str,
        *,
        username: str = "",
        problem: str = "",
        status: int = 200,
        choosing: bool = False,
    ) -> Response:
        nonce = read_cookie(request.scope["headers"], SIGN_IN_COOKIE) or secrets.token_urlsafe(24)
        page = self._screens.page(request_id(request), caller_of(request), "Sign in", binding=f"sign-in:{nonce}")
        shown = views.SignIn(page=page, next=going, username=username[:64], problem=problem, choosing=choosing)
        reply = self._screens.reply("sign_in", shown, status)
        reply.headers.append(
            "set-cookie",
            set_cookie(SIGN_IN_COOKIE, nonce, secure=self._screens.https, max_age=None, path="/__login__"),
        )
        return reply

    async def sign_in(self, request: Request) -> Response:
        """Check name and password; on success a new session and back to where the person was going."""
        try:
            fields = await read_form(request)
            nonce = read_cookie(request.scope["headers"], SIGN_IN_COOKIE)
            self._screens.csrf.check(request, f"sign-in:{nonce}", fields.get("csrf"))
        except ApiError as error:
            text = "Your browser did not send this page's cookie; please try again."
            return self._show(request, safe_return(None), problem=text, status=error.status)
        going = safe_return(fields.get("next"))
        username, password = fields.get("username", "").strip(), fields.get("password", "")
        address = request.client.host if request.client else ""
        name = username_key(username[:64])
        wait = max(self._by_name.wait(name), self._by_address.wait(address))
        if wait > 0:
            text = f"Too many tries. Please wait {round(wait + 0.5)} seconds and try again."
            return self._show(request, going, username=username, problem=text, status=429)
        with self._by_name.trying(name), self._by_address.trying(address):
            user = await self._db.read(store.by_name, username[:64])
            good = await self._passwords.verify(user.password_hash if user else None, password)
        if user is None or not good or user.locked:
            self._by_name.failed(name)
            self._by_address.failed(address)
            self._trail.later(None, "sign_in_failed", username=username[:64], address=address)
            return self._show(request, going, username=username, problem=GENERIC, status=403)
        self._by_name.succeeded(name)
        if user.must_set_password:
            problem = _unfit(fields, password) if "new_password" in fields else ""
            if problem or "new_password" not in fields:
                status = 400 if problem else 200
                return self._show(request, going, username=username, problem=problem, status=status, choosing=True)
            password = fields["new_password"]
            await self._choose(user, password)
        return await self._welcome(request, user, password, going, address)

    async def _welcome(self, request: Request, user: User, password: str, going: str, address: str) -> Response:
        before = caller_of(request)
        if before.via == "session":
            await self._sessions.end(before)
        await self._rehash(user, password)
        assert user.id is not None
        agent = request.headers.get("user-agent", "")
        token, life = await self._sessions.open(user.id, address=address, user_agent=agent)
        self._trail.later(None, "sign_in", user_guid=user.guid, address=address)
        reply = RedirectResponse(going, 303, {"Cache-Control": "no-store"})
        secure = self._screens.https
        reply.headers.append("set-cookie", set_cookie(self._sessions.cookie, token, secure=secure, max_age=life))
        reply.headers.append("set-cookie", set_cookie(SIGN_IN_COOKIE, "", secure=secure, max_age=0, path="/__login__"))
        return reply

    async def _choose(self, user: User, password: str) -> None:
        """Give the person the password she chose in place of the one she was given; other sign-ins by that one end."""
        chosen = {"password_hash": await self._passwords.hash(password), "must_set_password": False}

        def write(session: Session) -> None:
            store.change_user(session, user.guid, chosen)
            self._trail.record(session, None, "edit_user", user_guid=user.guid, fields=["password_hash"])

        await self._db.write(write)
        await self._sessions.person_changed(user.guid, end_sessions=True)
        user.password_hash = None  # what `user` holds is old: there is nothing in it to bring up to date

    async def _rehash(self, user: User, password: str) -> None:
        """Bring a hash made with weaker settings up to today's (S-06)."""
        if user.password_hash is None or not self._passwords.outdated(user.password_hash):
            return
        fresh = await self._passwords.hash(password)

        def write(session: Session) -> None:
            row = store.by_guid(session, user.guid)
            row.password_hash = fresh
            session.add(row)

        await self._db.write(write)

    async def sign_out(self, request: Request) -> Response:
        """End this browser's session; its open apps close."""
        caller = caller_of(request)
        if caller.via == "session":
            fields = await read_form(request)
            self._screens.csrf.check(request, caller.credential, fields.get("csrf"))
            await self._sessions.end(caller)
            self._trail.later(caller, "sign_out")
        reply = RedirectResponse("/__login__", 303, {"Cache-Control": "no-store"})
        cookie = set_cookie(self._sessions.cookie, "", secure=self._screens.https, max_age=0)
        reply.headers.append("set-cookie", cookie)
        return reply

    def routes(self) -> list[Route]:
        """The room's addresses."""
        return [
            Route("/__login__", self.form, methods=["GET"]),
            Route("/__login__", self.sign_in, methods=["POST"]),
            Route("/__logout__", self.sign_out, methods=["POST"]),
        ]


def _unfit(fields: dict[str, str], given: str) -> str:
    """What is wrong with the password somebody chose, as a sentence; empty when nothing is."""
    chosen = fields["new_password"]
    if chosen != fields.get("again", ""):
        return "The two new passwords differ."
    if chosen == given:
        return "Choose another password than the one you were given."
    try:
        checked_password(chosen)
    except ApiError as error:
        return error.message
    return ""
