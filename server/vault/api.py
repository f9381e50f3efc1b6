"""The JSON routes of OAuth sessions, and the test of a service account (connect-api.md 3.1 verify, 3.4)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from server.audit.trail import Trail
from server.audit.wire import AuditQuery
from server.audit.words import Line
from server.db.clock import wire
from server.oauth.api import integration_guid
from server.oauth.integrations import Integrations
from server.vault.connections import NO_SESSION, ConnectionView
from server.vault.errors import IntegrationBroken, NeedsConsent, NotConnected, TryLater, said
from server.vault.vault import Vault
from server.web.caller import Caller
from server.web.cursors import PagingObject, keyset_of, page
from server.web.described import Says
from server.web.errors import ApiError, denied, invalid
from server.web.routes import Route, Routes, empty_reply, guid_in, json_reply

NOT_A_SERVICE_ACCOUNT = 240
NO_TOKEN = 241
REFRESH_FAILED = 219


class SessionObject(TypedDict):
    """A viewer's connection at an integration; it never holds a token.

    `role` is the vendor's, empty for her default one. `status` is `connected` or `reauth_required`, and `reason` then
    says why. `scopes` are those that were granted. `expires` is when the access token ends, null when it does not.
    """

    id: str
    guid: str
    user_guid: str
    oauth_integration_guid: str
    has_refresh_token: bool
    created_time: str
    updated_time: str
    role: str
    status: str
    reason: str
    account: str | None
    scopes: list[str]
    expires: str | None
    refreshed_time: str | None


class UseObject(TypedDict):
    """One thing that was done with a connection, in words; `content_guid` is the app's that did it."""

    id: str
    time: str
    action: str
    words: str
    content_guid: str | None
    address: str | None


class UsesPage(TypedDict):
    """A page of what was done with a connection."""

    paging: PagingObject
    results: list[UseObject]


class SessionQuery(TypedDict, total=False):
    """Everybody's, for administrators; else one's own."""

    all: bool


class Verified(TypedDict):
    """The test passed; there is nothing more to say."""


def session_object(view: ConnectionView) -> SessionObject:
    """A connection on the wire: an `oauth session`, never with a token."""
    return {
        "id": str(view.id),
        "guid": view.guid,
        "user_guid": view.user_guid,
        "oauth_integration_guid": view.integration_guid,
        "has_refresh_token": view.has_refresh_token,
        "created_time": wire(view.created_time) or "",
        "updated_time": wire(view.updated_time) or "",
        "role": view.role,
        "status": view.status,
        "reason": said(view.reason),
        "account": view.account,
        "scopes": list(view.scopes),
        "expires": wire(view.access_expires_at),
        "refreshed_time": wire(view.refreshed_time),
    }


def use_object(line: Line) -> UseObject:
    """One row of the ledger about a connection."""
    event = line.event
    return {
        "id": str(event.id),
        "time": wire(line.time) or "",
        "action": event.action,
        "words": line.text,
        "content_guid": event.content,
        "address": event.address,
    }


def _session_guid(request: Request) -> str:
    try:
        return guid_in(request)
    except ApiError:
        raise ApiError(404, NO_SESSION, "The requested OAuth session does not exist.") from None


def _flag(request: Request, name: str) -> bool:
    said = request.query_params.get(name, "").lower()
    if said not in ("", "true", "false"):
        raise invalid(f"{name} must be true or false.")
    return said == "true"


def routes(vault: Vault, integrations: Integrations, trail: Trail, origin: str) -> list[Route]:
    """The routes of this service."""
    return [*_sessions(vault), *_upkeep(vault, origin), *_verify(vault, integrations, trail)]


