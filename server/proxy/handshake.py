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
    if head.method != b"GET":
        return plain_refusal(400, "a WebSocket is opened with GET")
    if _values(head, b"content-length") not in ([], [b"0"]) or _values(head, b"transfer-encoding"):
        return plain_refusal(400, "a WebSocket handshake has no body")
    if [value.lower() for value in _values(head, b"upgrade")] != [b"websocket"]:
        return plain_refusal(400, "only Upgrade: websocket is supported")
    options = {option.strip(b" \t").lower() for option in b",".join(_values(head, b"connection")).split(b",")}
    if b"upgrade" not in options:
        return plain_refusal(400, "the Connection field does not name Upgrade")
    if _values(head, b"sec-websocket-version") != [b"13"]:
        refusal = plain_refusal(400, "only Sec-WebSocket-Version: 13 is supported")
        return Refusal(refusal.status, (*refusal.headers, (b"sec-websocket-version", b"13")), refusal.body)
    keys = _values(head, b"sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        return plain_refusal(400, "Sec-WebSocket-Key is not 16 bytes in base64")
    return None


def plain_refusal(status: int, text: str) -> Refusal:
    """A refusal in one line of plain text."""
    return Refusal(status, ((b"content-type", b"text/plain; charset=utf-8"),), text.encode() + b"\n")


def close_frame(code: int, reason: str) -> bytes:
    """A server's WebSocket close frame (RFC 6455 section 5.5.1); `reason` is cut to the 123 bytes that fit."""
    text = reason.encode()[:123].decode(errors="ignore").encode()
    return bytes((0x88, len(text) + 2)) + code.to_bytes(2, "big") + text


def _values(head: Head, wanted: bytes) -> list[bytes]:
    return [value for name, value in head.headers if name == wanted]


def _is_key(value: bytes) -> bool:
    try:
        return len(b64decode(value, validate=True)) == 16
    except binascii.Error:
        return False
