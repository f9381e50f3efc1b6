"""A page that somebody opens is a visit; what the page loads is none."""

import pytest

from server.usage.policy import is_visit

HTML, NAVIGATE, LOAD = (b"accept", b"text/html,*/*"), (b"sec-fetch-mode", b"navigate"), (b"sec-fetch-mode", b"no-cors")
ANY = (b"accept", b"*/*")


@pytest.mark.parametrize(
    ("method", "inside", "headers", "counts"),
    [
        ("GET", "/", [HTML, NAVIGATE], True), ("GET", "/page", [HTML, NAVIGATE], True),
        ("GET", "/", [ANY], True), ("GET", "", [], True), ("GET", "/page", [HTML], True),
        ("GET", "/static/app.js", [ANY], False), ("GET", "/static/app.js", [LOAD], False),
        ("GET", "/", [LOAD, HTML], False), ("HEAD", "/", [HTML], False), ("POST", "/", [HTML, NAVIGATE], False),
        ("GET", "/", [NAVIGATE, (b"sec-purpose", b"prefetch;prerender")], False),
        ("GET", "/", [NAVIGATE, (b"purpose", b"prefetch")], False),
    ],
)  # fmt: skip
def test_what_counts(method: str, inside: str, headers: list[tuple[bytes, bytes]], counts: bool):
    assert is_visit(method, inside, headers) is counts
