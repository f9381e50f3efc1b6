"""`tabard serve` before it serves: refusals come before anything is opened, and logs say what matters."""

import logging
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from server.cli import serve
from server.cli.main import main
from server.settings import Settings


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """What was opened; nothing may be. This process is not hardened, and listens to nothing."""
    calls: list[str] = []
    monkeypatch.setattr(serve, "harden", lambda: True)
    monkeypatch.setattr(serve, "stop_is_no_failure", lambda: None)
    monkeypatch.setattr(serve, "_logging", lambda _level: None)
    monkeypatch.setattr(serve, "open_installation", lambda _settings: calls.append("opened"))
    return calls


class Busy:
    """A socket whose address is taken."""

    closed = False

    def __init__(self, family: int, _kind: int) -> None:
        self.family = family

    def setsockopt(self, *_: int) -> None:
        pass

    def bind(self, _address: Any) -> None:
        raise OSError(98, "Address already in use")

    def close(self) -> None:
        type(self).closed = True


def test_a_busy_port_is_a_sentence(opened: list[str], monkeypatch, capsys, tmp_path: Path):
    monkeypatch.setattr(serve.socket, "socket", Busy)
    assert main(["serve", "--port", "4001", "--data-dir", str(tmp_path / "data")]) == 1
    assert capsys.readouterr().err == (
        "tabard: cannot listen on 127.0.0.1 port 4001 (Address already in use); "
        "stop what is using it, or choose another with --port\n"
    )
    assert Busy.closed
    assert opened == []
    assert not (tmp_path / "data").exists()


def test_a_dashboard_that_is_not_there_is_a_sentence(opened: list[str], monkeypatch, capsys, tmp_path: Path):
    monkeypatch.setenv("TABARD_DASHBOARD", "nowhere:room")
    monkeypatch.setattr(serve, "_listen", lambda _settings: nullcontext())
    assert main(["serve", "--data-dir", str(tmp_path / "data")]) == 1
    assert 'dashboard names "nowhere:room"' in capsys.readouterr().err
    assert opened == []


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({}, []),
        ({"host": "0.0.0.0"}, ["without https"]),
        ({"host": "0.0.0.0", "public_url": "https://apps.example.org"}, []),
        ({"oauth_allow_local_providers": True}, ["LOCAL_PROVIDERS is on"]),
    ],
)
def test_what_is_risky_is_said_at_start(terms: dict[str, Any], words: list[str], caplog):
    with caplog.at_level(logging.INFO, "tabard"):
        serve._announce(Settings(**terms))
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))
    assert "Tabard is ready at http" in caplog.records[-1].getMessage()


def test_libraries_that_print_addresses_are_kept_quiet():
    names = ("httpx", "httpcore", "uvicorn", "authlib")
    before = {name: logging.getLogger(name).level for name in names}
    try:
        serve._logging("debug")
        assert {logging.getLogger(name).getEffectiveLevel() for name in names} == {logging.WARNING}
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
