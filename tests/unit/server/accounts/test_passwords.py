"""Passwords: limits, equal work, old hashes."""

import pytest

from server.accounts.passwords import Passwords, checked_password
from server.web.errors import ApiError


@pytest.fixture
def passwords():
    made = Passwords(memory_kib=64, passes=1)
    yield made
    made.close()


@pytest.mark.parametrize("password", ["12345678", "ü" * 8, "x" * 1024, "with space and \0"])
def test_good_passwords(password: str):
    assert checked_password(password) == password


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025, "ü" * 513, "\ud800" * 8])
def test_bad_passwords(password: str):
    with pytest.raises(ApiError) as caught:
        checked_password(password)
    assert caught.value.code == 6
    assert password not in caught.value.message or not password


async def test_a_password_fits_its_hash_only(passwords: Passwords):
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "correct horse ")
    assert not await passwords.verify(None, "correct horse")
    assert not await passwords.verify("not a hash", "correct horse")


async def test_unknown_names_take_the_same_work(passwords: Passwords, monkeypatch):
    verified = []
    monkeypatch.setattr(type(passwords._hasher), "verify", lambda _self, stored, _pw: verified.append(stored) or True)
    assert await passwords.verify(None, "whatever1") is False
    assert verified == [passwords._decoy]


async def test_what_cannot_be_a_password_costs_nothing(passwords: Passwords, monkeypatch):
    monkeypatch.setattr(passwords, "_verify", lambda *_: pytest.fail("hashed"))
    assert not await passwords.verify("x", "x" * 1_000_000)
    assert not await passwords.verify("x", "\ud800" * 8)


def test_weaker_hashes_are_outdated(passwords: Passwords):
    strong = Passwords(memory_kib=128, passes=2)
    assert strong.outdated(passwords.hash_now("password"))
    assert not strong.outdated(strong.hash_now("password"))
    strong.close()
