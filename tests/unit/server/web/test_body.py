"""Bodies within limits."""

import json

import pytest

from server.web import body
from server.web.body import Fields, parse_json, read_form, read_json, read_limited, read_object
from server.web.errors import ApiError
from tests.unit.server.web.asking import BY_KEY, PERSON, asking


async def fails(work, status: int) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await work
    assert caught.value.status == status
    return caught.value


async def test_a_declared_or_a_real_size_above_the_limit_is_refused():
    await fails(read_limited(asking("POST", content_length="11"), 10), 413)
    await fails(read_limited(asking("POST", body=[b"x" * 6, b"x" * 5]), 10), 413)
    assert await read_limited(asking("POST", body=[b"x" * 6, b"x" * 4]), 10) == b"x" * 10
    assert await read_limited(asking("POST", body=b"x", content_length="nonsense"), 10) == b"x"


async def test_a_client_that_goes_away_is_told_so():
    await fails(read_limited(asking("POST", body=b"half", cut=True)), 400)


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"\xff", b"NaN", b"[Infinity]", b"-Infinity", b"'x'", b"{'a':1}", b"[1,]", b"\xef\xbb\xbf{}", b"nul",
        b'{"a":1,"a":1}', b"1e400", b"[-1e999]", b'{"b":{"a":1,"\\u0061":2}}',
        b"[" * 33 + b"]" * 33, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 40 + b"1" + b"}" * 40, b"1" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_json(raw: bytes):
    with pytest.raises(ApiError) as caught:
        parse_json(raw)
    assert (caught.value.status, caught.value.code) == (400, 87)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", "line 1 column 2"),
        (b"\xff", "it is not UTF-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"[NaN]", "NaN is no number"),
        (b"9" * 5000, "a number is too large"),
        (b"1e999", "a number is too large"),
        (b'{"a":1,"a":2}', "a name occurs twice"),
        (b"[" * 100_000, "deeper than 32 levels"),
    ],
)
def test_a_refusal_of_json_says_what_is_wrong(raw: bytes, said: str):
    with pytest.raises(ApiError, match=said):
        parse_json(raw)


def test_what_is_json():
    assert parse_json(b'{"a": [1, null, "\\u0000", 1e3]}') == {"a": [1, None, "\0", 1000.0]}
    assert parse_json(b"[" * 32 + b"]" * 32)
    whole = parse_json(b"[204.0, -1e3, 2.5, 1e300]")
    assert whole == [204, -1000, 2.5, 1e300]
    assert [type(number) for number in whole] == [int, int, float, float]
    assert parse_json(json.dumps({str(n): n for n in range(10_000)}).encode())["9999"] == 9999


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
async def test_a_cookie_needs_the_json_type_and_a_key_does_not(kind: str):
    headers = {"content_type": kind} if kind else {}
    assert await read_json(asking("POST", caller=BY_KEY, body=b"[1]", **headers)) == [1]
    error = await fails(read_json(asking("POST", caller=PERSON, body=b"[1]", **headers)), 415)
    assert "application/json" in error.message


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/json;x"])
async def test_the_json_type_in_its_spellings(kind: str):
    assert await read_json(asking("POST", caller=PERSON, body=b"[1]", content_type=kind)) == [1]


async def test_objects_and_empty_bodies():
    assert await read_object(asking("POST", caller=BY_KEY)) == {}
    assert await read_json(asking("POST", caller=BY_KEY, body=b"  \n"), empty=[]) == []
    for raw in (b"[]", b"1", b"null", b'"x"'):
        await fails(read_object(asking("POST", caller=BY_KEY, body=raw)), 400)


async def test_forms_have_each_field_once():
    assert await read_form(asking("POST", body=b"a=1&b=%C3%BC&c=")) == {"a": "1", "b": "ü", "c": ""}
    assert await read_form(asking("POST")) == {}
    for raw in (b"a=1&a=2", b"a", b"\xff=1", b"&".join(b"a%d=1" % n for n in range(body.FORM_FIELDS + 1))):
        await fails(read_form(asking("POST", body=raw)), 400)
    await fails(read_form(asking("POST", body=b"a=" + b"x" * 70_000)), 413)


@pytest.mark.parametrize("value", [1, True, [], {}, "a\0", "a\x1b[2J", "\ud800", "x" * 4097])
def test_text_is_text(value: object):
    with pytest.raises(ApiError, match=r"^name "):
        Fields({"name": value}).text("name")


def test_fields():
    given = Fields({"a": "x\ty", "b": None, "c": True})
    assert given.text("a") == "x\ty"
    assert given.text("b", "d") == "d"
    assert given.text("z", "d") == "d"
    assert given.flag("c", False) is True
    assert given.flag("b", True) is True
    assert given.choice("b", ("x", "y"), "y") == "y"
    for bad in ("true", 1, [], "x"):
        with pytest.raises(ApiError):
            Fields({"c": bad}).flag("c", False)
        with pytest.raises(ApiError):
            Fields({"c": bad if bad != "x" else "z"}).choice("c", ("x", "y"), "y")
