"""Our own pages as replies: the view every page shares, its headers, and where a browser may be sent back to."""

from __future__ import annotations

import random
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse

from server.pages.headers import security_headers
from server.pages.render import render
from server.pages.views import Flash, Gate, Page, Person
from server.web.caller import Caller
from server.web.csrf import Csrf

LONGEST_RETURN = 2048


def new_request_id() -> str:
    """A short name for one request, for error pages and the log. It is no secret, and made for every request."""
    return f"{random.getrandbits(48):012x}"


def safe_return(path: str | None, default: str = "/") -> str:
    """`path` if it is one on this server, else `default` (security.md O-09).

    Checked as browsers read it: they drop tabs and newlines, and take `\\` for `/`.
    """
    if not path or len(path) > LONGEST_RETURN or not path.startswith("/"):
        return default
    if any(ord(ch) <= 32 or ord(ch) == 127 or ch == "\\" for ch in path) or path.startswith("//"):
        return default
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or "//" in parts.path[:2]:
        return default
    return path


def wants_page(method: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a browser asks for a document, and may be redirected (security.md G-30)."""
    if method not in ("GET", "HEAD"):
        return False
    found = dict(headers)
    return found.get(b"sec-fetch-mode") == b"navigate" or b"text/html" in found.get(b"accept", b"")


class Screens:
    """Builds the shared part of pages and renders the gateway's own screens."""

    def __init__(self, csrf: Csrf, origin: str, *, https: bool) -> None:
        self.csrf, self.origin, self.https = csrf, origin, https

    def person(self, caller: Caller) -> Person | None:
        """The signed-in person for the bar at the top."""
        if not caller.signed_in:
            return None
        return Person(name=caller.name, username=caller.username, role=caller.role)  # type: ignore[arg-type]

    def page(
        self,
        request_id: str,
        caller: Caller,
        title: str,
        *,
        active: str = "",
        flash: Flash | None = None,
        binding: str | None = None,
    ) -> Page:
        """The view of a page for `caller`; `binding` overrides what its CSRF token is bound to."""
        return Page(
            title=title,
            csrf=self.csrf.token(binding if binding is not None else caller.credential),
            request_id=request_id,
            origin=self.origin,
            person=self.person(caller),
            active=active,  # type: ignore[arg-type]
            flash=flash,
        )

    def reply(self, name: str, view: Gate, status: int = 200, **headers: str) -> HTMLResponse:
        """The screen as a reply with its security headers."""
        own = security_headers(name, https=self.https, framed=view.page.framed) | headers
        return HTMLResponse(render(name, view), status_code=status, headers=own)


def is_framed(request: Request) -> bool:
    """Whether a page of this very server asks for a page to show inside itself, as browsers say it."""
    headers = request.headers
    return headers.get("sec-fetch-dest") == "iframe" and headers.get("sec-fetch-site") == "same-origin"


def request_id(request: Request) -> str:
    """The name of this request."""
    found: str = request.scope["state"]["request_id"]
    return found


def caller_of(request: Request) -> Caller:
    """The identified caller of a page request; a bad credential counts as nobody on pages."""
    found = request.scope["state"]["caller"]
    return found if isinstance(found, Caller) else Caller()
