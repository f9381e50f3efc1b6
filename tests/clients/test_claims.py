"""Publisher's one-click sign-in: a token is brought, claimed in a browser, and signs requests from then on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.harness.gateway import Gateway
from tests.harness.people import Someone, sign_in
from tests.harness.publishing import panel_bundle
from tests.harness.signing import Signer
from tests.harness.tool_browser import decide

API = "/__api__"


class Publisher:
    """What Posit Publisher does over the wire."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway, self.signer = gateway, Signer()
        self.http = httpx.Client(base_url=gateway.url, timeout=60, headers={"User-Agent": "PositPublisher/2.11.2"})

    def bring(self) -> str:
        reply = self.http.post(f"{API}/tokens", json=self.signer.registration())
        assert reply.status_code == 200, reply.text
        return str(reply.json()["token_claim_url"])

    def call(self, method: str, path: str, body: bytes = b"", *, sent: Any = None, **changes: Any) -> httpx.Response:
        headers = self.signer.headers(method, path, body, **changes)
        return self.http.request(method, path, content=body if sent is None else sent, headers=headers)


@pytest.fixture(scope="module")
def tool(gateway: Gateway, publisher: Someone) -> Iterator[Publisher]:
    """Claimed by a publisher."""
    made = Publisher(gateway)
    claim_url = made.bring()
    # As it polls while nobody has claimed.
    assert made.call("GET", f"{API}/v1/user").status_code == 401
    with contextlib.closing(sign_in(gateway, publisher)) as browser:
        done = decide(browser, "/claim/" + claim_url.rpartition("/")[2], "allow")
        assert done.status_code == 200, done.text
    yield made
    made.http.close()


def test_signed_requests_act_as_the_person(tool: Publisher, publisher: Someone):
    me = tool.call("GET", f"{API}/v1/user")
    assert (me.status_code, me.json()["guid"]) == (200, publisher.guid)
    assert tool.call("GET", f"{API}/v1/content?name=nothing").json() == []


def test_everything_the_signature_covers(tool: Publisher):
    path = f"{API}/v1/content"
    headers = tool.signer.headers("POST", path, b"{}")
    for method, where in (("GET", path), ("POST", f"{path}/"), ("POST", f"{API}/v1/groups")):
        assert tool.http.request(method, where, content=b"{}", headers=headers).status_code == 401
    assert tool.call("POST", path, b"{}", off=timedelta(minutes=6)).status_code == 401
    assert tool.call("POST", path, b"{}", off=timedelta(minutes=-6)).status_code == 401
    # The same request once more within five minutes is the scheme's own limit (SECURITY.md).
    assert tool.http.post(path, content=b"{}", headers=headers).status_code == 200


def test_another_body_is_refused_and_leaves_nothing(tool: Publisher, gateway: Gateway):
    path = f"{API}/v1/content"
    before = len(tool.call("GET", path).json())
    refused = tool.call("POST", path, b'{"name": "signed"}', sent=b'{"name": "other"}')
    assert (refused.status_code, refused.json()["code"]) == (400, 2)
    assert len(tool.call("GET", path).json()) == before

    guid = tool.call("POST", path, b"{}").json()["guid"]
    archive = panel_bundle("signed")
    upload = f"{path}/{guid}/bundles"
    wrong = archive[:-1] + bytes([archive[-1] ^ 1])

    def streamed(data: bytes) -> Iterator[bytes]:
        yield from (data[at : at + 1000] for at in range(0, len(data), 1000))

    shelf = set((gateway.data_dir / "bundles").rglob("*"))
    for body in (wrong, archive[:-1], archive + b"\0", streamed(wrong)):
        refused = tool.call("POST", upload, archive, sent=body)
        assert refused.status_code == 400, refused.text
    assert tool.call("GET", upload).json() == []
    assert set((gateway.data_dir / "bundles").rglob("*")) == shelf
    taken = tool.call("POST", upload, archive, sent=streamed(archive))
    assert taken.status_code == 200, taken.text
    assert len(tool.call("GET", upload).json()) == 1


def test_content_is_opened_by_a_signed_get(tool: Publisher, gateway: Gateway, running: str):
    path = f"/content/{running}/"
    assert tool.call("GET", path).status_code == 403
    assert gateway.api("PATCH", f"/v1/content/{running}", json={"access_type": "logged_in"}).status_code == 200
    assert tool.call("GET", path).status_code == 200
    assert tool.call("POST", path, b"x").status_code == 401
    assert tool.call("GET", path, b"", sent=b"unsigned").status_code == 401


def test_two_identities_are_one_too_many(tool: Publisher, publisher_key: str):
    headers = tool.signer.headers("GET", f"{API}/v1/user")
    both = tool.http.get(f"{API}/v1/user", headers=headers | {"Authorization": f"Key {publisher_key}"})
    assert both.status_code == 400


def test_a_tool_makes_no_keys(tool: Publisher, publisher: Someone):
    made = tool.call("POST", f"{API}/v1/users/{publisher.guid}/keys", b'{"name": "mine"}')
    assert made.status_code == 403
    password = b'{"password": "a password of the tool"}'
    assert tool.call("PUT", f"{API}/v1/users/{publisher.guid}", password).status_code == 403
