"""The token store: values are not kept, and what ran out is swept."""

from integrations.sandbox import tokens
from integrations.sandbox.tokens import Family, TokenStore


def test_values_are_kept_as_digests_only():
    store = TokenStore(lambda: 0.0)
    store.issue("secret-value", "access_token", Family("c", "alice"), "", 60)
    assert "secret-value" not in repr(store.__dict__)
    assert store.find("secret-value", "access_token") is not None
    assert store.find("secret-value", "refresh_token") is None


def test_what_ran_out_is_swept_and_spent_tokens_stay(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(tokens, "SWEEP_EVERY", 1)
    store = TokenStore(lambda: now[0])
    store.issue("short", "access_token", Family("c", "alice"), "", 60)
    store.issue("spent", "refresh_token", Family("c", "alice"), "", None).spent = True
    now[0] = 61
    store.issue("other", "access_token", Family("c", "bob"), "", 60)
    assert store.find("short") is None
    assert store.find("spent") is not None


def test_taking_back_by_client_and_person():
    store = TokenStore(lambda: 0.0)
    for client, sub in (("c", "alice"), ("c", "bob"), ("d", "alice")):
        store.issue(client + sub, "access_token", Family(client, sub), "", None)
    assert store.revoke_where("c", "alice") == 1
    assert store.revoke_where(None, "alice") == 1
    assert store.find("cbob").live
