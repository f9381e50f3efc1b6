"""Sealing: what opens, what does not, and key files."""

import os
from pathlib import Path

import pytest

from server.keys import keyring
from server.keys.keyring import KeyProblem, Keyring, SealBroken

RING = Keyring(b"r" * 32)


@pytest.mark.parametrize("text", ["", "x", "ü\n\0", "x" * 100_000])
def test_what_is_sealed_opens(text: str):
    sealed = RING.seal(text, purpose="p", bound_to="row 1")
    assert RING.open(sealed, purpose="p", bound_to="row 1") == text
    assert text.encode() not in sealed or len(text) < 2


def test_two_seals_of_one_text_differ():
    assert RING.seal("x", purpose="p", bound_to="b") != RING.seal("x", purpose="p", bound_to="b")


def test_another_purpose_row_or_key_does_not_open_it():
    sealed = RING.seal("secret", purpose="p", bound_to="row 1")
    for ring, purpose, bound in ((RING, "q", "row 1"), (RING, "p", "row 2"), (Keyring(b"s" * 32), "p", "row 1")):
        with pytest.raises(SealBroken):
            ring.open(sealed, purpose=purpose, bound_to=bound)


def test_no_bit_may_change():
    sealed = RING.seal("secret", purpose="p", bound_to="b")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBroken):
            RING.open(bytes(changed), purpose="p", bound_to="b")
    for cut in (0, 1, 5, 17, len(sealed) - 1):
        with pytest.raises(SealBroken):
            RING.open(sealed[:cut], purpose="p", bound_to="b")


def test_purposes_have_keys_of_their_own():
    assert RING.derived("a") != RING.derived("b")
    assert RING.mac("a", "m") != RING.mac("b", "m")
    assert RING.mac("a", "m") == Keyring(b"r" * 32).mac("a", "m")


def test_a_key_file_is_private_and_reads_back(tmp_path: Path):
    path = tmp_path / "k"
    assert keyring.read(path) is None
    made = keyring.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    found = keyring.read(path)
    assert found is not None
    assert found.key_id == made.key_id
    with pytest.raises(FileExistsError):
        keyring.create(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int):
    keyring.create(tmp_path / "k")
    (tmp_path / "k").chmod(mode)
    with pytest.raises(KeyProblem, match="chmod 600"):
        keyring.read(tmp_path / "k")


@pytest.mark.parametrize("text", ["", "tabard-key-v1 ", "tabard-key-v1 !!", "tabard-key-v1 YWJj\n", "x" * 60, "\xff"])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str):
    (tmp_path / "k").write_bytes(text.encode("latin-1"))
    (tmp_path / "k").chmod(0o600)
    with pytest.raises(KeyProblem, match="does not hold a Tabard key"):
        keyring.read(tmp_path / "k")


def test_a_folder_or_a_pipe_is_no_key_file(tmp_path: Path):
    (tmp_path / "d").mkdir()
    with pytest.raises(KeyProblem):
        keyring.read(tmp_path / "d")
    with pytest.raises(KeyProblem):
        Keyring(b"short")
    assert os.listdir(tmp_path) == ["d"]
