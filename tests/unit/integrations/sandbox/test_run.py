"""Starting the provider: its address, and a sentence and code 1 where it cannot start. Nothing listens here."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from integrations.sandbox import run as module
from integrations.sandbox.run import run, server_config


@pytest.fixture
def made(monkeypatch) -> list:
    """The settings of every application that was made; serving ends at once."""
    found: list = []
    real = module.create_app
    monkeypatch.setattr(module, "create_app", lambda settings: found.append(settings) or real(settings))
    listener = SimpleNamespace(getsockname=lambda: ("x", 4711))
    monkeypatch.setattr(module, "listen", lambda _host, _port: listener)
    monkeypatch.setattr(module.uvicorn, "Server", lambda _config: SimpleNamespace(run=lambda sockets: None))
    return found


@pytest.mark.parametrize(
    ("host", "issuer", "address"),
    [
        ("127.0.0.1", "", "http://localhost:4711"), ("0.0.0.0", "", "http://localhost:4711"),
        ("::", "", "http://localhost:4711"), ("sandbox", "", "http://sandbox:4711"),
        ("0.0.0.0", "https://id.example.org", "https://id.example.org"),
    ],
)  # fmt: skip
def test_the_address_browsers_use(made, capsys, host, issuer, address):
    assert run(host, 0, issuer=issuer) == 0
    assert made[0].issuer == address
    said = capsys.readouterr().err
    assert f"Sandbox provider on {address}\n" in said
    assert "alice" in said
    run(host, 0, quiet=True)
    assert capsys.readouterr().err == ""


def test_a_busy_port_is_a_sentence(made, monkeypatch, capsys):
    def busy(_host, _port):
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(module, "listen", busy)
    assert run("127.0.0.1", 4711) == 1
    assert capsys.readouterr().err == (
        "sandbox provider: cannot listen on 127.0.0.1 port 4711 (Address already in use); choose another with --port.\n"
    )
    assert made == []


def test_clients_that_cannot_be_used_are_a_sentence(made, tmp_path: Path, capsys):
    file = tmp_path / "clients.json"
    file.write_text('[{"client_id": ""}]')
    assert run("127.0.0.1", 0, clients_file=file) == 1
    assert capsys.readouterr().err.startswith("sandbox provider: ")
    assert made == []


def test_an_interrupt_is_an_orderly_end_and_no_query_is_logged(made, monkeypatch):
    def interrupted(sockets) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module.uvicorn, "Server", lambda _config: SimpleNamespace(run=interrupted))
    assert run("127.0.0.1", 0, quiet=True) == 0
    config = server_config(object())
    assert (config.access_log, config.server_header) == (False, False)
