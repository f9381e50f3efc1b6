"""The endpoints' own manners: metadata, shapes of errors, limits on those who may begin without a name."""

import itertools
import json
from typing import Any

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from server.authorize.endpoints import FREE, LARGEST, metadata
from server.db.engine import DatabaseUnavailable
from tests.unit.server.authorize.rig import ORIGIN, POSIT, Rig

PATHS = ("/oauth/v1/token", "/oauth/v1/revoke", "/oauth/v1/register", "/oauth/v1/device/authorize")
FORMS = [path for path in PATHS if not path.endswith("register")]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_the_metadata_is_what_rfc_8414_asks_for(rig: Rig):
    found = (await rig.tool.get("/.well-known/oauth-authorization-server")).json()
    assert found == metadata(ORIGIN)
    assert found["issuer"] == ORIGIN
    # Its own check demands https, which is the business of whoever runs the server.
    AuthorizationServerMetadata(metadata("https://tabard.example")).validate()
    assert not [grant for grant in found["grant_types_supported"] if "token-exchange" in grant]


@pytest.mark.parametrize("path", PATHS)
async def test_errors_have_the_shape_of_rfc_6749(rig: Rig, path: str):
    for reply in (await rig.tool.get(path), await rig.tool.put(path), await rig.tool.post(path)):
        assert reply.status_code in (400, 405)
        assert set(reply.json()) == {"error", "error_description"}
        assert reply.json()["error"] == "invalid_request"
        assert reply.headers["cache-control"] == "no-store"
    assert (await rig.tool.get(path)).headers["allow"] == "POST"


ODD_FORMS_ARE_REFUSED = [
    b"client_id=a&client_id=b",
    b"\xff=1",
    b"client_id=%ff",
    b"client_id=" + b"x" * LARGEST,
    b"&".join([b"a=1"] * 300),
    b"client_id=%22",
    b"client_id=a%00b",
    b"client_id=%0a",
]


async def test_odd_forms_are_refused(rig: Rig):
    for body in ODD_FORMS_ARE_REFUSED:
        for path in FORMS:
            reply = await rig.tool.post(path, content=body, headers=FORM)
            assert reply.status_code in (400, 413)
            assert reply.json()["error"] == "invalid_request"


async def test_other_types_are_refused(rig: Rig):
    for path, kind in itertools.product(FORMS, ("application/json", "text/plain", "multipart/form-data; boundary=x")):
        reply = await rig.tool.post(path, content=b"client_id=a", headers={"Content-Type": kind})
        assert reply.json()["error"] == "invalid_request"


ODD_REGISTRATIONS_ARE_REFUSE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"{" + b'"a":{' * 60 + b"}" * 61,
    b"\xff",
    b'{"a": NaN}',
    b" " * 20000,
]


async def test_odd_registrations_are_refused(rig: Rig):
    for body in ODD_REGISTRATIONS_ARE_REFUSE:
        reply = await rig.tool.post("/oauth/v1/register", content=body, headers={"Content-Type": "application/json"})
        assert reply.status_code in (400, 413)
        assert "error" in reply.json()


async def test_a_registration_as_a_form_is_refused(rig: Rig):
    reply = await rig.tool.post("/oauth/v1/register", content=json.dumps(POSIT), headers={"Content-Type": "text/plain"})
    assert reply.json()["error"] == "invalid_request"
    refused = await rig.tool.post("/oauth/v1/register", json=POSIT | {"redirect_uris": ["http://evil.example/"]})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri")


async def test_beginning_is_slowed_down(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    client_id = await rig.register()
    for _ in range(FREE - 1):
        begun = await rig.tool.post("/oauth/v1/device/authorize", data={"client_id": client_id})
    assert begun.status_code == 200
    for reply in (
        await rig.tool.post("/oauth/v1/device/authorize", data={"client_id": client_id}),
        await rig.tool.post("/oauth/v1/register", json=POSIT),
    ):
        assert (reply.status_code, reply.json()["error"]) == (429, "temporarily_unavailable")
        assert int(reply.headers["retry-after"]) > 0


async def test_without_a_database_tools_try_again(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    async def away(*_: Any) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(rig.db, "write", away)
    reply = await rig.token({"grant_type": "refresh_token", "client_id": "x", "refresh_token": "y"})
    assert (reply.status_code, reply.json()["error"]) == (503, "temporarily_unavailable")
