"""Session handles: the opaque value an app gets for one viewer, worthless without the app's own key.

A handle is sealed, not stored: it names viewer, session and content, and is checked against the live
session at every exchange. So it survives a restart, costs no write on the viewer's path, and dies with
the session (docs/decisions/0004-session-handles.md; security.md X-04, X-06).
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections import OrderedDict
from dataclasses import dataclass

from server.keys.keyring import Keyring, SealBroken
from server.web.caller import Caller

PURPOSE = "session handle"
LONGEST = 2048
MOST_CACHED = 50_000


@dataclass(frozen=True)
class Handle:
    """What a handle says. `kind` is `viewer` or `content`; `issued` is seconds since 1970."""

    kind: str
    user_guid: str
    credential: str
    content_guid: str
    instance: str
    issued: float


class Handles:
    """Makes and reads handles."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._key = b""
        self._made: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._opened: OrderedDict[str, Handle] = OrderedDict()

    def viewer(self, caller: Caller, content_guid: str) -> str:
        """The handle of a signed-in viewer at one content; the same for as long as her session lives."""
        self._look()
        name = (caller.credential, content_guid)
        made = self._made.get(name)
        if made is None:
            made = self._seal(Handle("viewer", caller.guid, caller.credential, content_guid, "", time.time()))
            self._made[name] = made
            while len(self._made) > MOST_CACHED:
                self._made.popitem(last=False)
        return made

    @property
    def mark(self) -> int:
        """Another number once handles are made under another key: the older ones are worth nothing then."""
        return hash(self._keyring.derived(PURPOSE))

    def content(self, content_guid: str, instance_key: str) -> str:
        """The token of a running instance itself, for service accounts."""
        return self._seal(Handle("content", "", "", content_guid, instance_key, time.time()))

    def read(self, text: str) -> Handle | None:
        """What `text` says, or None for anything that this server did not make."""
        if not text or len(text) > LONGEST:
            return None
        self._look()
        opened = self._opened.get(text)
        if opened is None:
            opened = self._open(text)
            if opened is not None:
                self._opened[text] = opened
                while len(self._opened) > MOST_CACHED:
                    self._opened.popitem(last=False)
        return opened

    def _look(self) -> None:
        """Forget what was made and opened under a key that is no longer the one."""
        key = self._keyring.derived(PURPOSE)
        if key != self._key:
            self._key = key
            self._made.clear()
            self._opened.clear()

    def _open(self, text: str) -> Handle | None:
        try:
            sealed = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            if _spelled(sealed) != text:  # base64 has several spellings of the same bytes; ours is one
                return None
            fields = json.loads(self._keyring.from_ticket(sealed, purpose=PURPOSE, bound_to=PURPOSE))
        except (SealBroken, binascii.Error, ValueError):
            return None
        return Handle(*fields)

    def _seal(self, handle: Handle) -> str:
        fields = (
            handle.kind,
            handle.user_guid,
            handle.credential,
            handle.content_guid,
            handle.instance,
            handle.issued,
        )
        sealed = self._keyring.ticket(json.dumps(fields), purpose=PURPOSE, bound_to=PURPOSE)
        return _spelled(sealed)


def _spelled(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
