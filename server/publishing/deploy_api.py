"""Deploy and build by API: each answers 202 with the task to poll (connect-api.md 2.2)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from server.access.guard import Guard
from server.publishing.deploy import Deployer
from server.repository.fetching import Fetching, location_of
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import RowNumber, Says
from server.web.errors import invalid, not_found
from server.web.routes import LARGEST_ID, Routes, guid_in, json_reply


class WorkInput(TypedDict, total=False):
    """What to deploy or build: a bundle's id, absent or null for the active one; `activate` absent is true."""

    bundle_id: Annotated[str, Field(pattern=r"^[0-9]{0,15}$")] | RowNumber | None
    activate: bool | None


class Begun(TypedDict):
    """The task that was started."""

    task_id: str


REFUSES = "There must be a version to deploy: the one named, or else one that is active (code 28)."
SAYS = Says(body=WorkInput, optional_body=True, reply=Begun, status=202, fails=(409,), refuses=REFUSES)


def deploy_routes(deployer: Deployer, fetching: Fetching, guard: Guard) -> Routes:
    """The declared routes over `deployer`; `fetching` makes the version of content that comes from a repository."""
    routes = Routes()

    @routes.post("/v1/content/{guid}/deploy", role="publisher", says=SAYS)
    async def deploy(request: Request, caller: Caller) -> Response:
        """Build and start a version (from a repository: fetched first); serve it unless `activate` is false."""
        view = await guard.editable(caller, guid_in(request))
        given = Fields(await read_object(request))
        number, activate = _bundle_id(given.data.get("bundle_id")), given.flag("activate", True)
        source = await fetching.settings(view) if number is None else None
        if source is None:
            task_id = await deployer.begin(caller, view, number, activate=activate)
        else:
            fetching.check_available()
            fetch = fetching.making(caller, view, location_of(source))
            task_id = await deployer.begin_from(caller, view, fetch, activate=activate)
        return json_reply({"task_id": task_id}, 202)

    @routes.post("/v1/content/{guid}/build", role="publisher", says=SAYS)
    async def build(request: Request, caller: Caller) -> Response:
        """Build a version's environment; nothing is started, and what is served stays."""
        view = await guard.editable(caller, guid_in(request))
        given = Fields(await read_object(request))
        given.flag("activate", True)
        task_id = await deployer.build(caller, view, _bundle_id(given.data.get("bundle_id")))
        return json_reply({"task_id": task_id}, 202)

    return routes


def _bundle_id(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not str(value).isascii() or not str(value).isdigit() or len(str(value)) > 15:
        raise invalid("bundle_id must be the id of a bundle, or null.")
    if int(value) > LARGEST_ID:
        raise not_found("bundle")
    return int(value)
