"""Clients: which addresses they may return to, and scripted faults being used up."""

import pytest

from integrations.sandbox.clients import Client, ClientRegistry
from integrations.sandbox.settings import CALLBACK_PATH, ClientSettings, Fault

HOME = f"http://localhost:3939{CALLBACK_PATH}"


def client(**changes):
    return Client(ClientSettings("app", secret="s", redirect_uris=(HOME,), **changes))


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        (HOME, True),
        (f"http://127.0.0.1:55555{CALLBACK_PATH}", True),
        (f"http://[::1]:55555{CALLBACK_PATH}", True),
        (f"https://localhost:1{CALLBACK_PATH}", False),
        (f"http://localhost.evil.example{CALLBACK_PATH}", False),
        (f"http://localhost@evil.example{CALLBACK_PATH}", False),
        (f"http://user@localhost:1{CALLBACK_PATH}", False),
        (f"http://localhost:1{CALLBACK_PATH}?next=x", False),
        (f"http://localhost:1{CALLBACK_PATH}/more", False),
        (f"http://localhost:port{CALLBACK_PATH}", False),
    ],
)
def test_any_loopback_port_but_nothing_else(address, fits):
    assert client(any_loopback_redirect=True).check_redirect_uri(address) is fits


def test_addresses_are_exact_unless_loopback_is_let_in():
    assert client().check_redirect_uri(HOME)
    assert not client().check_redirect_uri(f"http://localhost:3940{CALLBACK_PATH}")


def test_the_only_address_is_the_default():
    assert client().get_default_redirect_uri() == HOME
    assert Client(ClientSettings("a", secret="s", redirect_uris=(HOME, HOME))).get_default_redirect_uri() is None


def test_faults_are_taken_in_order_and_used_up():
    script = (Fault("rate_limited", grant_type="refresh_token"), Fault("server_error", times=2))
    registry = ClientRegistry((ClientSettings("app", secret="s", redirect_uris=(HOME,), fail_next=script),))
    taken = [registry.take_fault("app", grant) for grant in ("authorization_code", "refresh_token", "x", "x")]
    assert [fault.kind if fault else None for fault in taken] == ["server_error", "rate_limited", "server_error", None]
    assert registry.take_fault("unknown", None) is None
