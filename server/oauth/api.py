"""The JSON routes of integrations, templates and associations (connect-api.md 3.1 and 3.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from server.access.guard import Guard
from server.oauth import permissions, wire
from server.oauth.associations import INVALID_LIST, Associations
from server.oauth.integrations import Draft, Integrations
from server.web.body import Fields, read_json, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import ApiError, invalid, not_found
from server.web.routes import Route, Routes, empty_reply, guid_in, json_reply, moment

INVALID_GUID = 207
MOST = 100
FITTING = (
    "The template must be one there is (227) and stay (229), the config fit it (201 to 206, 228, 243, 244), and "
    "permissions name somebody (261, 262); secret_expires_at must be a time (25)."
)
SWITCHES = ("own_callback", "one_account")
KNOWN = frozenset({"template", "name", "description", "config", "permissions", "secret_expires_at", *SWITCHES})


class TemplateKey(TypedDict):
    """Which template."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]


def routes(integrations: Integrations, associations: Associations, guard: Guard) -> list[Route]:
    """The routes of this service."""
    return [
        *_templates(integrations),
        *_integrations(integrations),
        *_rotation(integrations),
        *_associations(associations, guard),
    ]


def integration_guid(request: Request) -> str:
    """The GUID in the path. Raises ApiError 400, code 207."""
    try:
        return guid_in(request)
    except ApiError:
        raise ApiError(400, INVALID_GUID, "The OAuth integration GUID is not a GUID.") from None


def _draft(body: dict[str, Any]) -> Draft:
    fields = Fields(body)
    config = body.get("config")
    if config is not None and not isinstance(config, dict):
        raise invalid("config must be an object.")
    return Draft(
        template=fields.text("template") or None,
        name=None if body.get("name") is None else fields.text("name"),
        description=None if body.get("description") is None else fields.text("description", limit=65536),
        config=config,
        permissions=body.get("permissions"),
        secret_expires_at=_end(fields),
        switches={name: flag for name in SWITCHES if (flag := _switch(body, name)) is not None},
        sent=frozenset(body) & KNOWN,
    )


