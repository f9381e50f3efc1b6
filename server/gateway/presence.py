"""Who has a content item open right now, so that losing access closes the page (security.md G-17)."""

from __future__ import annotations

import asyncio
import logging

from server.access.policy import may_edit, may_view
from server.content.directory import Directory
from server.content.view import ContentView
from server.db.engine import DatabaseUnavailable
from server.links.links import Links
from server.proxy.registry import Registry
from server.sessions.identify import Sessions
from server.sessions.store import Standing
from server.web.caller import Caller

# Close code for the application's own use (RFC 6455 section 7.4.2): no longer signed in or allowed.
ENDED = 4401
# Seconds after which what a key opened is closed once the key has ended (G-17).
CHECKED_EVERY = 3.0
log = logging.getLogger("tabard.presence")
# Where an account is gone.
NOTHING = Standing("", {})


def visit_tag(content_guid: str, caller: Caller) -> str:
    """The name under which one person's open sockets and streams at one content item are tracked."""
    return f"visit:{content_guid}:{_who(caller)}"


def draft_tag(content_guid: str, caller: Caller) -> str:
    """The name under which what one person has open of drafts is tracked, which takes the right to edit."""
    return f"draft:{content_guid}:{_who(caller)}"


def _who(caller: Caller) -> str:
    """The person; those whom a share link let in are told apart by the link."""
    return caller.guid or caller.credential


class Presence:
    """Remembers the callers of open sockets and streams by content item."""

    def __init__(self, directory: Directory, registry: Registry, sessions: Sessions, links: Links) -> None:
        self._directory, self._registry, self._sessions, self._links = directory, registry, sessions, links
        self._callers: dict[str, dict[str, Caller]] = {}
        # Keys, and other credentials, that opened something, with whose they are.
        self._keys: dict[str, str] = {}
        self._others: dict[str, str] = {}

    def note(self, caller: Caller, view: ContentView) -> None:
        """A socket or a request of `caller` is being passed on."""
        self._callers.setdefault(view.guid, {})[_who(caller)] = caller
        if caller.via in ("key", "visitor", "link"):
            self._keys[caller.credential] = caller.guid
        elif caller.signed_in:
            self._others[caller.credential] = caller.guid

    def session_ended(self, tag: str) -> None:
        """A session, all of a person's sessions, or a share link ended."""
        said = "The link has ended." if tag.startswith("link:") else "You have been signed out."
        self._registry.close(tag, ENDED, said)

    async def check_keys(self) -> None:
        """Close what was opened by keys and links that are no longer good: by time, or with what they stand on."""
        await self._check(self._keys)

    async def _check(self, credentials: dict[str, str]) -> None:
        for credential, guid in list(credentials.items()):
            if not self._registry.count(credential):
                credentials.pop(credential, None)
            elif not await self._good(guid, credential):
                self.session_ended(credential)

    async def _good(self, guid: str, credential: str) -> bool:
        if credential.startswith("link:"):
            return await self._links.alive(credential)
        return await self._sessions.good(guid, credential)

    async def look_again(self) -> None:
        """Another gateway changed people, credentials or content: close what is open for those who lost by it."""
        await self._check(self._keys)
        await self._check(self._others)
        people = {caller.guid for callers in self._callers.values() for caller in callers.values()}
        await self._stand_as_now(frozenset(people - {""}))
        for content_guid in list(self._callers):
            await self.content_changed(content_guid)

    async def keep_checking(self, every: float = CHECKED_EVERY) -> None:
        """Run until cancelled: nobody tells of a key's end, as it is decided at each use (decision 11)."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.check_keys()
            except DatabaseUnavailable:
                log.debug("open pages of keys could not be checked: the database is not available")

    async def people_changed(self, user_guids: frozenset[str]) -> None:
        """Close what is open for those of these people who may no longer look: their role or groups changed."""
        touched = [guid for guid, callers in self._callers.items() if not user_guids.isdisjoint(callers)]
        if not touched:
            return
        await self._stand_as_now(user_guids)
        for content_guid in touched:
            await self.content_changed(content_guid)

    async def _stand_as_now(self, user_guids: frozenset[str]) -> None:
        now = await self._sessions.standings(user_guids)
        for callers in self._callers.values():
            for guid in user_guids & callers.keys():
                callers[guid] = now.get(guid, NOTHING).of(callers[guid])

    async def content_changed(self, content_guid: str) -> None:
        """Close what is open for those who may no longer look, and for everybody once the content is locked."""
        callers = self._callers.get(content_guid)
        if not callers:
            return
        view = await self._directory.by_guid(content_guid)
        for caller in list(callers.values()):
            tag = visit_tag(content_guid, caller)
            if view is None or not may_edit(caller, view):
                self._registry.close(draft_tag(content_guid, caller), ENDED, "You no longer have access.")
            if view is None or view.locked or not may_view(caller, view):
                self._registry.close(tag, ENDED, "You no longer have access.")
                callers.pop(_who(caller), None)
            elif not self._registry.count(tag):
                callers.pop(_who(caller), None)
        if not callers:
            self._callers.pop(content_guid, None)
