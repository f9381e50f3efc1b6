"""Which header fields cross the proxy, in both directions: rebuilt from what may pass, never patched in place."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from server.proxy.contract import Header
from server.proxy.cookies import CookieRules

# RFC 9110 section 7.6.1, with the names older software used.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Names that say who the viewer is, or where the request came from; only the gateway may say that.
_CLAIMS = frozenset(
    {
        b"bokeh-session-id",
        b"cf-connecting-ip",
        b"fastly-client-ip",
        b"forwarded",
        b"proxy",  # becomes HTTP_PROXY where header fields become variables (CVE-2016-5385)
        b"script-name",
        b"shiny-server-credentials",
        b"true-client-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-email",
        b"x-forwarded",
        b"x-groups",
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
        b"x-real-ip",
        b"x-remote-user",
        b"x-scheme",
        b"x-script-name",
        b"x-streamlit-user",
        b"x-user",
    }
)
_CLAIM_PREFIXES = (
    b"cf-access-",
    b"posit-connect-",
    b"proxy-",
    b"remote-",
    b"rstudio-connect-",
    b"sf-context-",
    b"x-amzn-oidc-",
    b"x-app-",
    b"x-appengine-",
    b"x-auth-",
    b"x-authenticated-",
    b"x-forwarded-",
    b"x-goog-authenticated-",
    b"x-goog-iap-",
    b"x-ms-client-principal",
    b"x-ms-token-",
    b"x-original-",
    b"x-posit-",
    b"x-rewrite-",
    b"x-rsc-",
    b"x-rstudio-",
    b"x-webauth-",
)
# Written by the proxy itself, from what the server in front of it parsed.
_REWRITTEN = frozenset({b"authorization", b"content-length", b"cookie", b"expect", b"host"})
# With an underscore these would be a second, unchecked copy to an app behind CGI-style names.
_NO_UNDERSCORE = frozenset({b"content-type", b"origin", b"range", b"referer", b"user-agent"})
# What an app may not say to a browser that also holds the gateway's pages (G-06), or to a proxy in front of
# us.
_RESPONSE_DROPPED = frozenset(
    {
        b"access-control-allow-credentials",
        b"alt-svc",
        b"clear-site-data",
        b"date",
        b"nel",
        b"public-key-pins",
        b"public-key-pins-report-only",
        b"report-to",
        b"reporting-endpoints",
        b"server",
        b"service-worker-allowed",
        b"set-login",
        b"strict-transport-security",
        b"x-accel-redirect",
        b"x-sendfile",
    }
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104 - names to recognise
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_KEPT_SCHEMES = frozenset({b"basic", b"digest"})
_KNOWN_NAMES = 2048
_NOTHING: frozenset[bytes] = frozenset()

_PASS, _DROP, _HOST, _COOKIE, _AUTHORIZATION, _FRAMING = range(6)
_SPECIAL = {
    b"host": _HOST,
    b"cookie": _COOKIE,
    b"authorization": _AUTHORIZATION,
    b"content-length": _FRAMING,
    b"transfer-encoding": _FRAMING,
}


@dataclass(frozen=True, slots=True)
class Public:
    """How the outside world names the app: parts of `Destination.public_origin` and `Destination.base_path`.

    `hidden` is the base path if the app does not know it ("" if it does): what it says of its paths lacks it.
    """

    origin: str
    scheme: str
    netloc: str
    base_path: str
    forwarded: tuple[Header, ...]
    hidden: str = ""


@lru_cache(maxsize=1024)
def public_name(public_origin: str, base_path: str, *, stripped: bool = False) -> Public:
    """Split "https://apps.example.com" and "/content/x" once into what requests and answers need.

    `stripped`: the app is asked without the base path.
    """
    parts = urlsplit(public_origin)
    forwarded = [
        (b"X-Forwarded-Proto", parts.scheme.encode()),
        (b"X-Forwarded-Host", parts.netloc.encode()),
    ]
    base = base_path.rstrip("/")
    if base:
        forwarded.append((b"X-Forwarded-Prefix", base.encode()))
    origin = f"{parts.scheme}://{parts.netloc}"
    return Public(origin, parts.scheme, parts.netloc, base, tuple(forwarded), base if stripped else "")


@dataclass(frozen=True)
class HeaderPolicy:
    """The gateway's names that no app may ever see or set.

    `gateway_cookies` are the names of the gateway's own cookies, without or with a `__Host-` prefix.
    """

    gateway_cookies: frozenset[bytes]
    _cookies: CookieRules = field(init=False, repr=False)
    _kinds: dict[bytes, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cookies", CookieRules(self.gateway_cookies))

    def request(
        self,
        headers: Iterable[Header],
        *,
        public: Public,
        client: tuple[str, int] | None,
        inject: tuple[Header, ...],
    ) -> list[Header]:
        """The header fields sent to the app, from those the client sent (names lower-cased).

        Order: Host as sent, what the client may say, framing as the client had it, then what only the gateway
        says. Hop-by-hop fields, fields named in Connection and every spelling of an identity field are gone
        before anything is added (RFC 9110 section 7.6.1; G-01 to G-04, G-08, G-11, G-22).
        """
        kinds = self._kinds
        injected = {name.lower().replace(b"_", b"-") for name, _ in inject} if inject else ()
        nominated = _nominated(headers)
        host = public.netloc.encode()
        out: list[Header] = [(b"Host", host)]
        cookies: list[bytes] = []
        framing: list[Header] = []
        for header in headers:
            name, value = header
            kind = kinds.get(name)
            if kind is None:
                kind = self._learn(name)
            if kind == _HOST:
                out[0] = (b"Host", value)
            elif kind == _FRAMING:
                framing.append(header)
            elif kind == _DROP or name in nominated:
                continue
            elif kind == _COOKIE:
                cookies.append(value)
            elif not (injected and name.replace(b"_", b"-") in injected) and (kind == _PASS or _app_credentials(value)):
                out.append(header)
        if cookies:
            kept = self._cookies.without_ours(cookies)
            if kept:
                out.append((b"Cookie", kept))
        out += framing
        if client is not None:
            out.append((b"X-Forwarded-For", client[0].encode()))
        out += public.forwarded
        out += inject
        return out

    def response(
        self, headers: Iterable[Header], *, status: int, public: Public, internal: tuple[str, int]
    ) -> list[Header]:
        """The header fields sent to the client, from those the app answered with (names lower-cased).

        `internal` is the app's own host and port; a Location naming it is rewritten (G-20). Content-Length
        stays unless the answer has another framing or no body at all. Raises `ValueError` for bytes no field
        may hold.
        """
        nominated = _nominated(headers)
        framed = True
        out: list[Header] = []
        for header in headers:
            name, value = header
            if name in _RESPONSE_DROPPED or name in _HOP_BY_HOP or name in nominated:
                framed = framed and name != b"transfer-encoding"
                continue
            if _CONTROL.search(value) is not None:
                raise ValueError("control byte in a header field")
            if name == b"set-cookie":
                cookie = self._cookies.confined(value, public.base_path, hidden=public.hidden)
                if cookie is not None:
                    out.append((name, cookie))
            elif name in (b"location", b"content-location"):
                out.append((name, _outward(value, public, internal)))
            elif name == b"refresh":
                before, mark, url = value.partition(b"=")
                out.append((name, before + mark + _outward(url, public, internal)))
            elif name != b"content-length" or status not in (204, 304):
                out.append(header)
        return out if framed else [header for header in out if header[0] != b"content-length"]

    def _learn(self, name: bytes) -> int:
        """What happens to fields of this name; remembered, since browsers send the same few hundred."""
        plain = name.strip(b" \t").replace(b"_", b"-")
        kind = _PASS
        if name in _SPECIAL:
            kind = _SPECIAL[name]
        elif (
            plain in _HOP_BY_HOP
            or plain in _CLAIMS
            or plain in _REWRITTEN
            or plain.startswith(_CLAIM_PREFIXES)
            or (plain != name and (plain in _NO_UNDERSCORE or plain.startswith(b"sec-")))
        ):
            kind = _DROP
        if len(self._kinds) < _KNOWN_NAMES:
            self._kinds[name] = kind
        return kind


def _nominated(headers: Iterable[Header]) -> frozenset[bytes]:
    """The names a Connection field declares to be for this hop only."""
    values = [value for name, value in headers if name == b"connection"]
    return _options(b",".join(values)) if values else _NOTHING


@lru_cache(maxsize=256)
def _options(value: bytes) -> frozenset[bytes]:
    return frozenset(option.strip(b" \t").lower() for option in value.split(b","))


def _app_credentials(value: bytes) -> bool:
    """Whether an Authorization value is meant for the app: keys and bearer tokens are the gateway's."""
    return value.strip(b" \t").partition(b" ")[0].lower() in _KEPT_SCHEMES


