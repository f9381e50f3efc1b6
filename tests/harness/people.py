"""People of a gateway under test, with passwords and API keys."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass

import httpx

from tests.harness.gateway import Gateway


@dataclass(frozen=True)
class Someone:
    """A person of a gateway."""

    guid: str
    username: str
    password: str
    role: str


def add_person(gateway: Gateway, username: str, role: str = "viewer") -> Someone:
    """Make an account through the API."""
    password = f"{username}-password"
    body = {
        "username": username,
        "password": password,
        "user_role": role,
        "email": f"{username}@example.org",
        "first_name": username.capitalize(),
        "last_name": "Example",
    }
    reply = gateway.api("POST", "/v1/users", json=body)
    assert reply.status_code == 200, reply.text
    return Someone(reply.json()["guid"], username, password, role)


def csrf_of(page: str) -> str:
    """The CSRF token in a page's first form."""
    found = re.search(r'name="csrf"\s+value="([^"]+)"', page) or re.search(r'value="([^"]+)"\s+name="csrf"', page)
    assert found, "the page has no csrf field"
    return found.group(1)


def sign_in(gateway: Gateway, person: Someone) -> httpx.Client:
    """A browser-like client that is signed in; the caller closes it."""
    client = httpx.Client(base_url=gateway.url, timeout=30, headers={"Accept": "text/html", "Origin": gateway.url})
    page = client.get("/__login__")
    form = {"csrf": csrf_of(page.text), "username": person.username, "password": person.password, "next": "/"}
    reply = client.post("/__login__", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert reply.status_code == 303, reply.text
    return client


def api_key(gateway: Gateway, person: Someone) -> str:
    """A new API key of a person, made as her own signed-in browser would."""
    with contextlib.closing(sign_in(gateway, person)) as client:
        # Every page of a signed-in person has the sign-out form, and the token is the session's, not the page's.
        page = client.get("/__no_such_page__")
        headers = {"Sec-Fetch-Site": "same-origin", "X-Tabard-Csrf": csrf_of(page.text)}
        reply = client.post(f"/__api__/v1/users/{person.guid}/keys", json={"name": "test"}, headers=headers)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["key"])
