"""Owns how the provider is put together: create_app(settings) knows every room."""

import time
from collections.abc import Callable

from starlette.applications import Starlette

from integrations.sandbox.admin import AdminApi
from integrations.sandbox.api import DataApi
from integrations.sandbox.oauth import OAuthEndpoints
from integrations.sandbox.screens import Screens
from integrations.sandbox.server import SandboxServer
from integrations.sandbox.settings import SandboxSettings, SettingsError
from integrations.sandbox.state import new_state


def create_app(settings: SandboxSettings, *, clock: Callable[[], float] = time.time) -> Starlette:
    """Return the provider as an ASGI application.

    `clock` gives Unix seconds; tests pass their own to let tokens run out. Raises SettingsError for an
    issuer that is not an address.
    """
    if not settings.issuer.startswith(("http://", "https://")):
        raise SettingsError("issuer must be the provider's address, like http://localhost:3940.")
    state = new_state(settings, clock)
    server = SandboxServer(state)
    rooms = (OAuthEndpoints(state, server), Screens(state, server), DataApi(state), AdminApi(state))
    app = Starlette(routes=[route for room in rooms for route in room.routes()])
    app.state.sandbox = state
    return app
