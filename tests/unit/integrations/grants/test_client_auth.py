import base64
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.contract import Secret
from integrations.errors import ClientRejected
from integrations.grants.client_auth import authenticated, basic
from tests.harness.pem import rsa_pem

visible_text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


@given(visible_text, visible_text)
def test_basic_decodes_back_by_the_rules_of_rfc_6749(client_id, client_secret):
    scheme, _, packed = basic(client_id, Secret(client_secret)).reveal().partition(" ")
    left, _, right = base64.b64decode(packed).decode().partition(":")
    assert (scheme, unquote_plus(left), unquote_plus(right)) == ("Basic", client_id, client_secret)


def test_basic_sends_nothing_in_the_form(make_config):
    config = make_config(client_id="a:b c", client_secret=Secret("p%s+/é"))
    fields, auth = authenticated(config, {"x": "y"})
    assert fields == {"x": "y"}
    assert base64.b64decode(auth.reveal()[6:]) == b"a%3Ab+c:p%25s%2B%2F%C3%A9"


def test_post_sends_no_header(make_config):
    fields, auth = authenticated(make_config(client_auth_method="client_secret_post"), {})
    assert auth is None
    assert fields == {"client_id": "the-client", "client_secret": Secret("CANARY-secret")}


def test_a_public_client_sends_its_name_only(make_config):
    fields, auth = authenticated(make_config(client_auth_method="none"), {})
    assert (fields, auth) == ({"client_id": "the-client"}, None)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("secret", [None, Secret("")])
def test_a_missing_secret_is_for_the_administrator(make_config, method, secret):
    with pytest.raises(ClientRejected, match="no client secret"):
        authenticated(make_config(client_auth_method=method, client_secret=secret), {})


def test_a_key_proves_the_client_without_a_secret(make_config):
    config = make_config(client_auth_method="private_key_jwt", client_secret=None, private_key=Secret(rsa_pem()))
    fields, auth = authenticated(config, {"x": "y"})
    assert (auth, fields["x"], fields["client_id"]) == (None, "y", "the-client")
    assert fields["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert isinstance(fields["client_assertion"], Secret)
    assert "client_secret" not in fields
