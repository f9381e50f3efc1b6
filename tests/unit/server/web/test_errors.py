"""The one shape of errors, and the numbers clients look at."""

import json

import pytest

from server.web.errors import ApiError, denied, invalid, not_found, reply


def test_the_shape():
    answer = reply(ApiError(418, 77, "short", {"x": 1}))
    assert json.loads(bytes(answer.body)) == {"code": 77, "error": "short", "payload": {"x": 1}}
    assert answer.status_code == 418
    assert answer.headers["cache-control"] == "no-store"
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(("retry", "header"), [(0.0, "1"), (0.4, "1"), (2.6, "3"), (90.0, "90")])
def test_when_to_come_back_is_in_whole_seconds_and_never_at_once(retry: float, header: str):
    assert reply(ApiError(503, 1, "later", retry=retry)).headers["retry-after"] == header


def test_numbers():
    found = [(e.status, e.code) for e in (not_found("user"), denied(), invalid("x"), invalid("x", 87))]
    assert found == [(404, 4), (403, 22), (400, 25), (400, 87)]
    assert not_found("user").message == "The requested user does not exist."
    assert str(denied("No.")) == "No."
