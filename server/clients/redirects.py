"""Which addresses a tool may register to be answered at, and whether an address is one of them (RFC 8252)."""

from __future__ import annotations

import re

LONGEST = 1024
# Whole addresses are matched, never parts of parsed ones, so that no two readers of one can disagree: no user info,
# no fragment, no backslash, no IPv6 or numeric spelling of a host.
_REST = r"(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(?::([1-9][0-9]{0,4}))?" + _REST)
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HTTPS = re.compile(rf"https://((?:{LABEL}\.)*[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?)(?::([1-9][0-9]{{0,4}}))?" + _REST)
RULE = "Use http://127.0.0.1/..., http://localhost/... or an https address, in lower case and without a fragment."


def _port_fits(port: str | None) -> bool:
    return port is None or int(port) < 65536


def registrable(uri: object) -> bool:
    """Whether a tool may register this address."""
    if not isinstance(uri, str) or len(uri) > LONGEST:
        return False
    found = LOOPBACK.fullmatch(uri) or HTTPS.fullmatch(uri)
    return found is not None and _port_fits(found[2])


def on_this_computer(uri: str) -> bool:
    """Whether an address is a tool's own on the computer that the browser runs on."""
    return LOOPBACK.fullmatch(uri) is not None


def host(uri: str) -> str:
    """Host and port of a registrable address, for people to read."""
    return uri.partition("://")[2].partition("/")[0].partition("?")[0]


def allowed(uri: str, registered: list[str]) -> bool:
    """Whether `uri` is one of the registered addresses: exactly, and on loopback with any port (RFC 8252 7.3)."""
    if not registrable(uri):
        return False
    asked = LOOPBACK.fullmatch(uri)
    if asked is None:
        return uri in registered
    kept = (LOOPBACK.fullmatch(each) for each in registered)
    return any(k is not None and (k[1], k[3], k[4]) == (asked[1], asked[3], asked[4]) for k in kept)
