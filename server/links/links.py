"""The share links service: makes, revokes and follows them; a warm visit by link touches no database."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlmodel import Session

from server.audit.trail import Trail
from server.content import overview
from server.content.view import ContentView
from server.db.clock import now
from server.db.engine import Database
from server.db.models import ShareLink
from server.keys.credentials import digest, new_token
from server.links import store
from server.links.store import Opened
from server.sessions.cookies import read_cookie, set_cookie
from server.web.caller import Caller
from server.web.errors import ApiError, invalid
from server.web.remembered import Remembered

COOKIE = "tabard_share"
WRONG_AUTH_TYPE = 237
LONGEST = timedelta(days=366)
MOST = 100
LONGEST_NAME = 255


class Links:
    """Secrets are 256 random bits, shown once and stored as digests (security.md S-08)."""

    def __init__(self, db: Database, trail: Trail, *, secure: bool, clock: Callable[[], datetime] = now) -> None:
        self._db, self._trail, self._secure, self._clock = db, trail, secure, clock
        self.cookie = f"__Secure-{COOKIE}" if secure else COOKIE
        self._known: Remembered[str, Opened | None] = Remembered(
            self._read, worth=lambda found: found is not None, changes=db.changes, tables=("share_links", "content")
        )
        # What has opened something here, by the guest's credential: what to ask about whether it is still good.
        self._hashes: dict[str, str] = {}
        self._on_end: list[Callable[[str], object]] = []

    def when_ended(self, notice: Callable[[str], object]) -> None:
        """Call `notice(credential)` when a link was revoked."""
        self._on_end.append(notice)

    def forget_all(self) -> None:
        """Links changed elsewhere."""
        self._known.forget_all()

    async def _read(self, secret_hash: str) -> Opened | None:
        return await self._db.read(store.by_secret, secret_hash)

    async def _good(self, secret_hash: str) -> Opened | None:
        found = await self._known.get(secret_hash)
        return found if found is not None and found.expires_at > self._clock() else None

    async def follow(self, secret: str) -> Opened | None:
        """The live link that a secret opens, its use noted; None for anything else."""
        found = await self._good(digest(secret)) if secret else None
        if found is None:
            return None
        await self._db.write(store.used, found.guid, self._clock())
        self._trail.later(None, "open_share_link", content=found.content_guid, link=found.guid)
        return found

    def keep(self, secret: str, link: Opened) -> str:
        """The Set-Cookie value that carries the link on: for its content alone, until it expires."""
        life = max(1, int((link.expires_at - self._clock()).total_seconds()))
        return set_cookie(self.cookie, secret, secure=self._secure, max_age=life, path=f"/content/{link.content_guid}/")

    async def guest(self, headers: Iterable[tuple[bytes, bytes]], view: ContentView) -> Caller | None:
        """Who comes by a link that opens this content: nobody in particular (X-10). None without one."""
        secret = read_cookie(headers, self.cookie)
        if not secret:
            return None
        name = digest(secret)
        found = await self._good(name)
        if found is None or found.content_guid != view.guid:
            return None
        credential = f"link:{found.guid}"
        self._hashes[credential] = name
        return Caller(via="link", credential=credential, content_guid=view.guid)

    async def alive(self, credential: str) -> bool:
        """Whether what a guest came by still opens anything."""
        name = self._hashes.get(credential)
        if name is not None and await self._good(name) is not None:
            return True
        self._hashes.pop(credential, None)
        return False

    async def of(self, view: ContentView) -> list[ShareLink]:
        """The links of a content item, oldest first."""
        return await self._db.read(store.of_content, view.id)

    async def make(
        self, actor: Caller, view: ContentView, name: str, expires_at: datetime | None
    ) -> tuple[ShareLink, str]:
        """A new link and its secret, which is not kept.

        Raises ApiError 400: code 25 for a name or an end that cannot be, 237 where the content acts for its viewers.
        """
        moment = self._clock()
        ends = expires_at or moment + timedelta(days=30)
        if not moment < ends <= moment + LONGEST:
            raise invalid("expires_at must be a moment to come, at most a year from now.")
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise invalid(f"The name of a link has at most {LONGEST_NAME} characters, on one line.")
        secret = new_token()
        row = ShareLink(
            guid=str(uuid.uuid4()),
            secret_hash=digest(secret),
            content_id=view.id,
            name=name.strip(),
            created_by=actor.guid,
            created_time=moment,
            expires_at=ends,
        )
        await self._db.write(self._insert, actor, view, row)
        return row, secret

    def _insert(self, session: Session, actor: Caller, view: ContentView, row: ShareLink) -> None:
        needing = overview.acts_as_viewer(session, view.id)
        if needing is not None:
            raise ApiError(
                400,
                WRONG_AUTH_TYPE,
                f"It uses {needing} as the person looking, and a link says nothing of who that is: give people access "
                "instead, or use a Service Account integration.",
            )
        there = store.of_content(session, view.id)
        for old in there:
            if old.expires_at <= row.created_time:
                session.delete(old)
        if sum(old.expires_at > row.created_time for old in there) >= MOST:
            raise invalid(f"Content has at most {MOST} links at a time; revoke one first.")
        session.add(ShareLink(**row.model_dump()))
        until = row.expires_at.isoformat()
        self._trail.record(session, actor, "add_share_link", content=view.guid, link=row.guid, until=until)

    async def revoke(self, actor: Caller, view: ContentView, guid: str) -> None:
        """End a link now; pages it opened are closed. Raises ApiError 404."""

        def write(session: Session) -> None:
            session.delete(store.one(session, view.id, guid))
            self._trail.record(session, actor, "remove_share_link", content=view.guid, link=guid)

        await self._db.write(write)
        self._known.forget_all()
        for notice in self._on_end:
            notice(f"link:{guid}")
