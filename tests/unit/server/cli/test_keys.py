"""`tabard keys` on a real data directory: status, a change of keys, and keys taken away."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.cli.main import main
from server.keys import keyfile, rotation
from tests.unit.dashboard.rig import _empty

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = os.umask(0o022)
    shutil.copytree(_empty(), tmp_path / "data")
    monkeypatch.setattr(rotation, "NOTICED", 0.0)
    monkeypatch.setattr(rotation.time, "sleep", lambda _: None)
    yield tmp_path / "data"
    os.umask(before)


@pytest.fixture
def run(data: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def act(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--data-dir", str(data)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return act


def test_keys_are_shown_changed_and_taken_away(run: Run, data: Path):
    keys = keyfile.read(data / "secret.key")
    assert keys is not None
    first = keys.current.hex()
    code, out, _ = run("keys", "status")
    assert code == 0
    assert f"key {first}  made {keys.wrapping[0].made}  seals  2 values\n    meta.value: 2" in out
    assert not any(keyfile._spelled(secret) in out for secret in (keys.root, keys.sessions, keys.wrapping[0].secret))
    code, out, err = run("keys", "prune")
    assert (code, out, err) == (0, "every key is in use\n", "")
    code, out, _ = run("keys", "rotate", "--prepare")
    assert code == 0
    waiting = out.split()[1]
    assert f"key {waiting}" in run("keys", "status")[1]
    assert "waits" in run("keys", "status")[1]
    code, out, _ = run("keys", "rotate")
    assert code == 0
    assert f"2 values are under key {waiting} now, 0 are not" in out
    assert run("keys", "prune") == (0, f"removed key {first}\n", "")
    code, out, _ = run("keys", "rotate", "--sessions")
    assert (code, "secret of sessions was replaced" in out) == (0, True)
    actions = [line.split('"action":"')[1].split('"')[0] for line in run("audit", "export")[1].splitlines()]
    assert actions[-5:] == [
        "prepare_key", "rotate_keys", "remove_keys", "rotate_session_secret", "export_audit_trail",
    ]  # fmt: skip


def test_a_key_that_values_need_is_kept_and_one_that_is_gone_is_named(run: Run, data: Path):
    file = data / "secret.key"
    keys = keyfile.read(file)
    assert keys is not None
    grown = keys.grown()
    keyfile.write(file, grown.turned(grown.wrapping[-1].id))
    code, _, err = run("keys", "prune")
    assert (code, err) == (1, f"tabard: 2 values need key {keys.current.hex()}; first run: tabard keys rotate\n")
    keyfile.write(file, grown.turned(grown.wrapping[-1].id).without({keys.current}))
    code, _, err = run("keys", "status")
    assert code == 1
    assert keys.current.hex() in err


def test_a_refusal_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise keyfile.KeyProblem("cannot be written")

    monkeypatch.setattr(keyfile, "write", refuse)
    assert run("keys", "rotate") == (1, "", "tabard: cannot be written\n")
