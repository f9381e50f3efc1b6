"""The content security policy of each screen."""

import pytest

from server.pages.headers import LEADS_AWAY, security_headers


@pytest.mark.parametrize("screen", ["home", "connect", "sign_in", "starting"])
def test_every_page_is_closed(screen: str) -> None:
    headers = security_headers(screen, https=False)
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for directive in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_only_pages_that_start_a_consent_may_post_and_be_sent_elsewhere() -> None:
    assert "form-action 'self'" in security_headers("sign_in", https=False)["Content-Security-Policy"]
    for screen in LEADS_AWAY:
        assert "form-action" not in security_headers(screen, https=False)["Content-Security-Policy"]


def test_https_is_remembered() -> None:
    assert security_headers("home", https=True)["Strict-Transport-Security"] == "max-age=31536000"


def test_a_starting_page_can_be_told_from_the_app() -> None:
    assert security_headers("starting", https=False)["X-Tabard-Gate"] == "starting"
    assert "X-Tabard-Gate" not in security_headers("failed", https=False)
