"""The API of people and their keys: /v1/user, /v1/users, /v1/users/{guid}/keys (connect-api.md 1.2, 2.10)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.accounts import store
from server.accounts.names import checked_email, checked_username
from server.accounts.own_keys import OwnKeys
from server.accounts.passwords import Passwords, checked_password
from server.accounts.wire import key_object, shown_to, user_object
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import User
from server.sessions.identify import Sessions
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.errors import denied, invalid, not_found
from server.web.routes import Routes, empty_reply, guid_in, json_reply, number_in, whole

ROLES = ("administrator", "publisher", "viewer")
PAGE_LIMIT = 500


class PeopleApi:
    """People: list, read, create, change, lock; a person's own API keys."""

    def __init__(self, db: Database, trail: Trail, passwords: Passwords, sessions: Sessions) -> None:
        self._db, self._trail, self._passwords, self._sessions = db, trail, passwords, sessions
        self._own_keys = OwnKeys(db, sessions, trail)

    async def me(self, _request: Request, caller: Caller) -> Response:
        """The caller."""
        user = await self._db.read(store.by_guid, caller.guid)
        return json_reply({**user_object(user), "user_role": caller.role})

    async def listing(self, request: Request, caller: Caller) -> Response:
        """A page of people; `prefix`, `user_role`, `account_status` filter."""
        query = request.query_params
        page, size = (
            whole(request, "page_number", 1, low=1),
            whole(request, "page_size", 20, low=1, high=PAGE_LIMIT),
        )
        roles = [r for r in query.get("user_role", "").split("|") if r]
        statuses = {s for s in query.get("account_status", "").split("|") if s}
        locked = None if not statuses or {"locked", "licensed"} <= statuses else statuses == {"locked"}

        def read(session: Session) -> tuple[list[User], int]:
            prefix = query.get("prefix", "")[:64]
            return store.list_users(session, prefix=prefix, roles=roles, locked=locked, page=page, size=size)

        rows, total = await self._db.read(read)
        results = [shown_to(caller, u) for u in rows]
        return json_reply({"results": results, "current_page": page, "total": total})

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
            "role": given.choice("user_role", ROLES, "viewer"),
        }
        password = given.text("password", limit=100_000)
        fields["password_hash"] = await self._passwords.hash(checked_password(password)) if password else None

        def write(session: Session) -> User:
            user = store.add_user(session, **fields)
            self._trail.record(session, caller, "add_user", user_guid=user.guid, role=user.role)
            return user

        return json_reply(user_object(await self._db.write(write)))

    async def change(self, request: Request, caller: Caller) -> Response:
        """Change a person: administrators anyone, others their own name and address (S-12)."""
        guid = guid_in(request)
        given = Fields(await read_object(request))
        if not caller.has("administrator") and guid != caller.guid:
            raise not_found("user")
        changes: dict[str, Any] = {}
        for name in ("first_name", "last_name"):
            if name in given:
                changes[name] = given.text(name, limit=256)
        if "email" in given:
            changes["email"] = checked_email(given.text("email"))
        if "user_role" in given:
            if not caller.has("administrator"):
                raise denied("Only an administrator changes roles.")
            changes["role"] = given.choice("user_role", ROLES, "viewer")
        if "password" in given:
            if caller.via != "session" and not caller.has("administrator"):
                # With a password one signs in, with all of the owner's rights: more than a key of a lower role,
                # or one that ends, may reach (S-09).
                raise denied("A password is changed in a signed-in browser or by an administrator, not with this key.")
            changes["password_hash"] = await self._passwords.hash(checked_password(given.text("password")))
        ends_sessions = "password_hash" in changes

        def write(session: Session) -> User:
            user = store.change_user(session, guid, changes)
            self._trail.record(session, caller, "edit_user", user_guid=guid, fields=sorted(changes))
            return user

        user = await self._db.write(write)
        await self._sessions.person_changed(guid, end_sessions=ends_sessions)
        return json_reply(user_object(user))

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
        return json_reply(user_object(user))

    def _own(self, request: Request, caller: Caller) -> None:
        guid = guid_in(request)
        if guid != caller.guid:
            raise denied("API keys are managed by the person they belong to.")

    async def keys(self, request: Request, caller: Caller) -> Response:
        """The caller's own keys, without their values."""
        self._own(request, caller)
        return json_reply([key_object(key) for key in await self._own_keys.of(caller)])

    async def add_key(self, request: Request, caller: Caller) -> Response:
        """A new key of the caller; its value is in this reply only."""
        self._own(request, caller)
        given = Fields(await read_object(request))
        name, role = given.text("name", limit=256), given.data.get("user_role")
        if not name:
            raise invalid("Give the key a name, so that you can tell it from others later.")
        role = given.choice("user_role", ROLES, "viewer") if role is not None else None
        if role is None and caller.via != "session":
            role = caller.role  # a key never makes a key that is stronger than itself (S-09)
        if role is not None and not caller.has(role):
            raise denied("A key cannot have a higher role than the one that makes it.")
        expires = parse_time(given.text("expires_at")) if given.data.get("expires_at") else None

        key, value = await self._own_keys.create(caller, name, expires, role)
        return json_reply(key_object(key, value))

    async def drop_key(self, request: Request, caller: Caller) -> Response:
        """Revoke one of the caller's keys, at once."""
        self._own(request, caller)
        await self._own_keys.revoke(caller, number_in(request, "id"))
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        routes.get("/v1/user", content_key=True)(self.me)
        routes.get("/me", content_key=True)(self.me)
        routes.get("/v1/users")(self.listing)
        routes.post("/v1/users", role="administrator")(self.create)
        routes.get("/v1/users/{guid}")(self.one)
        routes.put("/v1/users/{guid}")(self.change)
        routes.post("/v1/users/{guid}/lock", role="administrator")(self.lock)
        routes.get("/v1/users/{guid}/keys")(self.keys)
        routes.post("/v1/users/{guid}/keys")(self.add_key)
        routes.delete("/v1/users/{guid}/keys/{id}")(self.drop_key)
        return routes


def parse_time(text: str) -> datetime:
    """An RFC 3339 time in the future. Raises ApiError 400."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid("expires_at must look like 2027-01-31T00:00:00Z.") from None
    if moment <= now():
        raise invalid("expires_at lies in the past.")
    return moment
