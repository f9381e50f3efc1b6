"""What counts as a visit of content: one page that somebody opens, not what the page then loads."""

from __future__ import annotations

from collections.abc import Iterable

# As Connect tells it: the use of Shiny apps is their live connections, that of everything else is visits of pages.
LIVE_MODES = frozenset({"python-shiny", "shiny", "rmd-shiny", "quarto-shiny"})


def is_visit(method: str, inside: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request that may pass opens a page.

    A browser says so itself (Fetch Metadata): it navigates, and not ahead of time. Whoever does not say, a script
    or an old browser, opens a page by asking for HTML, or for the content's own address.
    """
    if method != "GET":
        return False
    sent = dict(headers)
    mode = sent.get(b"sec-fetch-mode")
    if b"prefetch" in sent.get(b"sec-purpose", sent.get(b"purpose", b"")):
        return False
    if mode is not None:
        return mode == b"navigate"
    return inside in ("", "/") or b"text/html" in sent.get(b"accept", b"")
