"""Which request heads are refused before anybody looks at them: ambiguous, oversized or not for this server."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from server.proxy.contract import Header
from server.web.errors import BAD_REQUEST, ApiError, reply

TARGET_BYTES = 8192
HEADER_BYTES = 32768
HEADER_FIELDS = 100

_TELLING = frozenset({b"host", b"transfer-encoding", b"content-length", b"connection", b"upgrade"})
# A path without any of these needs no closer look.
_ODD = re.compile(rb"[^\x21-\x7e]|[%\\#]|/\.")
_ODD_QUERY = re.compile(rb"[^\x21-\x7e]|#")
_FORBIDDEN = re.compile(rb"[\x00-\x1f\x7f\\\xc0\xc1]")
_HOST = re.compile(rb"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Refused:
    """A status (400, 405, 414, 421, 431) and one line that says why."""

    status: int
    reason: str

    def written(self, *, api: bool) -> tuple[bytes, bytes]:
        """Media type and body: the one shape of errors for the API's clients, a line of text for all others."""
        if api:
            return b"application/json", bytes(reply(ApiError(self.status, BAD_REQUEST, self.reason)).body)
        return b"text/plain; charset=utf-8", self.reason.encode() + b"\n"


def refused_target(target: bytes) -> Refused | None:
    """Why a request target is refused, or None if it may pass unchanged (G-07, G-12).

    Only the origin form of RFC 9112 section 3.2.1 passes. Its path may hold no dot segment, backslash,
    control byte or overlong UTF-8, plainly or percent-encoded once or twice, and may not begin with "//";
    %2F, ";" and everything in the query are left alone.
    """
    path, _, query = target.partition(b"?")
    if len(target) > TARGET_BYTES:
        return Refused(414, "The request target is too long.")
    if not path.startswith(b"/") or path.startswith(b"//") or _ODD_QUERY.search(query) is not None:
        return Refused(400, "The request target is malformed.")
    if _ODD.search(path) is None:
        return None
    once = unquote_to_bytes(path)
    forms = (path, once, unquote_to_bytes(once))
    if (
        b"#" in path
        or b" " in path
        or not path.isascii()
        or any(_FORBIDDEN.search(form) is not None or _has_dot_segment(form) for form in forms)
    ):
        return Refused(400, "The request path is not acceptable.")
    return None


def _has_dot_segment(path: bytes) -> bool:
    """Whether a segment is "." or "..", also with parameters behind it ("..;x", which some servers cut off)."""
    return any(segment.partition(b";")[0] in (b".", b"..") for segment in path.split(b"/"))


def refused_request(
    method: str, version: str, target: bytes, headers: list[Header], allowed_hosts: frozenset[str] | None
) -> Refused | None:
    """Why a request is refused by its head, or None (G-07, G-10, G-12, G-15, G-28).

    `headers` have lower-cased names; `version` is "1.1" or "1.0"; `allowed_hosts` are lower-case "host" or
    "host:port" as a Host field has them, "*.example.com" standing for any one host below; None allows every
    host.
    """
    if method in ("TRACE", "CONNECT"):
        return Refused(405, "The method is not supported.")
    telling = [header for header in headers if header[0] in _TELLING]
    return (
        refused_target(target)
        or _refused_coding(version, telling)
        or _refused_host(version, telling, allowed_hosts)
        or _refused_upgrade(method, version, telling)
    )


def _refused_coding(version: str, headers: list[Header]) -> Refused | None:
    """Only one coding, chunked, and only in HTTP/1.1 (RFC 9112 section 6.1)."""
    if version not in ("1.0", "1.1"):
        return Refused(400, "The HTTP version is not supported.")
    codings = [value.strip(b" \t").lower() for name, value in headers if name == b"transfer-encoding"]
    if codings and (version != "1.1" or codings != [b"chunked"]):
        return Refused(400, "The transfer coding is not acceptable.")
    return None


def _refused_host(version: str, headers: list[Header], allowed_hosts: frozenset[str] | None) -> Refused | None:
    """One well-formed Host that is ours (RFC 9112 section 3.2)."""
    hosts = [value.lower() for name, value in headers if name == b"host"]
    if not hosts and version == "1.0" and allowed_hosts is None:
        return None
    if len(hosts) != 1 or _HOST.fullmatch(hosts[0]) is None:
        return Refused(400, "A request needs exactly one well-formed Host.")
    if allowed_hosts is not None and not _is_allowed(hosts[0].decode(), allowed_hosts):
        return Refused(421, "This server does not answer for that host.")
    return None


def _is_allowed(host: str, allowed_hosts: frozenset[str]) -> bool:
    return host in allowed_hosts or ("." in host and "*." + host.partition(".")[2] in allowed_hosts)


def _refused_upgrade(method: str, version: str, headers: list[Header]) -> Refused | None:
    """Only a WebSocket may take the connection over; a body-less GET asks for it."""
    upgrades = [value.lower() for name, value in headers if name == b"upgrade"]
    if not upgrades:
        return None
    asked = any(
        b"upgrade" in [option.strip(b" \t").lower() for option in value.split(b",")]
        for name, value in headers
        if name == b"connection"
    )
    if upgrades != [b"websocket"]:
        return Refused(400, "Only Upgrade: websocket is supported.")
    if not asked:
        return None
    body = any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b" \t0")) for name, value in headers
    )
    if method != "GET" or version != "1.1" or body:
        return Refused(400, "A WebSocket is opened with GET, HTTP/1.1 and no body.")
    return None
