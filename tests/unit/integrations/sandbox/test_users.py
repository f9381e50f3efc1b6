"""People and browser sessions."""

from integrations.sandbox import users
from integrations.sandbox.settings import default_users
from integrations.sandbox.users import BrowserSessions, UserDirectory


def test_passwords():
    directory = UserDirectory(default_users())
    assert directory.check("Alice", "alice").name == "Alice Archer"
    assert directory.check("alice", "bob") is None
    assert directory.check("nobody", "") is None


def test_the_oldest_sessions_go_first(monkeypatch):
    monkeypatch.setattr(users, "MAX_SESSIONS", 2)
    sessions = BrowserSessions()
    values = [sessions.start(sub) for sub in ("alice", "bob", "carol")]
    assert [sessions.get(value) is not None for value in values] == [False, True, True]
    sessions.end(values[2])
    assert sessions.get(values[2]) is None
