import json
from datetime import UTC, datetime

import pytest

from integrations.errors import ClientRejected, ConsentEnded, Malformed, Passing, ProviderError
from integrations.grants.rejection import CLIENT_REJECTED, CONSENT_ENDED, raise_for, retry_after
from integrations.http import Reply


def answer(status: int, code: object = None, **headers: str) -> tuple[Reply, dict[str, object]]:
    members = {"error": code, "error_description": "CANARY internal text"} if code is not None else {}
    return Reply(status, headers, json.dumps(members).encode()), members


@pytest.mark.parametrize("status", [200, 400, 401, 403])
@pytest.mark.parametrize("code", [*CONSENT_ENDED, "INVALID_GRANT"])
def test_consent_ended(status, code):
    with pytest.raises(ConsentEnded) as caught:
        raise_for(*answer(status, code))
    assert caught.value.code == code.lower()


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize("code", list(CLIENT_REJECTED))
def test_client_rejected(status, code):
    with pytest.raises(ClientRejected):
        raise_for(*answer(status, code))


def test_a_bare_401_is_the_clients_fault():
    for body in (None, {}, {"error": "what"}):
        with pytest.raises(ClientRejected):
            raise_for(Reply(401, {}, b""), body)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "invalid_grant"),
        (500, "invalid_grant"),
        (502, None),
        (503, "invalid_client"),
        (400, "slow_down"),
        (200, "slow_down"),
        (403, "temporarily_unavailable"),
        (401, "rate_limit_exceeded"),
        (400, "temporarily_unavailable"),
        (400, "what_is_this"),
        (400, {"code": 3}),
        (200, "what_is_this"),
        (200, {"code": 3}),
        (400, None),
        (403, None),
        (404, None),
        (302, None),
        (204, None),
    ],
)
def test_passing(status, code):
    with pytest.raises(Passing):
        raise_for(*answer(status, code))


@pytest.mark.parametrize("status", [400, 403, 404, 418])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>CANARY</html>"])
def test_a_refusal_without_a_code_may_pass(status, body):
    with pytest.raises(Passing, match=str(status)) as caught:
        raise_for(Reply(status, {}, body), None if body != b"{}" else {})
    assert "CANARY" not in str(caught.value)


def test_databricks_words_for_a_dead_refresh_token():
    members = {"error": "invalid_request", "error_description": "Refresh token is invalid"}
    with pytest.raises(ConsentEnded):
        raise_for(Reply(400, {}, b""), members)
    with pytest.raises(Passing):
        raise_for(Reply(400, {}, b""), {**members, "error_description": "Something else"})


def test_retry_after_comes_along():
    with pytest.raises(Passing) as caught:
        raise_for(*answer(429, None, **{"retry-after": "7"}))
    assert caught.value.retry_after == 7.0


def test_a_success_passes():
    raise_for(*answer(200))
    raise_for(Reply(200, {}, b""), None)
    raise_for(Reply(200, {}, b""), {"error": None, "access_token": "a"})


CODES = (None, "CANARY", "invalid_grant", "invalid_client", "slow_down")


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404, 418, 429, 500, 503])
@pytest.mark.parametrize("code", CODES)
def test_no_message_repeats_the_answer(status, code):
    if (status, code) == (200, None):
        return
    with pytest.raises(ProviderError) as caught:
        raise_for(*answer(status, code))
    assert "CANARY" not in str(caught.value) + caught.value.code
    assert caught.value.reason.endswith(".")
    assert not isinstance(caught.value, Malformed)


NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("-3", 0.0),
        ("nan", None),
        ("inf", 86400.0),
        ("99999999", 86400.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 12:00:30 -0000", 30.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_values(value, seconds):
    assert retry_after(value, now=NOW) == seconds
