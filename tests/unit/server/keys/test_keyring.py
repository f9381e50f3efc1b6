"""Sealing for the database and for a while; following the key file; carrying on with damage to it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server.keys import keyfile
from server.keys import keyring as keyrings
from server.keys.envelope import CARRIED, ENVELOPE, PLAIN, encrypt
from server.keys.keyring import KeyProblem, Keyring, SealBroken

RING = Keyring(b"r" * 32)


def old_value(secret: bytes, text: str, purpose: str, bound_to: str) -> bytes:
    """A value as the first version sealed it."""
    ring = Keyring(secret)
    head = PLAIN + keyfile.id_of(secret)
    return head + encrypt(ring.lasting(purpose), text.encode(), head + bound_to.encode())


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keyrings, "LOOK", 0.0)
    keyfile.create(tmp_path / "k")
    return tmp_path / "k"


def ring_at(path: Path) -> Keyring:
    keys = keyfile.read(path)
    assert keys is not None
    return Keyring(keys, path)


def change(path: Path, how: Callable[[keyfile.Keys], keyfile.Keys]) -> keyfile.Keys:
    keys = keyfile.read(path)
    assert keys is not None
    after = how(keys)
    keyfile.write(path, after)
    return after


def rotated(keys: keyfile.Keys) -> keyfile.Keys:
    grown = keys.grown()
    return grown.turned(grown.wrapping[-1].id)


@pytest.mark.parametrize("text", ["", "x", "ü\n\0", "x" * 100_000])
def test_what_is_sealed_opens(text: str):
    sealed = RING.seal(text, purpose="p", bound_to="row 1")
    assert sealed[:1] == ENVELOPE
    assert RING.open(sealed, purpose="p", bound_to="row 1") == text
    assert text.encode() not in sealed or len(text) < 2
    ticket = RING.ticket(text, purpose="p", bound_to="row 1")
    assert RING.from_ticket(ticket, purpose="p", bound_to="row 1") == text


def test_two_seals_of_one_text_differ():
    assert RING.seal("x", purpose="p", bound_to="b") != RING.seal("x", purpose="p", bound_to="b")


def test_another_purpose_row_or_key_does_not_open_it():
    sealed = RING.seal("secret", purpose="p", bound_to="row 1")
    ticket = RING.ticket("secret", purpose="p", bound_to="row 1")
    for ring, purpose, bound in ((RING, "q", "row 1"), (RING, "p", "row 2"), (Keyring(b"s" * 32), "p", "row 1")):
        with pytest.raises(SealBroken):
            ring.open(sealed, purpose=purpose, bound_to=bound)
        with pytest.raises(SealBroken):
            ring.from_ticket(ticket, purpose=purpose, bound_to=bound)


@pytest.mark.parametrize("form", [PLAIN, ENVELOPE, CARRIED])
def test_no_bit_may_change(form: bytes):
    sealed = RING.seal("secret", purpose="p", bound_to="b")
    if form != ENVELOPE:
        sealed = old_value(b"r" * 32, "secret", "p", "b")
    if form == CARRIED:
        sealed = RING.rewrapped(sealed, shared_purpose="p")
    assert sealed[:1] == form
    assert RING.open(sealed, purpose="p", bound_to="b") == "secret"
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBroken):
            RING.open(bytes(changed), purpose="p", bound_to="b")
    for cut in {0, 1, 5, 17, min(65, len(sealed) - 1), len(sealed) - 1}:
        with pytest.raises(SealBroken):
            RING.open(sealed[:cut], purpose="p", bound_to="b")


def test_wrapped_keys_of_two_rows_cannot_be_exchanged():
    one, two = (RING.seal(text, purpose="p", bound_to=text) for text in ("one", "two"))
    with pytest.raises(SealBroken):
        RING.open(one[:65] + two[65:], purpose="p", bound_to="two")


def test_purposes_have_keys_of_their_own():
    assert RING.derived("a") != RING.derived("b")
    assert RING.mac("a", "m") != RING.mac("b", "m")
    assert RING.mac("a", "m") == Keyring(b"r" * 32).mac("a", "m")


def test_values_of_the_first_form_open_and_are_carried_on(path: Path):
    path.write_text(f"tabard-key-v1 {keyfile._spelled(b'r' * 32)}\n")
    sealed = old_value(b"r" * 32, "secret", "p", "b")
    ring = ring_at(path)
    assert ring.open(sealed, purpose="p", bound_to="b") == "secret"
    before = keyfile.id_of(b"r" * 32)
    after = change(path, rotated)
    assert ring.open(sealed, purpose="p", bound_to="b") == "secret"
    ring.seal("", purpose="p", bound_to="")
    carried = ring.rewrapped(sealed, shared_purpose="p")
    change(path, lambda keys: keys.without({before}))
    assert after.current != before
    for opener in (ring, ring_at(path)):
        assert opener.open(carried, purpose="p", bound_to="b") == "secret"
        with pytest.raises(SealBroken):
            opener.open(carried, purpose="p", bound_to="c")
    with pytest.raises(SealBroken):
        ring.rewrapped(sealed, shared_purpose=None)
    again = change(path, rotated)
    ring.seal("", purpose="p", bound_to="")
    twice = ring.rewrapped(carried, shared_purpose="p")
    assert twice[1:5] == again.current
    assert ring_at(path).open(twice, purpose="p", bound_to="b") == "secret"


def test_a_running_server_follows_the_file(path: Path):
    server = ring_at(path)
    ticket = server.ticket("t", purpose="p", bound_to="b")
    first = server.seal("1", purpose="p", bound_to="b")
    keys = change(path, rotated)
    elsewhere = ring_at(path).seal("2", purpose="p", bound_to="b")
    assert server.open(elsewhere, purpose="p", bound_to="b") == "2"
    assert server.key_id == keys.current
    assert server.open(first, purpose="p", bound_to="b") == "1"
    assert server.seal("3", purpose="p", bound_to="b")[1:5] == keys.current
    assert server.from_ticket(ticket, purpose="p", bound_to="b") == "t"
    assert server.rewrapped(first, shared_purpose=None)[1:5] == keys.current


def test_an_unknown_key_is_looked_for_at_once(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keyrings, "LOOK", 3600.0)
    server = ring_at(path)
    change(path, rotated)
    sealed = ring_at(path).seal("x", purpose="p", bound_to="b")
    assert server.open(sealed, purpose="p", bound_to="b") == "x"


def test_another_secret_for_sessions_ends_tickets_and_nothing_else(path: Path):
    server = ring_at(path)
    ticket, sealed = server.ticket("t", purpose="p", bound_to="b"), server.seal("s", purpose="p", bound_to="b")
    mac, lasting = server.mac("csrf", "m"), server.lasting("audit chain")
    change(path, lambda keys: keys.with_new_sessions())
    with pytest.raises(SealBroken):
        server.from_ticket(ticket, purpose="p", bound_to="b")
    assert server.mac("csrf", "m") != mac
    assert server.lasting("audit chain") == lasting
    assert server.open(sealed, purpose="p", bound_to="b") == "s"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text(""),
        lambda path: path.chmod(0o644),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.rename(path.with_name("there")), path.symlink_to(path.with_name("there"))),
        lambda path: (path.unlink(), keyfile.create(path)),
    ],
)
def test_while_running_a_spoiled_file_is_an_alarm_and_changes_nothing(
    path: Path, spoil: Callable[[Path], object], caplog: pytest.LogCaptureFixture
):
    server = ring_at(path)
    sealed = server.seal("x", purpose="p", bound_to="b")
    kept = path.read_text()
    spoil(path)
    for _ in range(3):
        assert server.open(server.seal("y", purpose="p", bound_to="b"), purpose="p", bound_to="b") == "y"
    assert server.open(sealed, purpose="p", bound_to="b") == "x"
    assert server.problem is not None
    assert len([r for r in caplog.records if "goes on with the keys it has" in r.message]) == 1
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_text(kept)
    path.chmod(0o600)
    server.seal("z", purpose="p", bound_to="b")
    assert server.problem is None


def test_a_secret_of_the_wrong_length():
    with pytest.raises(KeyProblem):
        Keyring(b"short")
