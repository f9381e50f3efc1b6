"""Reading and writing our own cookies from raw headers: one exact name, sent once (security.md S-01, LAB-4)."""

from __future__ import annotations

from collections.abc import Iterable

NAME = "tabard_session"


def cookie_name(secure: bool) -> str:
    """The session cookie's name; on https the `__Host-` prefix keeps other hosts from setting it."""
    return f"__Host-{NAME}" if secure else NAME


def gateway_cookies() -> frozenset[bytes]:
    """Every cookie name that belongs to the gateway and may never reach an app."""
    names = (NAME, "tabard_flow", "tabard_signin", "tabard_flash", "tabard_fresh", "tabard_share", "tabard_lent")
    prefixes = ("", "__Host-", "__Secure-")
    return frozenset(f"{prefix}{name}".encode() for name in names for prefix in prefixes)


def read_cookie(headers: Iterable[tuple[bytes, bytes]], name: str) -> str | None:
    """The value of the cookie named exactly `name`; None when it is absent or was sent more than once."""
    wanted = name.encode()
    found: list[bytes] = []
    for header, value in headers:
        if header != b"cookie":
            continue
        for part in value.split(b";"):
            key, equals, content = part.strip(b" ").partition(b"=")
            if equals and key == wanted:
                found.append(content)
    if len(found) != 1:
        return None
    try:
        return found[0].decode("ascii")
    except UnicodeDecodeError:
        return None


def set_cookie(name: str, value: str, *, secure: bool, max_age: int | None, path: str = "/") -> str:
    """A Set-Cookie header value: HttpOnly, SameSite=Lax, host-only; `max_age` in seconds, 0 deletes."""
    parts = [f"{name}={value}", f"Path={path}", "HttpOnly", "SameSite=Lax"]
    if max_age is not None:
        parts.append(f"Max-Age={max_age}")
    if secure:
        parts.append("Secure")
    return "; ".join(parts)
