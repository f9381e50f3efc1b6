"""A person's browser, as a program that rsconnect opens: signs in, reads the screen, presses a button, follows on.

Also the program itself: `BROWSER="python tool_browser.py %s"` with TABARD_TEST_ORIGIN, _USER, _PASSWORD and
_DECISION in the environment.
"""

from __future__ import annotations

import html
import os
import re
import sys
from urllib.parse import urlsplit

import httpx

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
FORM = re.compile(r'<form class="actions" method="post" action="([^"]+)">(.*?)</form>', re.DOTALL)


def decision_form(page: str) -> tuple[str, dict[str, str]]:
    """Where the screen's decision goes, and its hidden fields."""
    found = FORM.search(page)
    assert found, page
    return html.unescape(found[1]), {name: html.unescape(value) for name, value in HIDDEN.findall(found[2])}


def decide(client: httpx.Client, url: str, decision: str) -> httpx.Response:
    """Open a consent screen and press one of its buttons; nothing is followed."""
    page = client.get(url)
    assert page.status_code == 200, page.text
    action, fields = decision_form(page.text)
    return client.post(action, data=fields | {"decision": decision}, headers={"Sec-Fetch-Site": "same-origin"})


def visit(origin: str, username: str, password: str, url: str, decision: str) -> httpx.Response:
    """As a person does: the sign-in page comes first, then the consent screen, then the tool's own page."""
    with httpx.Client(base_url=origin, timeout=30, headers={"Accept": "text/html", "Origin": origin}) as client:
        reply = client.get(url)
        assert reply.status_code == 303, reply.text
        page = client.get(reply.headers["location"])
        fields = {name: html.unescape(value) for name, value in HIDDEN.findall(page.text)}
        reply = client.post(
            "/__login__",
            data=fields | {"username": username, "password": password},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert reply.status_code == 303, reply.text
        reply = decide(client, reply.headers["location"], decision)
    away = reply.headers.get("location")
    if away is None:
        return reply
    assert urlsplit(away).hostname == "127.0.0.1", away
    return httpx.get(away, timeout=30)


if __name__ == "__main__":
    asked = os.environ
    answer = visit(
        asked["TABARD_TEST_ORIGIN"],
        asked["TABARD_TEST_USER"],
        asked["TABARD_TEST_PASSWORD"],
        sys.argv[1],
        asked["TABARD_TEST_DECISION"],
    )
    sys.exit(answer.status_code != 200)
