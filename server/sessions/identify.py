"""Step 2 of every request: cookie, API key or signed-in tool → caller, from memory when warm."""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from server.db.clock import now
from server.db.engine import Database, DatabaseUnavailable
from server.db.models import BrowserSession
from server.keys.credentials import digest, new_token
from server.sessions import known as credentials
from server.sessions import signatures, store
from server.sessions.cookies import cookie_name, read_cookie
from server.sessions.known import Known
from server.sessions.signatures import BadSignature, Line
from server.web.caller import ANONYMOUS, RANK, BadCredential, Caller, Role
from server.web.errors import AUTH_REQUIRED, INVALID_LOGIN
from server.web.remembered import Remembered

MOST_NAMES = 50_000
# Seconds between notes of a credential's last use.
SEEN_GRAIN = 30.0
# What a credential stands for is read from these.
REMEMBERED_OF = (
    *("users", "groups", "memberships", "content", "integrations", "api_keys", "visitor_keys"),
    *("browser_sessions", "tool_sign_ins", "tool_tokens", "tool_clients", "claim_tokens"),
)
INVALID_KEY = BadCredential(INVALID_LOGIN, "The API key is not valid.")
UNKNOWN_SCHEME = BadCredential(AUTH_REQUIRED, "Send an API key as: Authorization: Key <key>.")
TWO_IDENTITIES = BadCredential(AUTH_REQUIRED, "Send one Authorization header.", status=400)
KEY_AND_SIGNATURE = BadCredential(AUTH_REQUIRED, "Send either an Authorization header or a signature.", status=400)
INVALID_TOKEN = BadCredential(
    INVALID_LOGIN,
    "The access token is not valid or has ended; refresh it or sign in again.",
    challenge='Bearer realm="Tabard", error="invalid_token"',
)
INVALID_SIGNATURE = BadCredential(
    INVALID_LOGIN, "The request's signature is not valid, or its token has not been claimed."
)


# Of a viewer, a content item and an integration: the role a visitor key has now, or None when it ended.
Entitled = Callable[[Caller, str, str], Awaitable[Role | None]]