def _sessions(vault: Vault) -> list[Route]:
    found = Routes()

    @found.get("/v1/oauth/sessions", says=Says(reply=list[SessionObject], query=SessionQuery))
    async def listing(request: Request, caller: Caller) -> Response:
        """The caller's own connections; with `all`, for administrators, everybody's."""
        everybody = _flag(request, "all")
        if everybody and not caller.has("administrator"):
            raise denied("Only administrators may list everybody's OAuth sessions; leave all=true out.")
        views = await (vault.connections.all() if everybody else vault.connections.of_user(caller.user_id))
        return json_reply([session_object(view) for view in views])

    @found.get("/v1/oauth/sessions/{guid}", says=Says(reply=SessionObject))
    async def read(request: Request, caller: Caller) -> Response:
        """One connection: one's own, or any for administrators."""
        return json_reply(session_object(await vault.connections.get(caller, _session_guid(request))))

    @found.delete("/v1/oauth/sessions/{guid}", says=Says(status=204))
    async def remove(request: Request, caller: Caller) -> Response:
        """End a connection; the provider is told."""
        await vault.connections.disconnect(caller, _session_guid(request))
        return empty_reply()

    return found.routes


def _upkeep(vault: Vault, origin: str) -> list[Route]:
    found = Routes()
    renewed = Says(
        reply=SessionObject,
        refuses="Where the viewer has to connect again, nothing can be renewed (219).",
        fails=(404, 502, 503),
    )

    @found.post("/v1/oauth/sessions/{guid}/refresh", says=renewed)
    async def refresh(request: Request, caller: Caller) -> Response:
        """Renew a connection now; one that is a few seconds old stays as it is."""
        try:
            view = await vault.upkeep.refresh(caller, _session_guid(request))
        except NotConnected:
            raise ApiError(404, NO_SESSION, "The requested OAuth session does not exist.") from None
        except NeedsConsent as error:
            raise ApiError(400, REFRESH_FAILED, f"{said(error.reason)} Connect again.") from None
        except IntegrationBroken as error:
            raise ApiError(502, NO_TOKEN, error.reason) from None
        except TryLater as error:
            raise ApiError(503, NO_TOKEN, error.reason, retry=error.retry_after) from None
        return json_reply(session_object(view))

    told = Says(reply=UsesPage, query=AuditQuery)

    @found.get("/v1/oauth/sessions/{guid}/uses", says=told)
    async def uses(request: Request, caller: Caller) -> Response:
        """What was done with a connection: the ledger's rows about it, oldest first unless `ascOrder` is false."""
        keyset = keyset_of(request, int, order=("ascOrder", "asc_order"))
        rows = await vault.upkeep.uses(caller, _session_guid(request), keyset)
        paging, shown = page(request, origin, keyset, rows, lambda line: (line.time, line.event.id or 0))
        return json_reply({"paging": paging, "results": [use_object(line) for line in shown]})

    return found.routes


def _verify(vault: Vault, integrations: Integrations, trail: Trail) -> list[Route]:
    found = Routes()
    ours = "It must be a service account's (240), and the provider must give a token (241)."
    verified = Says(reply=Verified, refuses=ours)

    @found.post("/v1/oauth/integrations/{guid}/verify", role="administrator", says=verified)
    async def verify(request: Request, caller: Caller) -> Response:
        """Sign in as a service account, and answer only how it went."""
        row = await integrations.get(integration_guid(request))
        if row.auth_type != "Service Account":
            raise ApiError(400, NOT_A_SERVICE_ACCOUNT, "Only Service Account integrations can be tested.")
        assert row.id is not None
        try:
            await vault.service.service_token(row.id, anew=True)
        except (IntegrationBroken, TryLater) as error:
            await trail.append(caller, "verify_oauth_integration", integration=row.guid, result="failed")
            raise ApiError(400, NO_TOKEN, error.reason) from None
        except NotConnected:
            raise ApiError(400, NOT_A_SERVICE_ACCOUNT, "Only Service Account integrations can be tested.") from None
        await trail.append(caller, "verify_oauth_integration", integration=row.guid, result="ok")
        return json_reply({})

    return found.routes