def _switch(body: dict[str, Any], name: str) -> bool | None:
    """One of the switches; None where it is not sent, or null. Raises ApiError 400."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{name} must be true or false.")
    return value


def _end(fields: Fields) -> datetime | None:
    if fields.data.get("secret_expires_at") is None:
        return None
    return moment(fields.text("secret_expires_at", limit=64), "secret_expires_at")


def _templates(integrations: Integrations) -> list[Route]:
    found = Routes()

    @found.get("/v1/oauth/templates", role="publisher", says=Says(reply=list[wire.TemplateObject]))
    async def templates(_request: Request, _caller: Caller) -> Response:
        """What integrations can be made from."""
        return json_reply([wire.template_object(template) for template in integrations.catalog.all()])

    @found.get(
        "/v1/oauth/templates/{key}",
        role="publisher",
        says=Says(reply=wire.TemplateObject, path=TemplateKey, fails=(404,)),
    )
    async def template(request: Request, _caller: Caller) -> Response:
        """One template."""
        wanted = integrations.catalog.get(request.path_params["key"])
        if wanted is None:
            raise not_found("OAuth template")
        return json_reply(wire.template_object(wanted))

    return found.routes


def _integrations(service: Integrations) -> list[Route]:
    found = Routes()

    async def shown(caller: Caller, guid: str) -> Response:
        row = await service.get(guid)
        if not permissions.may_use(caller, row):
            raise not_found("OAuth integration")
        counts = await service.counts() if caller.has("administrator") else None
        count = None if counts is None else counts.get(row.id or 0, 0)
        return json_reply(wire.integration(row, service, count=count))

    @found.get("/v1/oauth/integrations", role="publisher", says=Says(reply=list[wire.IntegrationObject]))
    async def listing(_request: Request, caller: Caller) -> Response:
        """The integrations the caller may use, oldest first."""
        rows = await service.usable_by(caller)
        counts = await service.counts() if caller.has("administrator") else None
        return json_reply(
            [
                wire.integration(row, service, count=None if counts is None else counts.get(row.id or 0, 0))
                for row in rows
            ]
        )

    made = Says(reply=wire.IntegrationObject, body=wire.NewIntegration, refuses=FITTING)

    @found.post("/v1/oauth/integrations", role="administrator", says=made)
    async def create(request: Request, caller: Caller) -> Response:
        """A new integration."""
        row = await service.create(caller, _draft(await read_object(request)))
        return json_reply(wire.integration(row, service, count=0))

    @found.get("/v1/oauth/integrations/{guid}", role="publisher", says=Says(reply=wire.IntegrationObject))
    async def read(request: Request, caller: Caller) -> Response:
        """One integration."""
        return await shown(caller, integration_guid(request))

    changed = Says(reply=wire.IntegrationObject, body=wire.IntegrationChange, optional_body=True, refuses=FITTING)

    @found.patch("/v1/oauth/integrations/{guid}", role="administrator", says=changed)
    async def change(request: Request, caller: Caller) -> Response:
        """Change what is sent; connections end where another provider or client is meant."""
        guid = integration_guid(request)
        await service.change(caller, guid, _draft(await read_object(request)))
        return await shown(caller, guid)

    @found.delete("/v1/oauth/integrations/{guid}", role="administrator", says=Says(status=204))
    async def remove(request: Request, caller: Caller) -> Response:
        """Delete an integration with its associations and connections."""
        await service.delete(caller, integration_guid(request))
        return empty_reply()

    associated = Says(reply=list[wire.AssociationObject])

    @found.get("/v1/oauth/integrations/{guid}/associations", role="administrator", says=associated)
    async def used_by(request: Request, _caller: Caller) -> Response:
        """The content that uses an integration."""
        row, usages = await service.usages(integration_guid(request))
        return json_reply([wire.usage(row, used) for used in usages])

    return found.routes


def _rotation(service: Integrations) -> list[Route]:
    found = Routes()
    rotated = Says(reply=wire.IntegrationObject, refuses="A second client secret must be stored (205).")

    @found.post("/v1/oauth/integrations/{guid}/rotate", role="administrator", says=rotated)
    async def rotate(request: Request, caller: Caller) -> Response:
        """Make the second client secret the only one; connections stay."""
        guid = integration_guid(request)
        row = await service.use_second_alone(caller, guid)
        return json_reply(wire.integration(row, service, count=(await service.counts()).get(row.id or 0, 0)))

    return found.routes


def _wanted(body: Any) -> tuple[list[str], dict[str, str]]:
    """The integrations a list names, and the roles it pins. Raises ApiError 400, code 208."""
    shape = 'Send a list such as [{"oauth_integration_guid": "...", "role": "ANALYST"}]; an empty list removes all.'
    if not isinstance(body, list) or len(body) > MOST or not all(isinstance(item, dict) for item in body):
        raise ApiError(400, INVALID_LIST, shape)
    guids = [item.get("oauth_integration_guid") for item in body]
    roles = ["" if item["role"] is None else item["role"] for item in body if "role" in item]
    if not all(isinstance(text, str) for text in (*guids, *roles)):
        raise ApiError(400, INVALID_LIST, shape)
    pins = {guid: item["role"] or "" for guid, item in zip(guids, body, strict=True) if "role" in item}
    return [str(guid) for guid in guids], pins


def _associations(associations: Associations, guard: Guard) -> list[Route]:
    found = Routes()
    path = "/v1/content/{guid}/oauth/integrations/associations"

    @found.get(path, content_key=True, says=Says(reply=list[wire.AssociationObject]))
    async def read(request: Request, caller: Caller) -> Response:
        """The integrations that content may use."""
        view = await guard.editable(caller, guid_in(request))
        rows = await associations.for_content(view.guid)
        return json_reply([wire.association(row, view.guid) for row in rows])

    wanted = Annotated[list[wire.AssociationInput], Field(max_length=MOST)]

    each = (
        "Each integration must be there and take the role, if one is given (208), be listed once (258) and suit the "
        "content (209, 237)."
    )
    replaced = Says(reply=list[wire.AssociationObject], body=wanted, refuses=each)

    @found.put(path, role="publisher", says=replaced)
    async def replace(request: Request, caller: Caller) -> Response:
        """Make the content's integrations exactly these."""
        view = await guard.editable(caller, guid_in(request))
        guids, pins = _wanted(await read_json(request))
        rows = await associations.replace(caller, view, guids, pins)
        return json_reply([wire.association(row, view.guid) for row in rows])

    return found.routes