def _outward(value: bytes, public: Public, internal: tuple[str, int]) -> bytes:
    """A URL an app answered with, with its internal address (or the wrong scheme) replaced by the public one.

    A path of an app that does not know its base path gets it. Who means another place of this server names it
    whole, with its origin.
    """
    if value.startswith(b"/") and not value.startswith(b"//"):
        return value if _within(value, public.hidden.encode()) else public.hidden.encode() + value
    if b"//" not in value:
        return value
    try:
        parts = urlsplit(value.decode("latin-1"))
        host, port = parts.hostname, parts.port
    except ValueError:
        return value
    if parts.scheme not in ("http", "https", "") or host is None:
        return value
    rest = value.decode("latin-1").partition("//")[2][len(parts.netloc) :]
    if port == internal[1] and (host in _LOOPBACK or host == internal[0]):
        inside = _within(parts.path.encode("latin-1"), public.base_path.encode())
        if not rest.startswith("/"):
            rest = "/" + rest
        return (public.origin + ("" if inside else public.base_path) + rest).encode("latin-1")
    if parts.netloc == public.netloc and parts.scheme not in ("", public.scheme):
        return (public.origin + rest).encode("latin-1")
    return value


def _within(path: bytes, base: bytes) -> bool:
    """Whether a path (with what follows it) is `base` or lies below it; everything lies below ""."""
    return not base or path.startswith(base + b"/") or re.split(rb"[?#]", path, maxsplit=1)[0] == base
