"""The API of people: /v1/user, /v1/users (connect-api.md 1.4, 2.10)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.accounts import store
from server.accounts.names import checked_email, checked_username
from server.accounts.passwords import Passwords, checked_password
from server.accounts.wire import (
    LockChange,
    MeObject,
    NewUser,
    RemoteQuery,
    RemoteUser,
    UserChange,
    UserObject,
    UserQuery,
    me_object,
    shown_to,
)
from server.audit.trail import Trail
from server.db.engine import Database
from server.db.models import User
from server.sessions.identify import Sessions
from server.web.body import Fields, read_object
from server.web.caller import RANK, Caller
from server.web.described import PageOf, Says
from server.web.errors import denied, invalid, not_found
from server.web.paging import Paging, ascending, paged, paging_of, prefix_of, sort_of
from server.web.routes import Routes, guid_in, json_reply, whole

ROLES = tuple(RANK)
SELF_CHANGED = "A password is changed in a signed-in browser or by an administrator, not with this key."


class PeopleApi:
    """People: list, read, create, change, lock. `default_role` is the role of a new account that names none."""

    def __init__(
        self, db: Database, trail: Trail, passwords: Passwords, sessions: Sessions, default_role: str = "viewer"
    ) -> None:
        self._db, self._trail, self._passwords, self._sessions = db, trail, passwords, sessions
        self._default_role = default_role

    async def user(self, _request: Request, caller: Caller) -> Response:
        """The caller; her role is that of the credential she shows."""
        user = await self._db.read(store.by_guid, caller.guid)
        return json_reply({**shown_to(caller, user), "user_role": caller.role})

    async def me(self, _request: Request, caller: Caller) -> Response:
        """The caller, with what she may do: Connect's older address of /v1/user."""
        return json_reply(me_object(caller, await self._db.read(store.by_guid, caller.guid)))

    async def listing(self, request: Request, caller: Caller) -> Response:
        """A page of people by name; `prefix`, `user_role`, `account_status` filter."""
        paging = paging_of(request)
        wanted = store.Wanted(
            prefix=prefix_of(request),
            roles=_any_of(request, "user_role", ROLES),
            statuses=_any_of(request, "account_status", store.STATUSES),
            sort=sort_of(request, store.SORTS),
            ascending=ascending(request),
        )
        rows, total = await self._db.read(store.list_users, wanted, paging)
        return json_reply(paged([shown_to(caller, user) for user in rows], total, paging))

    async def remote(self, request: Request, _caller: Caller) -> Response:
        """Nobody: all accounts of this server are its own, and no directory elsewhere is searched."""
        prefix_of(request)
        whole(request, "limit", 20, low=1)
        return json_reply(paged(list[RemoteUser](), 0, Paging()))

    async def one(self, request: Request, caller: Caller) -> Response:
        """One person."""
        user = await self._db.read(store.by_guid, guid_in(request))
        return json_reply(shown_to(caller, user))

    async def create(self, request: Request, caller: Caller) -> Response:
        """A new person with a local account."""
        given = Fields(await read_object(request))
        fields: dict[str, Any] = {
            "username": checked_username(given.text("username", limit=1000)),
            "email": checked_email(given.text("email")),
            "first_name": given.text("first_name", limit=256),
            "last_name": given.text("last_name", limit=256),
            "role": given.choice("user_role", ROLES, self._default_role),
            "must_set_password": given.flag("user_must_set_password", False),
            "unique_id": given.text("unique_id", limit=256) or given.text("external_id", limit=256) or None,
        }
        password = given.data.get("password")
        fields["password_hash"] = None if password is None else await self._hash(given)

        def write(session: Session) -> User:
            user = store.add_user(session, **fields)
            self._trail.record(session, caller, "add_user", user_guid=user.guid, role=user.role)
            return user

        return json_reply(shown_to(caller, await self._db.write(write)))

    async def _hash(self, given: Fields) -> str:
        return await self._passwords.hash(checked_password(given.text("password", limit=100_000)))

    async def change(self, request: Request, caller: Caller) -> Response:
        """Change a person: administrators anyone, others their own name and address (S-12)."""
        guid = guid_in(request)
        sent = await read_object(request)
        given = Fields({name: value for name, value in sent.items() if value is not None})
        if not caller.has("administrator") and guid != caller.guid:
            raise not_found("user")
        if caller.via == "visitor" and guid == caller.guid:
            # By name and address other apps know her; an app that acts for her a while may not leave others behind.
            raise denied("An app that acts for you cannot change your account.")
        changes = _changes(caller, given)
        if "password" in given:
            if caller.via != "session" and not caller.has("administrator"):
                # With a password one signs in, with all of the owner's rights: more than a key of a lower role,
                # or one that ends, may reach (S-09).
                raise denied(SELF_CHANGED)
            changes["password_hash"] = await self._hash(given)
            if guid == caller.guid:
                changes["must_set_password"] = False
        ends_sessions = "password_hash" in changes

        def write(session: Session) -> User:
            user = store.change_user(session, guid, {**changes, **_vouched(session, caller, guid, changes)})
            self._trail.record(session, caller, "edit_user", user_guid=guid, fields=sorted(changes))
            return user

        user = await self._db.write(write)
        await self._sessions.person_changed(guid, end_sessions=ends_sessions)
        return json_reply(shown_to(caller, user))

    async def lock(self, request: Request, caller: Caller) -> Response:
        """Lock or unlock a person; a locked person's sessions and keys stop at once."""
        guid = guid_in(request)
        locked = Fields(await read_object(request)).flag("locked", True)

        def write(session: Session) -> User:
            user = store.set_locked(session, guid, locked)
            self._trail.record(session, caller, "lock_user" if locked else "unlock_user", user_guid=guid)
            return user

        user = await self._db.write(write)
        await self._sessions.person_changed(guid, end_sessions=locked)
        return json_reply(shown_to(caller, user))

    def routes(self) -> Routes:
        """The declared routes."""
        routes, one = Routes(), "/v1/users/{guid}"
        routes.get("/v1/user", content_key=True, says=Says(reply=UserObject))(self.user)
        routes.get("/me", content_key=True, says=Says(reply=MeObject, deprecated=True))(self.me)
        routes.get("/v1/users", says=Says(reply=PageOf[UserObject], query=UserQuery))(self.listing)
        refuses = "A user name has no spaces and few signs (code 7), an address one @."
        made = Says(reply=UserObject, body=NewUser, fails=(409,), refuses=refuses)
        routes.post("/v1/users", role="administrator", says=made)(self.create)
        # Before the next one, whose path would take `remote` for a GUID.
        found = Says(reply=PageOf[RemoteUser], query=RemoteQuery)
        routes.get("/v1/users/remote", role="publisher", says=found)(self.remote)
        routes.get(one, says=Says(reply=UserObject))(self.one)
        changed = Says(reply=UserObject, body=UserChange, fails=(409,), refuses=refuses)
        routes.put(one, says=changed)(self.change)
        locked = Says(reply=UserObject, body=LockChange, fails=(409,))
        routes.post(one + "/lock", role="administrator", says=locked)(self.lock)
        return routes


