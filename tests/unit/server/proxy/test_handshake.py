"""Reading and refusing WebSocket handshakes."""

import pytest

from server.proxy.contract import Head
from server.proxy.handshake import close_frame, masked_close_frame, read_head, refusal_of

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
GOOD = (
    (b"host", b"h"),
    (b"upgrade", b"websocket"),
    (b"connection", b"keep-alive, Upgrade"),
    (b"sec-websocket-version", b"13"),
    (b"sec-websocket-key", KEY),
)


def head(*headers, method=b"GET"):
    return Head(method, b"/x", headers, None, "http")


def swapped(name, *values):
    return [pair for pair in GOOD if pair[0] != name] + [(name, value) for value in values]


def test_a_head_keeps_the_target_and_the_values():
    data = b"GET /a%2Fb?c HTTP/1.1\r\nHost: h\r\nsec-websocket-protocol: streamlit, a:b, c\r\n\r\n"
    assert read_head(data, ("1.2.3.4", 5), "https") == Head(
        b"GET",
        b"/a%2Fb?c",
        ((b"host", b"h"), (b"sec-websocket-protocol", b"streamlit, a:b, c")),
        ("1.2.3.4", 5),
        "https",
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nnocolon\r\n\r\n",
        b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    ],
)
def test_what_is_no_head_is_none(data):
    assert read_head(data, None, "http") is None


def test_a_good_handshake_is_not_refused():
    assert refusal_of(head(*GOOD)) is None


@pytest.mark.parametrize(
    "headers",
    [
        swapped(b"upgrade", b"h2c"),
        swapped(b"upgrade", b"websocket", b"websocket"),
        swapped(b"upgrade"),
        swapped(b"connection", b"close"),
        swapped(b"sec-websocket-version", b"8"),
        swapped(b"sec-websocket-version"),
        swapped(b"sec-websocket-version", b"13", b"13"),
        swapped(b"sec-websocket-key"),
        swapped(b"sec-websocket-key", b"short"),
        swapped(b"sec-websocket-key", b"dGhlIHNhbXBsZQ=="),
        swapped(b"sec-websocket-key", KEY, KEY),
        [*GOOD, (b"content-length", b"5")],
        [*GOOD, (b"transfer-encoding", b"chunked")],
    ],
)
def test_a_bad_handshake_is_a_400(headers):
    assert refusal_of(head(*headers)).status == 400


def test_another_method_is_a_400():
    assert refusal_of(head(*GOOD, method=b"POST")).status == 400


def test_the_supported_version_is_named():
    assert (b"sec-websocket-version", b"13") in refusal_of(head(*swapped(b"sec-websocket-version", b"8"))).headers


def test_a_close_frame_carries_code_and_reason():
    assert close_frame(1008, "bye") == b"\x88\x05\x03\xf0bye"
    long = close_frame(4401, "é" * 100)
    assert long[1] <= 125
    assert long[4:].decode() == "é" * 61
    assert masked_close_frame(1001) == b"\x88\x82\0\0\0\0\x03\xe9"
