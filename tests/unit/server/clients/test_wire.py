"""Parameters as Authlib gets them, and clients as the API shows them."""

import pytest

from server.clients.wire import Asked, Malformed, Payload, Reply, client_object, refusal
from server.db.clock import now
from server.db.models import ToolClient


def test_a_request_holds_its_parameters():
    asked = Asked("POST", Payload([("grant_type", "x"), ("state", 'ü"\\')]), address="1.2.3.4")
    assert asked.form == asked.args == {"grant_type": "x", "state": 'ü"\\'}
    assert asked.payload.datalist == {"grant_type": ["x"], "state": ['ü"\\']}
    assert (asked.payload.grant_type, asked.address) == ("x", "1.2.3.4")


@pytest.mark.parametrize(
    "pairs",
    [
        [("code", "a"), ("code", "b")],
        [("state", "a"), ("state", "a")],
        [("redirect_uri", 'http://x/"')],
        [("redirect_uri", "http://x/\\")],
        [("response_type", "cödé")],
        [("state", "a\nb")],
        [("grant_type", "x\x00")],
        [("a\nb", "x")],
        [("code", "x" * 2049)],
    ],
)
def test_what_no_parameter_holds(pairs: list[tuple[str, str]]):
    with pytest.raises(Malformed) as caught:
        Payload(pairs)
    assert pairs[0][1] not in str(caught.value) or len(pairs[0][1]) == 1


def test_replies():
    reply = Reply(303, "", [("Location", "http://127.0.0.1/")])
    reply.location = reply.location + "?x" if reply.location else ""
    assert reply.headers == {"Location": "http://127.0.0.1/?x"}
    assert Reply(200, {}).location is None
    assert refusal("invalid_grant", "No.").body == {"error": "invalid_grant", "error_description": "No."}


def test_a_client_as_the_api_shows_it():
    row = ToolClient(id=3, client_id="c", client_name="n", redirect_uris=["u"], grant_types=[], created_time=now())
    shown = client_object(row)
    assert set(shown) == {"id", "client_id", "client_name", "redirect_uris", "created_at", "last_used_at"}
    assert (shown["id"], shown["last_used_at"]) == ("3", None)
