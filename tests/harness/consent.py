"""A viewer's consent at the sandbox provider, walked without a browser's screen."""

from __future__ import annotations

import re

import httpx

from tests.harness.gateway import Gateway
from tests.harness.people import csrf_of


def give_consent(
    gateway: Gateway, browser: httpx.Client, integration: str, content: str, *, as_user: str = "alice"
) -> httpx.Response:
    """Start at Tabard, sign in and allow at the provider, come back; returns the callback's answer (303).

    `browser` is signed in at the gateway. Raises httpx.TransportError when the gateway goes away meanwhile.
    """
    form = {
        "csrf": csrf_of(browser.get("/__no_such_page__").text),
        "next": f"/content/{content}/",
        "content": content,
    }
    site = {"Sec-Fetch-Site": "same-origin", "Origin": gateway.url}
    asked = browser.post(f"/__oauth__/integrations/{integration}/login", data=form, headers=site)
    assert asked.status_code == 303, asked.text
    return browser.get(_allowed(asked.headers["location"], as_user))


def _allowed(authorize: str, user: str) -> str:
    """The callback address with its code, as the provider sends a browser there."""
    url = httpx.URL(authorize)
    with httpx.Client(base_url=f"{url.scheme}://{url.netloc.decode()}", timeout=20) as provider:
        form = {"next": url.query.decode(), "username": user, "password": user}
        consent = provider.post("/signin", data=form).headers["location"]
        found = re.search(r'name="form_key" value="([^"]+)"', provider.get(consent).text)
        assert found, "the provider showed no consent form"
        answer = provider.post(consent, data={"form_key": found[1], "decision": "allow"})
        return str(answer.headers["location"])
