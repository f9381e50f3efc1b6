"""The opening handshake of a WebSocket (RFC 6455 section 4.2.1): read from bytes, and refused unless it is one."""

import binascii
from base64 import b64decode

from server.proxy.contract import Head, Refusal


def read_head(data: bytes, client: tuple[str, int] | None, scheme: str) -> Head | None:
    """The head uvicorn hands over as one block of bytes, or None if it is no request head at all."""
    block, end, _ = data.partition(b"\r\n\r\n")
    request, *lines = block.split(b"\r\n")
    parts = request.split(b" ")
    if not end or len(parts) != 3:
        return None
    headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name:
            return None
        headers.append((name.lower(), value.strip(b" \t")))
    return Head(parts[0], parts[1], tuple(headers), client, scheme)


def refusal_of(head: Head) -> Refusal | None:
    """Why this head opens no WebSocket, as a 400 answer; None if it does."""
    options = b",".join(_values(head, b"connection")).lower().split(b",")
    keys = _values(head, b"sec-websocket-key")
    problem = ""
    if head.method != b"GET":
        problem = "a WebSocket is opened with GET"
    elif _values(head, b"content-length") not in ([], [b"0"]) or _values(head, b"transfer-encoding"):
        problem = "a WebSocket handshake has no body"
    elif [value.lower() for value in _values(head, b"upgrade")] != [b"websocket"]:
        problem = "only Upgrade: websocket is supported"
    elif b"upgrade" not in [option.strip(b" \t") for option in options]:
        problem = "the Connection field does not name Upgrade"
    elif len(keys) != 1 or not _is_key(keys[0]):
        problem = "Sec-WebSocket-Key is not 16 bytes in base64"
    elif _values(head, b"sec-websocket-version") != [b"13"]:
        refusal = plain_refusal(400, "only Sec-WebSocket-Version: 13 is supported")
        return Refusal(refusal.status, (*refusal.headers, (b"sec-websocket-version", b"13")), refusal.body)
    return plain_refusal(400, problem) if problem else None


def plain_refusal(status: int, text: str) -> Refusal:
    """A refusal in one line of plain text."""
    return Refusal(status, ((b"content-type", b"text/plain; charset=utf-8"),), text.encode() + b"\n")


def close_frame(code: int, reason: str) -> bytes:
    """A server's WebSocket close frame (RFC 6455 section 5.5.1); `reason` is cut to the 123 bytes that fit."""
    text = reason.encode()[:123].decode(errors="ignore").encode()
    return bytes((0x88, len(text) + 2)) + code.to_bytes(2, "big") + text


def masked_close_frame(code: int) -> bytes:
    """A client's WebSocket close frame; masked, as an app insists, with a mask that changes nothing."""
    return b"\x88\x82\0\0\0\0" + code.to_bytes(2, "big")


def _values(head: Head, wanted: bytes) -> list[bytes]:
    return [value for name, value in head.headers if name == wanted]


def _is_key(value: bytes) -> bool:
    try:
        return len(b64decode(value, validate=True)) == 16
    except binascii.Error:
        return False
