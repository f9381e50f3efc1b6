"""The JSON routes of external OAuth: issuer, signing keys, role mapping, and the token inspector."""

from __future__ import annotations

from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from server.db.models import Integration
from server.minting import wire
from server.minting.inspecting import Inspector
from server.minting.issuers import signs
from server.minting.keys import SigningKeys
from server.minting.mapping import Mapping
from server.minting.policy import ROLE, Entry
from server.minting.setup import Setup
from server.minting.terms import terms_of
from server.oauth.api import integration_guid
from server.oauth.integrations import Integrations
from server.web.body import read_json
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import invalid
from server.web.routes import Route, Routes, empty_reply, json_reply

ONLY_SIGNING = "The integration must be one that this server signs tokens for."
SHAPE = 'Send a list such as [{"group_guid": "...", "roles": ["ANALYST"]}, {"roles": ["PUBLIC"]}].'
FITS = (
    "The integration must be an External OAuth one; each entry must name a person (261) or a group (262) that there "
    "is, or be the default, each once; only a person's may leave out its roles or name a login; and each role must be "
    "one that its tokens can carry."
)


class MintingApi:
    """/v1/oauth/integrations/{guid}/issuer, /signing-keys, /role-mapping and /inspect."""

    def __init__(
        self, integrations: Integrations, keys: SigningKeys, mapping: Mapping, setup: Setup, inspector: Inspector
    ) -> None:
        self._integrations, self._keys = integrations, keys
        self._mapping, self._setup, self._inspector = mapping, setup, inspector

    async def _row(self, request: Request) -> Integration:
        row = await self._integrations.get(integration_guid(request))
        if not signs(row):
            raise invalid("This server signs no tokens for this integration.")
        return row

    async def issuer(self, request: Request, _caller: Caller) -> Response:
        """What a warehouse has to know to trust this integration's tokens, and the statement that tells it."""
        return json_reply(await self._setup.issuer(await self._row(request)))

    async def publish(self, request: Request, caller: Caller) -> Response:
        """Publish a new signing key; nothing is signed with it until it is used."""
        row = await self._row(request)
        made = await self._keys.publish(caller, row, bits=terms_of(row.config, "").key_bits)
        return json_reply(wire.key_object(made))

    async def use(self, request: Request, caller: Caller) -> Response:
        """Sign with a published key from now on."""
        row = await self._row(request)
        return json_reply(wire.key_object(await self._keys.use(caller, row, request.path_params["kid"])))

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Take back a key that is not in use, and with it every token that it signed."""
        await self._keys.remove(caller, await self._row(request), request.path_params["kid"])
        return empty_reply()

    async def mapping(self, request: Request, _caller: Caller) -> Response:
        """Which roles whom an integration's tokens may carry."""
        lines = await self._mapping.read(integration_guid(request))
        return json_reply([wire.role_entry(line) for line in lines])

    async def replace(self, request: Request, caller: Caller) -> Response:
        """Make the role mapping exactly this; it counts from the next exchange."""
        guid = integration_guid(request)
        await self._mapping.replace(caller, guid, _entries(await read_json(request)))
        return json_reply([wire.role_entry(line) for line in await self._mapping.read(guid)])

    async def inspect(self, request: Request, caller: Caller) -> Response:
        """What the last token says, and what a warehouse would refuse about it; never the token itself."""
        return json_reply(await self._inspector.inspect(caller, integration_guid(request), _role(request)))

    def routes(self) -> list[Route]:
        """The declared routes."""
        routes, only = Routes(), "administrator"
        here = "/v1/oauth/integrations/{guid}"
        issuer = Says(reply=wire.IssuerObject, refuses=ONLY_SIGNING)
        routes.get(f"{here}/issuer", role=only, says=issuer)(self.issuer)
        published = Says(reply=wire.KeyObject, refuses=ONLY_SIGNING, fails=(409,))
        routes.post(f"{here}/signing-keys", role=only, says=published)(self.publish)
        used = Says(reply=wire.KeyObject, path=wire.KeyPath, refuses=ONLY_SIGNING, fails=(404, 409))
        routes.post(f"{here}/signing-keys/{{kid}}/use", role=only, says=used)(self.use)
        removed = Says(status=204, path=wire.KeyPath, refuses=ONLY_SIGNING, fails=(404, 409))
        routes.delete(f"{here}/signing-keys/{{kid}}", role=only, says=removed)(self.remove)
        shown = Says(reply=list[wire.RoleEntry], refuses="The integration must be an External OAuth one.")
        routes.get(f"{here}/role-mapping", role=only, says=shown)(self.mapping)
        replaced = Says(reply=list[wire.RoleEntry], body=wire.RoleMappingInput, refuses=FITS)
        routes.put(f"{here}/role-mapping", role=only, says=replaced)(self.replace)
        inspected = Says(
            reply=wire.InspectionObject,
            query=wire.InspectionQuery,
            refuses="The integration must give tokens (not API keys), and be able to give one now (241).",
            fails=(403, 404),
        )
        routes.get(f"{here}/inspect", says=inspected)(self.inspect)
        return routes.routes


def _role(request: Request) -> str:
    role = request.query_params.get("role", "")
    if role and not ROLE.fullmatch(role):
        raise invalid("role must be the name of a role, without spaces, double quotes and backslashes.")
    return role


_MAPPING: TypeAdapter[Any] = TypeAdapter(wire.RoleMappingInput)


def _entries(body: Any) -> list[Entry]:
    try:
        given = cast(list[wire.RoleEntryInput], _MAPPING.validate_python(body, strict=True))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise invalid(f"{SHAPE} {where}: {first['msg']}." if where else SHAPE) from None
    entries = [wire.entry_of(entry) for entry in given]
    if not all(entries):
        raise invalid("Each entry names a person, or a group, or is the default; none names both.")
    return [entry for entry in entries if entry is not None]
