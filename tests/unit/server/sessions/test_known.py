"""What credentials stand for, by the names they are looked up by and by what Caller.credential calls them."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.accounts import store as accounts
from server.db.clock import now
from server.db.engine import Database
from server.db.models import BrowserSession, ClaimToken, ToolClient, ToolSignIn, ToolToken, User
from server.sessions.known import Known, load, name_of
from server.sessions.store import end_all, touch

SOON = timedelta(hours=1)
TOKEN = "T" + "0" * 32


@pytest.fixture
def ann(db: Database) -> User:
    """A person with one credential of each kind."""
    user = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
    public = generate_private_key(65537, 2048).public_key()
    key = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    client = ToolClient(id=1, client_id="c", client_name="n", redirect_uris=[], grant_types=[])
    ends = {"expires_at": now() + SOON, "user_id": user.id}
    sign_in = ToolSignIn(id=1, guid="t", client_row=1, family="f", refresh_hash="r", **ends)

    def write(session):
        session.add_all([client, BrowserSession(token_hash="h", guid="s", **ends)])
        session.flush()
        session.add_all([sign_in, ClaimToken(guid="c", token=TOKEN, public_key=key, **ends)])
        session.flush()
        session.add(ToolToken(token_hash="a", sign_in_id=1, expires_at=now() + SOON / 2))

    db.write_now(write)
    return user


NAMES = [("session:h", "session:s"), ("bearer:a", "tool:t"), ("tool:t", "tool:t"), (f"claim:{TOKEN}", "claim:c")]


@pytest.mark.parametrize(("name", "credential"), NAMES)
async def test_each_kind_stands_for_its_person(db: Database, ann: User, name: str, credential: str):
    known = db.read_now(load, name)
    assert isinstance(known, Known)
    assert (known.caller.guid, known.caller.role, known.caller.credential) == (ann.guid, "publisher", credential)
    assert known.caller.via == ("session" if credential == "session:s" else "key")
    assert (known.key is not None) == (credential == "claim:c")
    back = db.read_now(name_of, credential)
    assert back == ("tool:t" if name == "bearer:a" else name)
    db.write_now(lambda s: accounts.add_user(s, username="root", role="administrator"))
    db.write_now(accounts.set_locked, ann.guid, True)
    assert db.read_now(load, name) is None


@pytest.mark.parametrize("kind", ["session", "key", "bearer", "tool", "claim"])
async def test_what_is_unknown_stands_for_nobody(db: Database, ann: User, kind: str):
    assert db.read_now(load, f"{kind}:nothing") is None
    assert db.read_now(name_of, f"{kind}:nothing") in (None, "tool:nothing")
    assert db.read_now(name_of, "nonsense") is None


async def test_an_unclaimed_token_stands_for_nobody(db: Database):
    row = ClaimToken(guid="c", token=TOKEN, public_key=b"", expires_at=now() + SOON)
    db.write_now(lambda s: s.add(row))
    assert db.read_now(load, f"claim:{TOKEN}") is None


async def test_signing_a_person_out_everywhere_ends_her_tools(db: Database, ann: User):
    db.write_now(end_all, ann.guid)
    assert [name for name, _ in NAMES if db.read_now(load, name) is not None] == []


async def test_use_is_written_down(db: Database, ann: User):
    moment = now() + SOON
    db.write_now(touch, {"tool:t": moment, "claim:c": moment, "session:s": moment})
    for name, _ in NAMES:
        known = db.read_now(load, name)
        assert known is not None
        assert known.seen == moment
    claim = db.read_now(load, f"claim:{TOKEN}")
    assert claim is not None
    assert claim.expires_at is not None
    assert claim.expires_at > moment
