"""Where nobody needs to be asked, and what a vendor can be told, is decided in words."""

from unittest import mock

import pytest

from integrations.contract import ClientConfig
from server.delegations.policy import VENDOR_WORDS, always_asks


@pytest.mark.parametrize(
    ("auth_type", "method", "says"),
    [
        ("Viewer", "client_secret_basic", None),
        ("Viewer", "none", "public"),
        ("Service Account", "client_secret_basic", "Nobody signs in"),
        ("Visitor API Key", "client_secret_basic", "Nobody signs in"),
    ],
)
def test_who_is_always_asked(auth_type: str, method: str, says: str | None) -> None:
    client = ClientConfig(
        template="custom",
        auth_type="Viewer",
        token_uri="",
        client_id="",
        client_auth_method=method,  # type: ignore[arg-type]
    )
    found = always_asks(mock.Mock(auth_type=auth_type), client)
    assert found is None if says is None else says in (found or "")


def test_what_cannot_be_opened_cannot_be_allowed_ahead() -> None:
    assert "check the integration" in (always_asks(mock.Mock(auth_type="Viewer"), None) or "")


def test_where_a_vendor_cannot_be_told_it_says_what_to_do() -> None:
    for word in ("no_endpoint", "changed", "unreadable"):
        assert "at the vendor" in VENDOR_WORDS[word]