class Sessions:
    """Identifies callers. Everything that changes a person, session or key must tell it so."""

    def __init__(self, db: Database, *, secure: bool, idle: float, absolute: float) -> None:
        self._db = db
        self.cookie = cookie_name(secure)
        self._idle, self._absolute = timedelta(seconds=idle), timedelta(seconds=absolute)
        self._known: Remembered[str, Known | None] = Remembered(
            self._read, worth=lambda known: known is not None, changes=db.changes, tables=REMEMBERED_OF
        )
        # Credential → the name it is remembered under, for `still`.
        self._names: OrderedDict[str, str] = OrderedDict()
        self._touched: dict[str, datetime] = {}
        self._on_end: list[Callable[[str], object]] = []
        self._on_change: list[Callable[[frozenset[str]], object]] = []
        self._entitled: Entitled | None = None

    def when_ended(self, notice: Callable[[str], object]) -> None:
        """Call `notice` when what opens pages ends: a credential, or "viewer:<guid>" (all hers)."""
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

    async def identify(
        self, headers: Iterable[tuple[bytes, bytes]], line: Line | None = None
    ) -> Caller | BadCredential:
        """The caller of a request. An Authorization header that is ours wins over cookies (0.14).

        So does a signature, which also covers the request `line`; a request has one of them, not both (G-32).
        """
        headers = tuple(headers)
        sent, signed = [], False
        for name, value in headers:
            if name == b"authorization":
                sent.append(value)
            elif name == b"x-auth-token":
                signed = True
        if len(sent) > 1:
            return TWO_IDENTITIES
        if signed:
            return KEY_AND_SIGNATURE if sent else await self._by_signature(headers, line)
        if sent:
            scheme, _, secret = sent[0].decode("latin-1").partition(" ")
            scheme = scheme.lower()
            if scheme == "key":
                return await self._by_secret("key:", secret.strip()) or INVALID_KEY
            if scheme == "bearer":
                return await self._by_secret("bearer:", secret.strip()) or INVALID_TOKEN
            if scheme == "connect-bootstrap":
                return ANONYMOUS
            if scheme != "basic":
                return UNKNOWN_SCHEME
        token = read_cookie(headers, self.cookie)
        return await self._by_secret("session:", token) or ANONYMOUS if token else ANONYMOUS

    async def _by_secret(self, kind: str, value: str) -> Caller | None:
        known = await self._look_up(kind + digest(value)) if value else None
        if known is None:
            return None
        self._used(known)
        return await self._now(known)

    async def _by_signature(
        self, headers: tuple[tuple[bytes, bytes], ...], line: Line | None
    ) -> Caller | BadCredential:
        try:
            sent = signatures.read(headers, line, now())
        except BadSignature as error:
            return BadCredential(INVALID_LOGIN, str(error))
        known = await self._look_up("claim:" + sent.token)
        if known is None or known.key is None or not sent.made_by(known.key):
            return INVALID_SIGNATURE
        self._used(known)
        return known.caller

    async def _now(self, known: Known) -> Caller | None:
        """The caller as things stand: a visitor key lives and has rights only as far as what it stands on has."""
        if known.behind is None:
            return known.caller
        viewer = await self._standing(known.caller.guid, known.behind.credential)
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

    async def _read(self, name: str) -> Known | None:
        known = await self._db.read(credentials.load, name)
        if known is not None:
            # A sign-in of a tool outlives each of its access tokens.
            lasting = known.caller.credential if name.startswith("bearer:") else name
            self._names[known.caller.credential] = lasting
            while len(self._names) > MOST_NAMES:
                self._names.popitem(last=False)
        return known

    async def _look_up(self, name: str) -> Known | None:
        for _ in range(2):
            known = await self._known.get(name)
            if known is None or not self._over(known):
                return known
            # It may have been used at another gateway since we read it.
            self._known.forget(name)
        return None

    def _over(self, known: Known) -> bool:
        moment = now()
        idle_out = known.caller.via == "session" and moment - known.seen > self._idle
        return idle_out or (known.expires_at is not None and moment >= known.expires_at)

    async def still(self, user_guid: str, credential: str) -> Caller | None:
        """The caller a session handle was made for, if her session or key is good and she is not locked.

        An exchange counts as use of the session: a tab left open on a live app keeps it from idling out,
        until the absolute limit.
        """
        known = await self._standing(user_guid, credential)
        if known is None:
            return None
        self._used(known)
        return await self._now(known)

    async def good(self, user_guid: str, credential: str) -> bool:
        """Whether a person's credential would still be taken. Asking is no use of it."""
        known = await self._standing(user_guid, credential)
        return known is not None and await self._now(known) is not None

    async def until(self, caller: Caller) -> datetime | None:
        """When the caller's credential ends by its own time; None when it does not, or is no longer good."""
        known = await self._standing(caller.guid, caller.credential)
        return None if known is None else known.expires_at

    async def _standing(self, user_guid: str, credential: str) -> Known | None:
        """What is known of a person's credential, while it is good."""
        name = self._names.get(credential) or await self._db.read(credentials.name_of, credential)
        known = None if name is None else await self._look_up(name)
        if known is None or known.caller.guid != user_guid or known.caller.credential != credential:
            return None
        return known

    def _used(self, known: Known) -> None:
        moment = now()
        if (moment - known.seen).total_seconds() > SEEN_GRAIN:
            known.seen = moment
            if known.caller.via in ("session", "key"):
                self._touched[known.caller.credential] = moment

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

    async def end_tools(self, ended: Iterable[str]) -> None:
        """Tools were signed out, by their credentials: what is remembered of them goes, what they opened closes."""
        for credential in ended:
            visitors = await self._db.write(store.drop_visitor_keys, credential)
            self._forget(lambda known, gone=credential: known.credential == gone)  # type: ignore[misc]
            self._tell(credential)
            self._visitors_ended(visitors)

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
        touched, self._touched = self._touched, {}
        try:
            if touched:
                await self._db.write(store.touch, touched)
        except DatabaseUnavailable:
            self._touched = touched | self._touched
            raise

    async def keep_flushing(self, every: float = 15.0) -> None:
        """Run until cancelled: flush, and end sessions whose time is over."""
        while True:
            await asyncio.sleep(every)
            # A database that is away for a while must not keep what ends from being ended ever after.
            with suppress(DatabaseUnavailable):
                await self.flush()
                await self.sweep()

    async def sweep(self) -> None:
        """Delete the sessions, tools and visitor keys that have ended by time; what they opened closes."""
        for credential in await self._db.write(store.sweep, self._idle.total_seconds()):
            self._tell(credential)
            self._visitors_ended(await self._db.write(store.drop_visitor_keys, credential))
        self._visitors_ended(await self._db.write(store.sweep_visitor_keys))
