"""The provider in a thread: it is up when it is given, and gone afterwards. Nothing listens here."""

from types import SimpleNamespace

import pytest

from integrations.sandbox import threaded
from integrations.sandbox.settings import SandboxSettings
from integrations.sandbox.threaded import running


class Server:
    """In place of uvicorn's: starts, or ends at once."""

    starts = True

    def __init__(self, config) -> None:
        self.config, self.started, self.should_exit, self.ended = config, False, False, False
        made.append(self)

    def run(self, sockets) -> None:
        self.started = self.starts
        while self.started and not self.should_exit:
            threaded.time.sleep(0.001)
        self.ended = True


made: list[Server] = []


@pytest.fixture
def closed(monkeypatch) -> list[str]:
    made.clear()
    calls: list[str] = []
    listener = SimpleNamespace(getsockname=lambda: ("127.0.0.1", 4711), close=lambda: calls.append("closed"))
    monkeypatch.setattr(threaded, "listen", lambda _host, _port: listener)
    monkeypatch.setattr(threaded, "server_config", lambda app: app)
    monkeypatch.setattr(threaded, "create_app", lambda settings: settings.issuer)
    monkeypatch.setattr(threaded.uvicorn, "Server", Server)
    return calls


@pytest.mark.parametrize(("issuer", "known_as"), [("", "http://127.0.0.1:4711"), ("http://id:1", "http://id:1")])
def test_up_when_given_and_gone_afterwards(closed, issuer, known_as):
    with running(SandboxSettings(issuer=issuer)) as address:
        assert address == "http://127.0.0.1:4711"
        assert (made[0].started, made[0].ended, closed) == (True, False, [])
        assert made[0].config == known_as
    assert (made[0].ended, closed) == (True, ["closed"])


def test_one_that_does_not_come_up_is_an_error_and_leaves_nothing(closed, monkeypatch):
    monkeypatch.setattr(Server, "starts", False)
    with pytest.raises(RuntimeError, match="did not start"), running(SandboxSettings(issuer="")):
        pytest.fail("it was given all the same")
    assert (made[0].ended, closed) == (True, ["closed"])
