"""Owns how the provider is put together: create_app(settings) knows every room."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute, Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.sandbox.admin import AdminApi
from integrations.sandbox.api import DataApi
from integrations.sandbox.behaviour import Behaviour, filled
from integrations.sandbox.oauth import OAuthEndpoints
from integrations.sandbox.screens import Screens
from integrations.sandbox.server import SandboxServer
from integrations.sandbox.settings import SandboxSettings, SettingsError
from integrations.sandbox.state import Fetch, State, fetch_json, new_state
from integrations.sandbox.sts import SecurityTokens
from integrations.sandbox.vendors.all import VENDORS, registered
from integrations.sandbox.warehouse import Warehouse

WHERE = "/v/{vendor}"


@dataclass(frozen=True)
class Sandbox:
    """What tests in the same process look at: the memory, and each vendor by its key."""

    state: State
    vendors: dict[str, Behaviour]


def create_app(
    settings: SandboxSettings, *, clock: Callable[[], float] = time.time, fetch: Fetch = fetch_json
) -> Starlette:
    """Return the provider as an ASGI application.

    `clock` gives Unix seconds; tests pass their own to let tokens run out. `fetch` reads other servers' key
    sets. Raises SettingsError for an issuer that is not an address, and for a vendor nobody knows.
    """
    if not settings.issuer.startswith(("http://", "https://")):
        raise SettingsError("issuer must be the provider's address, like http://localhost:3940.")
    _check_vendors(settings)
    state = new_state(settings, clock, fetch)
    vendors = {key: made(_vendor_state(settings, state, made)) for key, made in VENDORS.items()}
    mounts = [Mount(WHERE.format(vendor=key), app=_Rooms(each)) for key, each in vendors.items()]
    root: list[BaseRoute] = _rooms(state, Behaviour(state))
    if settings.vendor:
        # The vendor's own room comes first, so that where both have an address it is the vendor's.
        chosen = VENDORS[settings.vendor](_vendor_state(settings, state, VENDORS[settings.vendor], at_root=True))
        root = [*_rooms(chosen.state, chosen), *root]
        vendors[settings.vendor] = chosen
    warehouse, security = Warehouse(state), SecurityTokens(state)
    admin = AdminApi(state, vendors, warehouse, security)
    routes = [*mounts, *warehouse.routes(), *security.routes(), *admin.routes(), *root]
    app = Starlette(routes=routes)
    app.state.sandbox = state
    app.state.whole = Sandbox(state, vendors)
    app.add_middleware(_Dated, clock=clock)
    return app


class _Rooms:
    """A vendor's rooms, made when somebody comes for the first time: most tests visit one vendor at most."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._router: Router | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._router is None:
            self._router = Router(_rooms(self._behaviour.state, self._behaviour))
        await self._router(scope, receive, send)


def _rooms(state: State, behaviour: Behaviour) -> list[BaseRoute]:
    server = SandboxServer(state, behaviour)
    rooms = (OAuthEndpoints(state, server), Screens(state, server), DataApi(state), behaviour)
    return [route for room in rooms for route in room.routes()]


def _vendor_state(settings: SandboxSettings, state: State, vendor: type[Behaviour], *, at_root: bool = False) -> State:
    """One vendor's memory: its own clients, and those of the settings that name it."""
    base = "" if at_root else WHERE.format(vendor=vendor.key)
    root = settings.vendor_issuers.get(vendor.key, f"{state.issuer}{base}").rstrip("/")
    own = tuple(client for client in settings.clients if client.vendor == vendor.key)
    return state.of_vendor(root, root + filled(vendor.issuer_path, vendor.names), base, (*registered(vendor), *own))


def _check_vendors(settings: SandboxSettings) -> None:
    named = {settings.vendor, *settings.vendor_issuers, *(client.vendor for client in settings.clients)} - {""}
    if unknown := sorted(named - VENDORS.keys()):
        raise SettingsError(f"vendor {', '.join(unknown)} is not known; use one of {', '.join(VENDORS)}.")


class _Dated:
    """Says what time it is here in every answer that does not say so itself (RFC 9110 section 6.6.1)."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float]) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("date", formatdate(self._clock(), usegmt=True))
            await send(message)

        await self._app(scope, receive, dated)
