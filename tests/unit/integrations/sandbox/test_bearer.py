"""A bearer token at the protected resources: each refusal in RFC 6750's words."""

import pytest
from starlette.requests import Request

from integrations.sandbox.bearer import BearerError, bearer_token
from integrations.sandbox.settings import SandboxSettings
from integrations.sandbox.state import State, new_state
from integrations.sandbox.tokens import Family


@pytest.fixture
def state(clock) -> State:
    return new_state(SandboxSettings(issuer="http://localhost:1"), clock)


def asking(value: str) -> Request:
    return Request({"type": "http", "headers": [(b"authorization", value.encode())]})


def test_a_live_token_whatever_the_schemes_case(state):
    issued = state.store.issue("t", "access_token", Family("c", "alice"), "sales.read", 60)
    assert bearer_token(asking("bearer  t "), state, scope="sales.read") is issued


@pytest.mark.parametrize(
    ("value", "status", "error"), [("", 401, None), ("Basic t", 401, None), ("Bearer ", 401, None)]
)
def test_without_a_token_no_error_is_named(state, value, status, error):
    with pytest.raises(BearerError) as caught:
        bearer_token(asking(value), state)
    answer = caught.value.response()
    assert (answer.status_code, caught.value.error) == (status, error)
    assert answer.headers["www-authenticate"] == 'Bearer realm="sandbox"'
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ("unknown", 401, "invalid_token"), ("refresh", 401, "invalid_token"), ("revoked", 401, "invalid_token"),
        ("family", 401, "invalid_token"), ("expired", 401, "invalid_token"), ("scope", 403, "insufficient_scope"),
    ],
)  # fmt: skip
def test_why_a_token_opens_nothing(state, clock, how, status, error):
    kind = "refresh_token" if how == "refresh" else "access_token"
    issued = state.store.issue("t", kind, Family("c", "alice"), "profile", 60)
    issued.revoked, issued.family.revoked = how == "revoked", how == "family"
    clock.now += 60 if how == "expired" else 0
    with pytest.raises(BearerError) as caught:
        bearer_token(asking("Bearer x" if how == "unknown" else "Bearer t"), state, scope="sales.read")
    assert (caught.value.status, caught.value.error) == (status, error)
    assert f'error="{error}"' in caught.value.response().headers["www-authenticate"]
