"""Step 2 of every request: cookie or API key → caller, from memory when warm (architecture.md)."""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from server.db.clock import now
from server.db.engine import Database
from server.db.models import BrowserSession, VisitorKey
from server.keys.credentials import digest, new_token
from server.sessions import store
from server.sessions.cookies import cookie_name, read_cookie
from server.web.caller import ANONYMOUS, RANK, BadCredential, Caller, Role
from server.web.errors import AUTH_REQUIRED, INVALID_LOGIN
from server.web.remembered import Remembered

MOST_NAMES = 50_000
# Seconds between notes of a credential's last use.
SEEN_GRAIN = 30.0
INVALID_KEY = BadCredential(INVALID_LOGIN, "The API key is not valid.")
UNKNOWN_SCHEME = BadCredential(AUTH_REQUIRED, "Send an API key as: Authorization: Key <key>.")
TWO_IDENTITIES = BadCredential(AUTH_REQUIRED, "Send one Authorization header.", status=400)


# Of a viewer, a content item and an integration: the role a visitor key has now, or None when it ended.
Entitled = Callable[[Caller, str, str], Awaitable[Role | None]]


@dataclass(frozen=True)
class Behind:
    """What a visitor key stands on: the viewer's own sign-in, and the integration that lets the content act for her."""

    credential: str
    integration_guid: str


@dataclass
class Known:
    """A credential that was found in the database, until something about it changes."""

    caller: Caller
    expires_at: datetime | None
    seen: datetime
    behind: Behind | None = None
    lowered: Caller | None = None
    """The visitor as last lowered: the same value from request to request while nothing changes."""


