"""A signed body that is not the one that was signed is never read to its end."""

import base64
import hashlib
from typing import Any

import pytest

from server.web.checksum import checked, digest_in
from server.web.errors import ApiError


def parts(*bodies: bytes) -> Any:
    messages = [{"type": "http.request", "body": b, "more_body": n + 1 < len(bodies)} for n, b in enumerate(bodies)]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


def sum_of(body: bytes) -> bytes:
    return base64.b64encode(hashlib.md5(body).digest())


def headers(checksum: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"x-auth-token", b"T"), (b"x-content-checksum", checksum)]


async def test_the_body_that_was_signed_passes():
    receive = checked(headers(sum_of(b"abc")), parts(b"a", b"b", b"c"))
    assert [(await receive())["body"] for _ in range(3)] == [b"a", b"b", b"c"]
    assert (await receive())["type"] == "http.disconnect"


@pytest.mark.parametrize("checksum", [sum_of(b"abd"), sum_of(b""), b"", b"%%", base64.b64encode(b"short")])
async def test_another_ends_before_its_last_part(checksum: bytes):
    receive = checked(headers(checksum), parts(b"ab", b"c"))
    assert (await receive())["body"] == b"ab"
    with pytest.raises(ApiError) as caught:
        await receive()
    assert caught.value.status == 400


async def test_requests_without_a_signature_are_left_alone():
    receive = parts(b"abc")
    assert checked([(b"x-content-checksum", b"wrong")], receive) is receive


def test_checksums_are_sixteen_bytes():
    assert digest_in(sum_of(b"x")) == hashlib.md5(b"x").digest()
    assert digest_in(b"") is None
