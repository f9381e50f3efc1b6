"""Key files: what is in them, what is refused, and that they are replaced all at once."""

import os
from pathlib import Path

import pytest

from server.keys import keyfile
from server.keys.keyfile import KeyProblem, parse, text_of

GOOD = text_of(keyfile.new_keys())


def test_a_key_file_is_private_and_reads_back(tmp_path: Path):
    path = tmp_path / "k"
    assert keyfile.read(path) is None
    made = keyfile.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keyfile.read(path) == made
    with pytest.raises(FileExistsError):
        keyfile.create(path)
    assert "secret" not in repr(made)


def test_keys_grow_turn_and_go(tmp_path: Path):
    path = tmp_path / "k"
    keys = keyfile.create(path).grown()
    assert keys.newest is not None
    turned = keys.turned(keys.newest.id)
    assert (turned.newest, len(turned.wrapping)) == (None, 2)
    keyfile.write(path, turned)
    assert keyfile.read(path) == turned
    assert path.stat().st_mode & 0o777 == 0o600
    left = turned.without({turned.wrapping[0].id})
    assert left.wrapping == turned.wrapping[1:]
    assert keys.with_new_sessions().sessions != keys.sessions
    assert os.listdir(tmp_path) == ["k"]


def test_a_file_of_the_first_form_is_read_and_becomes_one_of_the_second(tmp_path: Path):
    path = tmp_path / "k"
    path.write_text(f"tabard-key-v1 {keyfile._spelled(b'r' * 32)}\n")
    path.chmod(0o600)
    keys = keyfile.read(path)
    assert keys == keyfile.of_secret(b"r" * 32)
    assert keys.current == keyfile.id_of(b"r" * 32)
    keyfile.write(path, keys)
    assert keyfile.read(path) == keys


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int):
    keyfile.create(tmp_path / "k")
    (tmp_path / "k").chmod(mode)
    with pytest.raises(KeyProblem, match="chmod 600"):
        keyfile.read(tmp_path / "k")


@pytest.mark.parametrize(
    "text",
    ["", "tabard-key-v1 ", "tabard-key-v1 !!", "tabard-key-v1 YWJj\n", "x" * 60, "\xff", "tabard-key-v2\n"]
    + [GOOD.replace("current ", "current 00"), GOOD.replace("root ", "base "), GOOD + "more\n", GOOD + "a b c d\n"]
    + ["\n".join(line for n, line in enumerate(GOOD.splitlines()) if n != gone) for gone in range(5)]
    + [GOOD.replace("key ", "key 00"), GOOD + GOOD.splitlines()[3] + "\n", GOOD.replace("=", "", 1)],
)
def test_what_is_no_key_is_refused(tmp_path: Path, text: str):
    (tmp_path / "k").write_bytes(text.encode("latin-1"))
    (tmp_path / "k").chmod(0o600)
    with pytest.raises(KeyProblem, match="does not hold a Tabard key"):
        keyfile.read(tmp_path / "k")


def test_a_folder_a_pipe_or_a_link_is_no_key_file(tmp_path: Path):
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "p", 0o600)
    (tmp_path / "l").symlink_to(tmp_path / "k")
    keyfile.create(tmp_path / "k")
    for name, words in (("d", "not a regular file"), ("p", "not a regular file"), ("l", "is a link")):
        with pytest.raises(KeyProblem, match=words):
            keyfile.read(tmp_path / name)


def test_where_it_cannot_be_written_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    keys = keyfile.create(tmp_path / "k")

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("server.keys.keyfile.replace_private", refuse)
    with pytest.raises(KeyProblem, match=r"cannot be written \(Read-only file system\); nothing was changed"):
        keyfile.write(tmp_path / "k", keys.grown())
    assert keyfile.read(tmp_path / "k") == keys
    assert parse(text_of(keys)) == keys
