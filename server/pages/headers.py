"""The security headers of every page of our own (gates and dashboard), and why each is what it is.

`form-action`: Chromium applies it to every redirect that follows a form, not only to the form's own
address, and a provider's consent page often passes through sign-in hosts nobody can list beforehand. Pages
whose buttons start a consent (`leads_away`) therefore go without `form-action`; every other page is held to
this origin. They carry no field a person types a secret into. The same goes for the screen that answers a
tool: its form ends at the tool's own address.

`Referrer-Policy` is `same-origin`, not `no-referrer`: under the latter a browser sends `Origin: null` with
our own forms, which no cross-site check could tell from a stranger's. (Answers on the way to and from a
provider need `no-referrer` all the same, security.md O-10; they are redirects or the `declined` screen,
whose caller overrides it.)
"""

from __future__ import annotations

_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)

LEADS_AWAY = frozenset(
    {"connect", "declined", "content_access", "content_sharing", "connections", "allow_tool", "stage", "integration"}
)
"""Screens whose button posts to a page of ours and is redirected to a provider, or to a tool."""


def security_headers(screen: str, *, https: bool, framed: bool = False) -> dict[str, str]:
    """Headers for the page that `render(screen, view)` made. `https` adds HSTS (only ever sent over TLS).

    `framed`: the page is shown inside one of ours, the stage, and holds no button; other sites may not show it.

    A "starting" page also says `X-Tabard-Gate: starting`, by which static/gate.js tells it from the app
    itself.
    """
    policy = _POLICY if screen in LEADS_AWAY else f"{_POLICY}; form-action 'self'"
    found = {
        "Content-Security-Policy": policy.replace("ancestors 'none'", "ancestors 'self'") if framed else policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN" if framed else "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    if https:
        found["Strict-Transport-Security"] = "max-age=31536000"
    if screen == "starting":
        found["X-Tabard-Gate"] = "starting"
    return found
