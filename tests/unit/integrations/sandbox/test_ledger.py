"""The list of requests: by endpoint, oldest first, and never longer than its limit."""

from integrations.sandbox import ledger
from integrations.sandbox.ledger import Entry, Ledger


def entry(number: int, endpoint: str = "token") -> Entry:
    return Entry(float(number), endpoint, "refresh_token", "c", "0" * 16, "ok")


def test_by_endpoint_in_order():
    made = Ledger()
    for number, endpoint in enumerate(("token", "revoke", "token")):
        made.add(entry(number, endpoint))
    assert [e["time"] for e in made.listed("token")] == [0.0, 2.0]
    assert [e["time"] for e in made.listed("revoke")] == [1.0]
    assert made.listed("token")[0] == {
        "time": 0.0, "endpoint": "token", "grant_type": "refresh_token", "client_id": "c",
        "refresh_sha256": "0" * 16, "outcome": "ok", "sub": None, "issued_refresh_sha256": None,
        "delivered": True,
    }  # fmt: skip
    made.clear()
    assert made.listed("token") == []


def test_the_oldest_go(monkeypatch):
    monkeypatch.setattr(ledger, "KEEP", 2)
    made = Ledger()
    for number in range(3):
        made.add(entry(number))
    assert [e["time"] for e in made.listed("token")] == [1.0, 2.0]
