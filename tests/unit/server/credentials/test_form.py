"""The exchange request's own sense: each thing wrong has Connect's number, and no secret shows."""

import uuid

import pytest

from server.credentials.form import ACCESS_TOKEN, API_KEY, AWS, CONTENT, FORM, GRANT, VIEWER, checked, read
from server.web.errors import ApiError
from tests.unit.server.web.asking import asking

GOOD = {"grant_type": GRANT, "subject_token_type": VIEWER, "subject_token": "CANARY"}
GUID = str(uuid.uuid4())


def test_a_form_that_makes_sense():
    made = checked(GOOD | {"audience": GUID.upper()})
    assert (made.kind, made.requested, made.audience) == ("viewer", ACCESS_TOKEN, GUID)
    assert "CANARY" not in repr(made)
    service = checked(GOOD | {"subject_token_type": CONTENT, "requested_token_type": ACCESS_TOKEN, "audience": ""})
    assert (service.kind, service.audience) == ("content", None)
    assert checked(GOOD | {"requested_token_type": AWS}).requested == AWS
    assert (made.min_ttl, made.force_refresh) == (None, False)
    early = checked(GOOD | {"min_ttl": "600", "force_refresh": "true"})
    assert (early.min_ttl, early.force_refresh) == (600, True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": "refresh_token"}, 213), ({"grant_type": ""}, 213), ({"subject_token_type": "x"}, 214),
        ({"subject_token": ""}, 215), ({"requested_token_type": "x"}, 242),
        ({"requested_token_type": API_KEY, "subject_token_type": CONTENT}, 249),
        ({"min_ttl": "-1"}, 211), ({"min_ttl": "ten"}, 211), ({"min_ttl": "86401"}, 211), ({"min_ttl": "٣"}, 211),
        ({"force_refresh": "1"}, 211),
        ({"audience": "x"}, 256), ({"audience": "{" + GUID + "}"}, 256), ({"audience": GUID.replace("-", "")}, 256),
    ],
)  # fmt: skip
def test_what_is_wrong_has_a_number(changes: dict[str, str], code: int):
    with pytest.raises(ApiError) as caught:
        checked(GOOD | changes)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert "CANARY" not in caught.value.message


@pytest.mark.parametrize(
    ("target", "kind", "body", "code"),
    [
        ("/?subject_token=CANARY", FORM, b"a=1", 211), ("/", "application/json", b"{}", 210), ("/", "", b"a=1", 210),
        ("/", FORM, b"", 210), ("/", FORM, b"a=1&a=2", 211),
    ],
)  # fmt: skip
async def test_how_it_must_be_sent(target: str, kind: str, body: bytes, code: int):
    with pytest.raises(ApiError) as caught:
        await read(asking("POST", target, body=body, content_type=kind))
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["..", "../other/", "a/../../x", "%2e%2E/x", ".%2e", "x/..?a", "..#a", "/../x"])
def test_next_does_not_lead_out_of_the_content(text: str):
    with pytest.raises(ApiError) as caught:
        checked(GOOD | {"next": text})
    assert caught.value.code == 211


@pytest.mark.parametrize("text", ["a..b/x", "...", "x?of=../y", "x#/../y", "v1.2/page", "x/..y"])
def test_next_may_hold_dots(text: str):
    assert checked(GOOD | {"next": text}).back == text