class Sessions:
    """Identifies callers. Everything that changes a person, session or key must tell it so."""

    def __init__(self, db: Database, *, secure: bool, idle: float, absolute: float) -> None:
        self._db = db
        self.cookie = cookie_name(secure)
        self._idle, self._absolute = timedelta(seconds=idle), timedelta(seconds=absolute)
        self._known: Remembered[str, Known | None] = Remembered(self._read, worth=lambda known: known is not None)
        # Credential → the name it is remembered under, for `still`.
        self._names: OrderedDict[str, str] = OrderedDict()
        self._touched_sessions: dict[str, datetime] = {}
        self._touched_keys: dict[int, datetime] = {}
        self._on_end: list[Callable[[str], object]] = []
        self._on_change: list[Callable[[frozenset[str]], object]] = []
        self._entitled: Entitled | None = None

    def when_ended(self, notice: Callable[[str], object]) -> None:
        """Call `notice` when what opens pages ends: "session:<guid>", "key:<id>", or "viewer:<guid>" (all hers)."""
        self._on_end.append(notice)

    def when_changed(self, notice: Callable[[frozenset[str]], object]) -> None:
        """Call `notice` with the GUIDs of people whose role or groups may be others than before."""
        self._on_change.append(notice)

    @property
    def epoch(self) -> int:
        """Grows whenever what is remembered of somebody ceases to be true."""
        return self._known.epoch

    def entitle(self, entitled: Entitled) -> None:
        """Who decides what visitor keys may do; until somebody does, they may nothing."""
        self._entitled = entitled

    async def identify(self, headers: Iterable[tuple[bytes, bytes]]) -> Caller | BadCredential:
        """The caller of a request. An Authorization header that is ours wins over cookies (0.14)."""
        headers = tuple(headers)
        sent = [value for name, value in headers if name == b"authorization"]
        if len(sent) > 1:
            return TWO_IDENTITIES
        if sent:
            scheme, _, value = sent[0].decode("latin-1").partition(" ")
            if scheme.lower() == "key":
                return await self._by_key(value.strip())
            if scheme.lower() == "connect-bootstrap":
                return ANONYMOUS
            if scheme.lower() != "basic":
                return UNKNOWN_SCHEME
        token = read_cookie(headers, self.cookie)
        return await self._by_cookie(token) if token else ANONYMOUS

    async def _by_key(self, value: str) -> Caller | BadCredential:
        if not value:
            return INVALID_KEY
        known = await self._look_up("key:" + digest(value))
        if known is None:
            return INVALID_KEY
        self._used("", known)
        return await self._now(known) or INVALID_KEY

    async def _now(self, known: Known) -> Caller | None:
        """The caller as things stand: a visitor key lives and has rights only as far as what it stands on has."""
        if known.behind is None:
            return known.caller
        _name, viewer = await self._standing(known.caller.guid, known.behind.credential)
        if viewer is None or self._entitled is None or known.caller.content_guid is None:
            return None
        role = await self._entitled(viewer.caller, known.caller.content_guid, known.behind.integration_guid)
        if role is None:
            return None
        if RANK[role] >= RANK[known.caller.role]:
            return known.caller
        if known.lowered is None or known.lowered.role != role:
            known.lowered = replace(known.caller, role=role)
        return known.lowered

    async def _by_cookie(self, token: str) -> Caller:
        name = "session:" + digest(token)
        known = await self._look_up(name)
        if known is None:
            return ANONYMOUS
        self._used(name, known)
        return known.caller

    async def _read(self, name: str) -> Known | None:
        known = await self._db.read(self._load_with_groups, name)
        if known is not None:
            self._names[known.caller.credential] = name
            while len(self._names) > MOST_NAMES:
                self._names.popitem(last=False)
        return known

    async def _look_up(self, name: str) -> Known | None:
        known = await self._known.get(name)
        if known is None:
            return None
        moment = now()
        idle_out = known.caller.via == "session" and moment - known.seen > self._idle
        if idle_out or (known.expires_at is not None and moment >= known.expires_at):
            self._known.forget(name)
            return None
        return known

    def _load_with_groups(self, session: Session, name: str) -> Known | None:
        known = self._load(session, name)
        if known is not None:
            known.caller = store.with_groups(session, known.caller)
        return known

    def _load(self, session: Session, name: str) -> Known | None:
        kind, _, value = name.partition(":")
        if kind == "session":
            found = store.session_row(session, value)
            if found is None or found[1].locked:
                return None
            row, user = found
            caller = store.person(user, via="session", credential=f"session:{row.guid}")
            return Known(caller, row.expires_at, row.seen_time)
        pair = store.key_row(session, value)
        if pair is None:
            return self._visitor(session, value)
        if pair[1].locked:
            return None
        key, user = pair
        via = "content" if key.content_guid else "key"
        credential = f"instance:{key.instance_key}" if key.content_guid else f"key:{key.id}"
        caller = store.person(user, via=via, credential=credential, role=key.role, content=key.content_guid)
        return Known(caller, key.expires_at, key.last_used_time or key.created_time)

    def _visitor(self, session: Session, key_hash: str) -> Known | None:
        found = store.visitor_key(session, key_hash)
        if found is None or found[1].locked:
            return None
        key, user, content_guid, integration_guid = found
        caller = store.person(user, via="visitor", credential=f"visitor:{key.id}", role=key.role, content=content_guid)
        return Known(caller, key.expires_at, key.created_time, Behind(key.credential, integration_guid))

    async def still(self, user_guid: str, credential: str) -> Caller | None:
        """The caller a session handle was made for, if her session or key is good and she is not locked.

        An exchange counts as use of the session: a tab left open on a live app keeps it from idling out,
        until the absolute limit.
        """
        name, known = await self._standing(user_guid, credential)
        if known is None:
            return None
        self._used(name, known)
        return await self._now(known)

    async def until(self, caller: Caller) -> datetime | None:
        """When the caller's credential ends by its own time; None when it does not, or is no longer good."""
        _name, known = await self._standing(caller.guid, caller.credential)
        return None if known is None else known.expires_at

    async def _standing(self, user_guid: str, credential: str) -> tuple[str, Known | None]:
        """The name under which a credential is remembered, and what is known of it while it is good."""
        name = self._names.get(credential)
        if name is None:
            kind, _, value = credential.partition(":")
            name = await self._db.read(self._name_of, kind, value)
        known = None if name is None else await self._look_up(name)
        if known is None or known.caller.guid != user_guid or known.caller.credential != credential:
            return "", None
        return name or "", known

    def _name_of(self, session: Session, kind: str, value: str) -> str | None:
        if kind == "session":
            row = store.session_by_guid(session, value)
            return None if row is None else "session:" + row[0].token_hash
        if kind == "key" and value.isdigit():
            pair = store.key_by_id(session, int(value))
            return None if pair is None else "key:" + pair[0].key_hash
        if kind == "visitor" and value.isdigit():
            visitor = session.get(VisitorKey, int(value))
            return None if visitor is None else "key:" + visitor.key_hash
        return None

    def _used(self, name: str, known: Known) -> None:
        moment = now()
        if (moment - known.seen).total_seconds() > SEEN_GRAIN:
            known.seen = moment
            if known.caller.via == "session":
                self._touched_sessions[name.removeprefix("session:")] = moment
            elif known.caller.via == "key":
                self._touched_keys[int(known.caller.credential.removeprefix("key:"))] = moment

    async def open(self, user_id: int, *, address: str, user_agent: str) -> tuple[str, int]:
        """Start a browser session; returns the cookie's value and its life in seconds."""
        token = new_token()
        row = BrowserSession(
            token_hash=digest(token),
            guid=str(uuid.uuid4()),
            user_id=user_id,
            expires_at=now() + self._absolute,
            address=address[:64],
            user_agent=user_agent[:256],
        )
        await self._db.write(store.open_session, row)
        return token, int(self._absolute.total_seconds())

    async def end(self, caller: Caller) -> None:
        """Sign out one browser."""
        guid = caller.credential.removeprefix("session:")
        visitors = await self._db.write(store.end, guid)
        self._forget(lambda known: known.credential == caller.credential)
        self._tell(f"session:{guid}")
        self._visitors_ended(visitors)

    async def person_changed(self, user_guid: str, *, end_sessions: bool) -> None:
        """Forget what is remembered of a person; with `end_sessions`, sign her out everywhere."""
        if end_sessions:
            await self._db.write(store.end_all, user_guid)
        self.people_changed([user_guid])
        if end_sessions:
            self._tell(f"viewer:{user_guid}")

    def people_changed(self, user_guids: Iterable[str]) -> None:
        """Forget what is remembered of these people: their role, their name, the groups they are in."""
        changed = frozenset(user_guids)
        self._forget(lambda known: known.guid in changed)
        for notice in self._on_change:
            notice(changed)

    async def standings(self, user_guids: Iterable[str]) -> dict[str, store.Standing]:
        """How these people stand now, from the database."""
        return await self._db.read(store.standings, tuple(user_guids))

    def forget_key(self, key_hash: str) -> None:
        """A key was deleted."""
        self._known.forget("key:" + key_hash)

    def end_key(self, number: int, key_hash: str) -> None:
        """A person's key was deleted: what it opened closes."""
        self.forget_key(key_hash)
        self._tell(f"key:{number}")

    def _visitors_ended(self, numbers: Iterable[int]) -> None:
        ended = {f"visitor:{number}" for number in numbers}
        if ended:
            self._forget(lambda known: known.credential in ended)
        for tag in sorted(ended):
            self._tell(tag)

    def _forget(self, condition: Callable[[Caller], bool]) -> None:
        self._known.forget_where(lambda known: known is not None and condition(known.caller))

    def _tell(self, tag: str) -> None:
        for notice in self._on_end:
            notice(tag)

    async def flush(self) -> None:
        """Write down last-used times collected since the last flush."""
        sessions, keys = self._touched_sessions, self._touched_keys
        self._touched_sessions, self._touched_keys = {}, {}
        if sessions or keys:
            await self._db.write(store.touch, sessions, keys)

    async def keep_flushing(self, every: float = 15.0) -> None:
        """Run until cancelled: flush, and end sessions whose time is over."""
        while True:
            await asyncio.sleep(every)
            await self.flush()
            await self.sweep()

    async def sweep(self) -> None:
        """Delete the sessions and visitor keys that have ended by time; what they opened closes."""
        for guid in await self._db.write(store.sweep, self._idle.total_seconds()):
            self._tell(f"session:{guid}")
            self._visitors_ended(await self._db.write(store.drop_visitor_keys, f"session:{guid}"))
        self._visitors_ended(await self._db.write(store.sweep_visitor_keys))
