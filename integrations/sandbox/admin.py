"""Owns the admin API: tests change clients while the provider runs, and count what reached it."""

import json
import secrets
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.settings import ClientSettings, SettingsError, changed, client_from
from integrations.sandbox.state import State


class AdminApi:
    """Handlers under `/admin`; each asks for `Authorization: Bearer <admin token>`."""

    def __init__(self, state: State) -> None:
        """Change and read `state`."""
        self._state = state

    def routes(self) -> list[Route]:
        """Return where each handler lives; none at all without an admin token."""
        if not self._state.admin_token:
            return []
        return [
            Route("/admin/clients", self.list_clients, methods=["GET"]),
            Route("/admin/clients/{client_id}", self.put_client, methods=["PUT"]),
            Route("/admin/log", self.log, methods=["GET"]),
            Route("/admin/log/clear", self.clear_log, methods=["POST"]),
            Route("/admin/revoke", self.revoke, methods=["POST"]),
        ]

    async def list_clients(self, request: Request) -> Response:
        """Return every client's settings, without secrets."""
        return self._refused(request) or JSONResponse([_shown(client) for client in self._state.clients.all()])

    async def put_client(self, request: Request) -> Response:
        """Change the named settings of a client, or register one; 400 names a setting that cannot be."""
        if refused := self._refused(request):
            return refused
        client_id = request.path_params["client_id"]
        try:
            changes = await _json_object(request)
            if changes.setdefault("client_id", client_id) != client_id:
                raise SettingsError("client_id cannot be changed.")
            known = self._state.clients.get(client_id)
            settings = changed(known.settings, changes) if known else client_from(changes)
        except SettingsError as error:
            return JSONResponse({"error": str(error)}, 400)
        self._state.clients.put(settings)
        return JSONResponse(_shown(settings), 200 if known else 201)

    async def log(self, request: Request) -> Response:
        """Return the requests to the token endpoint, and apart from them those to the revocation endpoint."""
        if refused := self._refused(request):
            return refused
        ledger = self._state.ledger
        return JSONResponse({"requests": ledger.listed("token"), "revocations": ledger.listed("revocation")})

    async def clear_log(self, request: Request) -> Response:
        """Forget every entry."""
        if refused := self._refused(request):
            return refused
        self._state.ledger.clear()
        return Response(status_code=204)

    async def revoke(self, request: Request) -> Response:
        """Take back all tokens of `sub` and/or `client_id`, as people do in a vendor's own settings."""
        if refused := self._refused(request):
            return refused
        try:
            wanted = await _json_object(request)
            if not wanted or wanted.keys() - {"sub", "client_id"}:
                raise SettingsError('Send {"sub": ...}, {"client_id": ...} or both.')
        except SettingsError as error:
            return JSONResponse({"error": str(error)}, 400)
        count = self._state.store.revoke_where(wanted.get("client_id"), wanted.get("sub"))
        return JSONResponse({"revoked": count})

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


def _shown(client: ClientSettings) -> dict[str, Any]:
    """Return a client's settings with the secret left out."""
    shown = asdict(client)
    shown["secret"] = "set" if client.secret else None
    return shown
