"""A picture is what its bytes are, whole and of a sane size; nothing that can carry a script is one."""

from collections.abc import Callable

import pytest

from server.thumbnails.images import LARGEST, LONGEST_SIDE, ending, media_type
from server.web.errors import ApiError
from tests.unit.server.thumbnails import pictures

MAKERS: list[tuple[Callable[..., bytes], str]] = [
    (pictures.png, "image/png"), (pictures.gif, "image/gif"), (pictures.jpeg, "image/jpeg"),
    (pictures.webp, "image/webp"), (pictures.webp_lossy, "image/webp"), (pictures.webp_extended, "image/webp"),
]  # fmt: skip


def refusal(data: bytes) -> int:
    with pytest.raises(ApiError) as caught:
        media_type(data)
    return caught.value.status


@pytest.mark.parametrize(("make", "kind"), MAKERS)
def test_each_sort_is_known_by_its_bytes(make: Callable[..., bytes], kind: str):
    assert media_type(make()) == kind
    assert media_type(make(640, 480)) == kind
    assert ending(kind).startswith(".")


@pytest.mark.parametrize(("make", "kind"), MAKERS)
def test_what_is_cut_or_far_too_large_is_refused(make: Callable[..., bytes], kind: str):
    whole = make()
    for length in (0, 1, 8, 20, len(whole) // 2, len(whole) - 2):
        assert refusal(whole[:length]) == 400, length
    assert refusal(make(LONGEST_SIDE + 1, 5)) == 400


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg/>", b"<html>", b"%PDF-1.7", b"BM" + b"\0" * 60, b"\0" * 100,
        b"\x89PNG\r\n\x1a\n<script>", b"GIF89a", b"\xff\xd8\xff" + b"\xff" * 100, b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 50,
        pictures.png() + b"<script>alert(1)</script>", b"\xff\xd8\xff\xe0\0\0" + b"\0" * 50 + b"\xff\xd9",
    ],
)  # fmt: skip
def test_what_is_no_picture(data: bytes):
    assert refusal(data) == 400


def test_a_picture_without_an_extent_and_one_too_heavy():
    assert refusal(pictures.gif(0, 5)) == 400
    assert refusal(pictures.gif()[:-1] + b"\0" * LARGEST + b";") == 413
