"""Forms are read within limits, and a text says what is wrong with it."""

import pytest
from starlette.requests import Request

from dashboard import forms
from dashboard.forms import Form, unfit
from server.web.errors import ApiError


def request(body: bytes) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "headers": [], "method": "POST", "path": "/"}, receive)


async def test_the_last_value_counts_and_all_are_kept() -> None:
    form = await forms.read(request(b"config.pkce=false&config.pkce=true&name=+a+&text=x%0D%0Ay"))
    assert form.get("config.pkce") == "true"
    assert form.line("name") == "a"
    assert form.text("text") == "x\ny"
    assert form.get("nothing") == ""
    assert len(form.pairs) == 4


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff", b"&".join(b"a=1" for _ in range(300))])
async def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        await forms.read(request(body))
    assert caught.value.status == 400


async def test_a_body_has_a_limit() -> None:
    with pytest.raises(ApiError) as caught:
        await forms.read(request(b"a=" + b"x" * forms.LIMIT))
    assert caught.value.status == 413


def test_texts_have_limits_and_can_be_shown() -> None:
    assert unfit("Sales", 5) == ""
    assert unfit("Sales!", 5) == "This is 6 characters long; at most 5 fit."
    assert "cannot be shown" in unfit("a\0b", 10)
    assert "cannot be shown" in unfit("a\nb", 10)
    assert unfit("a\n\tb", 10, lines=True) == ""
    assert Form([]).pairs == ()


def multipart(body: bytes, kind: str = "multipart/form-data; boundary=x") -> Request:
    made = request(body)
    made.scope["headers"] = [(b"content-type", kind.encode())]
    return made


PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'


async def test_a_file_and_the_fields_beside_it() -> None:
    body = PART % (b"csrf", b"", b"t") + PART % (b"picture", b'; filename="../p.png"', b"\x00\xff") + b"--x--\r\n"
    form, data = await forms.read_file(multipart(body), "picture", 10)
    assert (form.get("csrf"), data) == ("t", b"\x00\xff")
    form, data = await forms.read_file(multipart(PART % (b"csrf", b"", b"t") + b"--x--\r\n"), "picture", 10)
    assert (form.get("csrf"), data) == ("t", b"")
    # Not a file, though it has its name.
    form, data = await forms.read_file(multipart(PART % (b"picture", b"", b"t") + b"--x--\r\n"), "picture", 10)
    assert data == b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (multipart(b"nonsense"), 400),
        (multipart(b"a=1", "application/x-www-form-urlencoded"), 400),
        (multipart(b"x", "multipart/form-data"), 400),
        (multipart(b"".join(PART % (b"f", b"", b"1") for _ in range(20)) + b"--x--\r\n"), 400),
        (multipart(b"".join(PART % (b"f", b'; filename="a"', b"1") for _ in range(3)) + b"--x--\r\n"), 400),
        (multipart(b"x" * (forms.FIELDS_LIMIT + 20)), 413),
    ],
)
async def test_what_is_no_form_with_a_file(sent: Request, status: int) -> None:
    with pytest.raises(ApiError) as caught:
        await forms.read_file(sent, "picture", 10)
    assert caught.value.status == status
