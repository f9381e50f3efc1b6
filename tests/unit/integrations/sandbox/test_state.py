"""A provider's memory begins with its settings and nothing else."""

from integrations.sandbox.settings import ClientSettings, SandboxSettings, UserSettings
from integrations.sandbox.state import new_state


def test_from_settings(clock):
    settings = SandboxSettings(
        issuer="http://localhost:1/",
        admin_token="admin",
        clients=(ClientSettings("c", secret="s", redirect_uris=("http://localhost/cb",)),),
        users=(UserSettings("dora", "Dora", "d@a.org", "pw"),),
    )
    first, second = new_state(settings, clock), new_state(settings, clock)
    assert (first.issuer, first.admin_token) == ("http://localhost:1", "admin")
    assert [client.client_id for client in first.clients.all()] == ["c"]
    assert first.users.check("dora", "pw").name == "Dora"
    assert first.ledger.listed("token") == []
    assert first.store.clock is clock
    session = first.sessions.start("dora")
    assert first.sessions.get(session) is not None
    assert second.sessions.get(session) is None
