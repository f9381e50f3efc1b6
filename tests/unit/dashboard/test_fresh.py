"""A secret over a redirect: sealed, for one person, one purpose and a minute."""

import pytest

from dashboard.fresh import Fresh
from server.keys.keyring import Keyring
from server.web.caller import Caller
from tests.unit.server.web.asking import asking

ALICE = Caller(1, "a", "alice", via="session", credential="session:1")
BOB = Caller(2, "b", "bob", via="session", credential="session:2")


@pytest.mark.parametrize(
    ("caller", "purpose", "found"),
    [(ALICE, "key", ("Laptop", "s3cret")), (BOB, "key", ("", "")), (ALICE, "link", ("", ""))],
)
def test_only_who_made_it_reads_it(caller: Caller, purpose: str, found: tuple[str, str]):
    keyring = Keyring(b"k" * 32)
    sent = Fresh(keyring, "key", secure=False).put(ALICE, "Laptop", "s3cret", "/keys")
    assert "Path=/keys; HttpOnly; SameSite=Lax; Max-Age=60" in sent
    assert "s3cret" not in sent
    request = asking("GET", "/keys", cookie=sent.partition(";")[0])
    assert Fresh(keyring, purpose, secure=False).read(request, caller) == found


def test_nothing_and_rubbish():
    fresh = Fresh(Keyring(b"k" * 32), "key", secure=False)
    for cookie in ("", "tabard_fresh=%%%", "tabard_fresh=abcd"):
        assert fresh.read(asking("GET", "/keys", cookie=cookie), ALICE) == ("", "")
    assert "Max-Age=0" in fresh.clear("/keys")
