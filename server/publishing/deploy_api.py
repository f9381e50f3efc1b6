"""Deploy and build by API (connect-api.md 2.2)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.publishing.deploy import Deployer
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.errors import invalid, not_found
from server.web.routes import LARGEST_ID, Routes, guid_in, json_reply


def deploy_routes(deployer: Deployer, guard: Guard) -> Routes:
    """POST /v1/content/{guid}/deploy: `bundle_id` (absent: the active one), `activate` (absent: true)."""
    routes = Routes()

    @routes.post("/v1/content/{guid}/deploy", role="publisher")
    async def deploy(request: Request, caller: Caller) -> Response:
        view = await guard.editable(caller, guid_in(request))
        given = Fields(await read_object(request))
        task_id = await deployer.begin(caller, view, _bundle_id(given.data.get("bundle_id")), activate=_activate(given))
        return json_reply({"task_id": task_id}, 202)

    return routes


def _activate(given: Fields) -> bool:
    return given.flag("activate", True)


def _bundle_id(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not str(value).isascii() or not str(value).isdigit() or len(str(value)) > 15:
        raise invalid("bundle_id must be the id of a bundle, or null.")
    if int(value) > LARGEST_ID:
        raise not_found("bundle")
    return int(value)