def _any_of(request: Request, name: str, known: tuple[str, ...]) -> frozenset[str]:
    """The words of a query's filter, joined by `|`. Raises ApiError 400."""
    words = frozenset(word for word in request.query_params.get(name, "").split("|") if word)
    if not words <= set(known):
        raise invalid(f"{name} must be one of {', '.join(known)}, or several joined by |.")
    return words


def _vouched(session: Session, caller: Caller, guid: str, changes: dict[str, Any]) -> dict[str, bool]:
    """Whether an address says who she is: administrators vouch for what they save, nobody for what she types."""
    if "email" not in changes:
        return {}
    if caller.has("administrator"):
        return {"email_own": False}
    return {"email_own": True} if store.by_guid(session, guid).email != changes["email"] else {}


def _changes(caller: Caller, given: Fields) -> dict[str, Any]:
    """The columns that a request changes. Raises ApiError 400, and 403 for what only administrators change."""
    changes: dict[str, Any] = {}
    for name in ("first_name", "last_name"):
        if name in given:
            changes[name] = given.text(name, limit=256)
    if "email" in given:
        changes["email"] = checked_email(given.text("email"))
    for name in ("user_role", "username"):
        if name in given and not caller.has("administrator"):
            raise denied("Only an administrator changes roles and user names.")
    if given.data.get("user_role") is not None:
        changes["role"] = given.choice("user_role", ROLES, "viewer")
    if "username" in given:
        changes["username"] = checked_username(given.text("username", limit=1000))
    return changes
