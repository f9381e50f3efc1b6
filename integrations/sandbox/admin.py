"""Owns the admin API: tests change clients while the provider runs, and count what reached it."""

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.behaviour import Behaviour
from integrations.sandbox.settings import ClientSettings, SettingsError, changed, client_from, person_changed
from integrations.sandbox.state import State
from integrations.sandbox.sts import SecurityTokens, Trust
from integrations.sandbox.vendors.snowflake import Snowflake
from integrations.sandbox.warehouse import Warehouse, from_statement, from_values

Handler = Callable[[Request], Awaitable[Response]]


class AdminApi:
    """Handlers under `/admin`; each asks for `Authorization: Bearer <admin token>`."""

    def __init__(
        self, state: State, vendors: dict[str, Behaviour], warehouse: Warehouse, security: SecurityTokens
    ) -> None:
        """Change and read `state`, that of each vendor, the warehouse's integrations and the STS's trust."""
        self._state = state
        self._vendors = vendors
        self._warehouse = warehouse
        self._security = security

    def routes(self) -> list[Route]:
        """Return where each handler lives; none at all without an admin token."""
        if not self._state.admin_token:
            return []
        found = [
            ("GET", "/admin/clients", self.list_clients),
            ("PUT", "/admin/clients/{client_id}", self.put_client),
            ("PUT", "/admin/users/{sub}", self.put_user),
            ("PUT", "/admin/discovery", self.put_discovery),
            ("PUT", "/admin/delegated", self.delegate),
            ("GET", "/admin/delegated", self.delegated),
            ("DELETE", "/admin/delegated", self.undelegate),
            ("PUT", "/admin/warehouse/{name}", self.put_warehouse),
            ("PUT", "/admin/warehouse/{name}/any-role", self.grant_any_role),
            ("PUT", "/admin/sts", self.put_trust),
            ("GET", "/admin/log", self.log),
            ("GET", "/admin/audit", self.audit),
            ("POST", "/admin/log/clear", self.clear_log),
            ("POST", "/admin/revoke", self.revoke),
        ]
        return [Route(path, self._guarded(handler), methods=[method]) for method, path, handler in found]

    def _guarded(self, handler: Handler) -> Handler:
        """Let in who has the admin token, and turn a setting that cannot be into a 400."""

        async def guarded(request: Request) -> Response:
            if refused := self._refused(request):
                return refused
            try:
                return await handler(request)
            except SettingsError as error:
                return JSONResponse({"error": str(error)}, 400)

        return guarded

    async def list_clients(self, request: Request) -> Response:
        """Return the settings of the plain clients, or of a vendor's, without secrets."""
        key = request.query_params.get("vendor", "")
        return JSONResponse([_shown(client) for client in self._realm(key).clients.all()])

    async def put_client(self, request: Request) -> Response:
        """Change the named settings of a client, or register one; 400 names a setting that cannot be."""
        client_id = request.path_params["client_id"]
        changes = await _json_object(request)
        if changes.setdefault("client_id", client_id) != client_id:
            raise SettingsError("client_id cannot be changed.")
        realms = (self._state, *(vendor.state for vendor in self._vendors.values()))
        for realm in realms:
            if known := realm.clients.get(client_id):
                if changes.get("vendor", known.settings.vendor) != known.settings.vendor:
                    raise SettingsError("vendor cannot be changed.")
                settings = changed(known.settings, changes)
                realm.clients.put(settings)
                return JSONResponse(_shown(settings), 200)
        settings = client_from(changes)
        self._realm(settings.vendor).clients.put(settings)
        return JSONResponse(_shown(settings), 201)

    async def put_user(self, request: Request) -> Response:
        """Change a person's roles and the like."""
        user = self._state.users.get(request.path_params["sub"])
        if user is None:
            raise SettingsError("There is no such person.")
        self._state.users.put(person_changed(user, await _json_object(request)))
        return Response(status_code=204)

    async def put_discovery(self, request: Request) -> Response:
        """Put members over those of a vendor's discovery document; `{"vendor": ..., "members": {...}}`."""
        wanted = await _json_object(request)
        members = wanted.get("members")
        if not isinstance(members, dict):
            raise SettingsError('Send {"vendor": ..., "members": {...}}.')
        realm = self._realm(str(wanted.get("vendor", "")))
        realm.discovery.clear()
        realm.discovery.update(members)
        return Response(status_code=204)

    async def delegate(self, request: Request) -> Response:
        """ADD DELEGATED AUTHORIZATION: `{"sub": ..., "role": ..., "client_id": ...}`."""
        sub, client_id, role = _delegation(await _json_object(request))
        if role is None:
            raise SettingsError("A delegated authorization is of one role.")
        self._snowflake().add(sub, role, client_id)
        return Response(status_code=204)

    async def delegated(self, request: Request) -> Response:
        """SHOW DELEGATED AUTHORIZATIONS, `?sub=` BY USER, `?client_id=` TO SECURITY INTEGRATION."""
        query = request.query_params
        return JSONResponse(self._snowflake().shown(query.get("sub"), query.get("client_id")))

    async def undelegate(self, request: Request) -> Response:
        """REMOVE DELEGATED AUTHORIZATION(S), of one role or of all; their tokens end."""
        sub, client_id, role = _delegation(await _json_object(request))
        return JSONResponse({"removed": self._snowflake().remove(sub, client_id, role)})

    async def put_warehouse(self, request: Request) -> Response:
        """Define an external OAuth integration: a JSON object of its properties, or the SQL statement."""
        if request.headers.get("content-type", "").startswith("application/json"):
            made = from_values(request.path_params["name"], await _json_object(request))
        else:
            made = from_statement((await request.body()).decode("utf-8", "replace"))
        self._warehouse.define(made)
        return JSONResponse(asdict(made))

    async def grant_any_role(self, request: Request) -> Response:
        """GRANT USE_ANY_ROLE: `{"roles": [...]}`."""
        roles = (await _json_object(request)).get("roles")
        if not isinstance(roles, list):
            raise SettingsError('Send {"roles": [...]}.')
        self._warehouse.grant_any_role(request.path_params["name"], tuple(map(str, roles)))
        return Response(status_code=204)

    async def put_trust(self, request: Request) -> Response:
        """Say whose web identities the STS takes: `audiences`, `providers`, `subjects`."""
        wanted = await _json_object(request)
        if wanted.keys() - {"audiences", "providers", "subjects"}:
            raise SettingsError("Send audiences, providers and subjects.")
        trust = Trust(**wanted)
        self._security.trust = trust
        return Response(status_code=204)

    async def log(self, request: Request) -> Response:
        """Return the requests to the token endpoint, and apart from them those to the revocation endpoint."""
        ledger = self._state.ledger
        return JSONResponse({"requests": ledger.listed("token"), "revocations": ledger.listed("revocation")})

    async def audit(self, request: Request) -> Response:
        """Return how many refreshes there were, refresh tokens sent again, and consents ended for that."""
        return JSONResponse(self._state.ledger.audit())

    async def clear_log(self, request: Request) -> Response:
        """Forget every entry."""
        self._state.ledger.clear()
        return Response(status_code=204)

    async def revoke(self, request: Request) -> Response:
        """Take back all tokens of `sub` and/or `client_id`, as people do in a vendor's own settings."""
        wanted = await _json_object(request)
        if not wanted or wanted.keys() - {"sub", "client_id"}:
            raise SettingsError('Send {"sub": ...}, {"client_id": ...} or both.')
        count = self._state.store.revoke_where(wanted.get("client_id"), wanted.get("sub"))
        return JSONResponse({"revoked": count})

    def _realm(self, key: str) -> State:
        """The memory of a vendor, or the plain one; raise SettingsError for a vendor nobody knows."""
        if not key:
            return self._state
        if key not in self._vendors:
            raise SettingsError(f"vendor {key} is not known; use one of {', '.join(self._vendors)}.")
        return self._vendors[key].state

    def _snowflake(self) -> Snowflake:
        found = self._vendors["snowflake"]
        assert isinstance(found, Snowflake)
        return found

    def _refused(self, request: Request) -> Response | None:
        """Return a 401 unless the admin token came along."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and secrets.compare_digest(value.encode(), self._state.admin_token.encode()):
            return None
        return JSONResponse(
            {"error": "Send Authorization: Bearer and the admin token the provider was started with."},
            401,
            {"WWW-Authenticate": 'Bearer realm="sandbox admin"'},
        )


async def _json_object(request: Request) -> dict[str, Any]:
    """Return the body as a JSON object; raise SettingsError when it is none."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise SettingsError("Send a JSON object.") from error
    if not isinstance(body, dict):
        raise SettingsError("Send a JSON object.")
    return body


def _delegation(wanted: dict[str, Any]) -> tuple[str, str, str | None]:
    """Return who, at which client, in which role (None: all); raise SettingsError."""
    sub, client_id, role = wanted.get("sub"), wanted.get("client_id"), wanted.get("role")
    if not (isinstance(sub, str) and isinstance(client_id, str) and isinstance(role, str | None)):
        raise SettingsError('Send {"sub": ..., "client_id": ..., "role": ...}.')
    return sub, client_id, role


def _shown(client: ClientSettings) -> dict[str, Any]:
    """Return a client's settings with the secret left out."""
    shown = asdict(client)
    shown["secret"] = "set" if client.secret else None
    shown["second_secret"] = "set" if client.second_secret else None
    return shown
