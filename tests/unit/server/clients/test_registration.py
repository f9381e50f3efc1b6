"""What a tool says of itself is checked, cut, and never believed."""

from typing import Any

import pytest

from server.clients.registration import GRANTS, Refused, information, plain_name, read
from server.db.clock import now
from tests.unit.server.authorize.rig import POSIT


def test_the_registration_of_rsconnect():
    moment = now()
    row = read(POSIT, moment)
    told = information(row)
    assert told == {
        **POSIT,
        "client_id": row.client_id,
        "client_id_issued_at": int(moment.timestamp()),
        "grant_types": list(GRANTS),
    }
    assert len(row.client_id) >= 32
    assert read(POSIT, moment).client_id != row.client_id


def test_what_may_be_left_out_and_what_is_ignored():
    row = read({"redirect_uris": ["http://localhost/"], "logo_uri": "javascript:x", "client_secret": "mine"}, now())
    assert (row.client_name, row.grant_types) == ("Unnamed tool", ["authorization_code"])
    assert "client_secret" not in information(row)
    by_code_only = read({"grant_types": [GRANTS[2], "urn:unknown"], "response_types": []}, now())
    assert (by_code_only.redirect_uris, by_code_only.grant_types) == ([], [GRANTS[2]])
    assert information(by_code_only)["response_types"] == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "http://127.0.0.1/"}, "invalid_client_metadata"),
        ({"redirect_uris": [{}]}, "invalid_client_metadata"),
        ({"redirect_uris": ["http://127.0.0.1/", "https://evil.example/#"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"http://127.0.0.1/{n}" for n in range(11)]}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
        ({"grant_types": ["password", "client_credentials"]}, "invalid_client_metadata"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"response_types": ["code", "token"]}, "invalid_client_metadata"),
        ({"client_name": ["x"]}, "invalid_client_metadata"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], error: str):
    with pytest.raises(Refused) as caught:
        read(POSIT | changes, now())
    assert caught.value.error == error
    assert str(caught.value).isascii()


@pytest.mark.parametrize("body", [None, [], "x", 1])
def test_what_is_no_object_is_refused(body: Any):
    with pytest.raises(Refused):
        read(body, now())


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  Posit   CLI ", "Posit CLI"),
        ("a\r\nb\tc", "a b c"),
        ("\u202eIlc\u202d", "Ilc"),
        ("\u200b\u2066", "Unnamed tool"),
        ("", "Unnamed tool"),
        ("x" * 5000, "x" * 80),
        ("Grüße 日本", "Grüße 日本"),
    ],
)
def test_names_are_one_plain_line(given: str, shown: str):
    assert plain_name(given) == shown
