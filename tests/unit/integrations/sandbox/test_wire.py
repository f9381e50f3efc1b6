"""The two shapes between Starlette and Authlib: repeated parameters are seen, and forms have limits."""

from collections.abc import Iterable

import pytest
from starlette.requests import Request

from integrations.sandbox.wire import MAX_FORM_BYTES, FormError, Payload, Reply, WireRequest, read_form

FORM = "application/x-www-form-urlencoded"


def posted(body: bytes | Iterable[bytes], kind: str = FORM) -> Request:
    chunks = [body] if isinstance(body, bytes) else list(body)

    async def receive():
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    return Request({"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}, receive)


def test_a_repeated_parameter_is_noticed_and_the_first_counts():
    made = Payload([("scope", "a"), ("state", "s"), ("scope", "b")])
    assert (made.data, made.repeated) == ({"scope": "a", "state": "s"}, ["scope"])
    assert made.datalist["scope"] == ["a", "b"]
    request = WireRequest("POST", [("grant_type", "x")], {})
    request.form["grant_type"] = "changed"
    assert request.form == request.args == {"grant_type": "x"}


async def test_forms():
    assert await read_form(posted(b"a=1&b=&a=%C3%BC", f"{FORM}; charset=utf-8")) == [("a", "1"), ("b", ""), ("a", "ü")]
    assert await read_form(posted(b"")) == []


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"{}", "application/json", "x-www-form-urlencoded"), (b"a=1", "", "x-www-form-urlencoded"),
        ([b"a=" + b"x" * MAX_FORM_BYTES, b"x"], FORM, "too big"), (b"a=\xff", FORM, "UTF-8"),
        (b"a=%FF", FORM, "UTF-8"), (b"&".join([b"a=1"] * 101), FORM, "too many"),
    ],
)  # fmt: skip
async def test_what_is_no_form(body, kind, words):
    with pytest.raises(FormError, match=words):
        await read_form(posted(body, kind))


def test_replies():
    made = Reply(200, {"a": 1}, [("Content-Type", "text/plain"), ("Cache-Control", "no-store")]).response()
    assert (made.body, made.headers["content-type"]) == (b'{"a":1}', "application/json")
    assert made.headers["cache-control"] == "no-store"
    moved = Reply(302, "", [("Location", "http://a/")])
    assert moved.location == "http://a/"
    moved.location = "http://b/"
    assert moved.response().headers["location"] == "http://b/"
    assert Reply(200, "", []).location is None
