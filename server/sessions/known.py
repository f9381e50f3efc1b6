"""What a credential in the database stands for: read once, remembered by sessions.identify until it changes.

Names under which credentials are looked up hold digests, never values: `session:<digest>`, `key:<digest>`,
`bearer:<digest>`, `tool:<guid>`, `claim:<token>`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlmodel import Session

from server.db.models import VisitorKey
from server.sessions import store
from server.web.caller import Caller


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
    key: RSAPublicKey | None = None
    """What the requests of a claimed tool are verified with."""


def load(session: Session, name: str) -> Known | None:
    """What the credential of this name stands for, with the groups of its person; None where it is no good."""
    kind, _, value = name.partition(":")
    known = LOADERS[kind](session, value)
    if known is not None:
        known.caller = store.with_groups(session, known.caller)
    return known


def name_of(session: Session, credential: str) -> str | None:
    """The name to look a credential up by, from what Caller.credential calls it."""
    kind, _, value = credential.partition(":")
    if kind == "session":
        row = store.session_by_guid(session, value)
        return None if row is None else "session:" + row[0].token_hash
    if kind == "key" and value.isdigit():
        pair = store.key_by_id(session, int(value))
        return None if pair is None else "key:" + pair[0].key_hash
    if kind == "visitor" and value.isdigit():
        visitor = session.get(VisitorKey, int(value))
        return None if visitor is None else "key:" + visitor.key_hash
    if kind == "claim":
        claim = store.claim_by_guid(session, value)
        return None if claim is None else "claim:" + claim[0].token
    return credential if kind == "tool" else None


def _session(session: Session, token_hash: str) -> Known | None:
    found = store.session_row(session, token_hash)
    if found is None or found[1].locked:
        return None
    row, user = found
    caller = store.person(user, via="session", credential=f"session:{row.guid}")
    return Known(caller, row.expires_at, row.seen_time)


def _key(session: Session, key_hash: str) -> Known | None:
    pair = store.key_row(session, key_hash)
    if pair is None:
        return _visitor(session, key_hash)
    if pair[1].locked:
        return None
    key, user = pair
    via = "content" if key.content_guid else "key"
    credential = f"instance:{key.instance_key}" if key.content_guid else f"key:{key.id}"
    caller = store.person(user, via=via, credential=credential, role=key.role, content=key.content_guid)
    return Known(caller, key.expires_at, key.last_used_time or key.created_time)


def _visitor(session: Session, key_hash: str) -> Known | None:
    found = store.visitor_key(session, key_hash)
    if found is None or found[1].locked:
        return None
    key, user, content_guid, integration_guid = found
    caller = store.person(user, via="visitor", credential=f"visitor:{key.id}", role=key.role, content=content_guid)
    return Known(caller, key.expires_at, key.created_time, Behind(key.credential, integration_guid))


def _bearer(session: Session, token_hash: str) -> Known | None:
    """A tool by its access token."""
    found = store.tool_row(session, token_hash)
    if found is None or found[2].locked:
        return None
    token, sign_in, user = found
    caller = store.person(user, via="key", credential=f"tool:{sign_in.guid}")
    return Known(caller, token.expires_at, sign_in.last_used_time or sign_in.created_time)


def _tool(session: Session, guid: str) -> Known | None:
    """A tool by its sign-in, which outlives each of its access tokens."""
    found = store.tool_by_guid(session, guid)
    if found is None or found[1].locked:
        return None
    sign_in, user = found
    caller = store.person(user, via="key", credential=f"tool:{guid}")
    return Known(caller, sign_in.expires_at, sign_in.last_used_time or sign_in.created_time)


def _claim(session: Session, token: str) -> Known | None:
    found = store.claim_row(session, token)
    if found is None or found[1].locked:
        return None
    row, user = found
    key = load_der_public_key(row.public_key)
    assert isinstance(key, RSAPublicKey)
    caller = store.person(user, via="key", credential=f"claim:{row.guid}")
    return Known(caller, row.expires_at, row.last_used_time or row.created_time, key=key)


LOADERS: dict[str, Callable[[Session, str], Known | None]] = {
    "session": _session,
    "key": _key,
    "bearer": _bearer,
    "tool": _tool,
    "claim": _claim,
}
