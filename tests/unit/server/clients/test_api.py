"""Registered tools over the API: administrators only, and removing one signs it out everywhere."""

import json
from typing import Any

import pytest

from server.clients.api import ClientsApi
from server.web.api import Api
from server.web.caller import Caller
from tests.unit.server.authorize.rig import Rig
from tests.unit.server.web.asking import BY_KEY, asking

ADMIN = Caller(user_id=9, guid="root", username="root", role="administrator", via="key", credential="key:9")


async def call(rig: Rig, method: str, path: str, caller: Caller = ADMIN) -> tuple[int, Any]:
    request, sent = asking(method, "/__api__" + path, caller=caller), []

    async def send(message: Any) -> None:
        sent.append(message)

    await Api(ClientsApi(rig.tools).routes().routes, rig.csrf)(request.scope, request.receive, send)
    response = sent[1].get("body", b"")
    return sent[0]["status"], json.loads(response) if response else None


async def test_list_read_and_remove(rig: Rig):
    client_id, tokens = await rig.signed_in()
    other = await rig.register(client_name="Another")
    status, page = await call(rig, "GET", "/v1/oauth/clients?page_size=1")
    assert status == 200
    assert set(page) == {"results", "current_page", "total"}
    assert (page["total"], [c["client_id"] for c in page["results"]]) == (2, [client_id])
    assert page["results"][0]["last_used_at"] is not None
    assert (await call(rig, "GET", f"/v1/oauth/clients/{other}"))[1]["client_name"] == "Another"
    assert await call(rig, "DELETE", f"/v1/oauth/clients/{client_id}") == (204, None)
    assert not await rig.works(tokens["access_token"])
    assert (await call(rig, "GET", f"/v1/oauth/clients/{client_id}"))[1]["code"] == 4
    assert (await call(rig, "DELETE", f"/v1/oauth/clients/{client_id}"))[0] == 404


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_for_administrators(rig: Rig, method: str):
    client_id = await rig.register()
    assert (await call(rig, method, f"/v1/oauth/clients/{client_id}", BY_KEY))[0] == 403
    assert (await call(rig, "GET", "/v1/oauth/clients", BY_KEY))[0] == 403
