"""Server settings as clients read them: the version that switches their behaviour, and the Pythons on offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from runners.environments.interpreters import Interpreter
from server.web.caller import Caller
from server.web.routes import Routes, json_reply

# The newest Connect whose behaviour this server has (connect-api.md 1.3).
VERSION = "2026.01.0"


def _settings(origin: str) -> dict[str, Any]:
    return {
        "version": VERSION,
        "hostname": urlsplit(origin).hostname,
        "build": "tabard",
        "about": "Tabard",
        "authentication": {
            "handles_credentials": True,
            "handles_login": True,
            "challenge_response_enabled": False,
            "external_user_data": False,
            "external_user_search": False,
            "groups_enabled": True,
            "name": "Tabard",
            "warning_delay": 0,
        },
        "license": {"status": "activated", "tier": "enhanced", "allow-apis": True, "oauth-integrations": True},
        "runtimes": ["Python"],
        "oauth_integrations_enabled": True,
        "git_enabled": False,
        "git_available": False,
        "viewers_can_only_see_themselves": False,
        "default_content_list_view": "compact",
        "maximum_app_image_size": 10_000_000,
    }


def discovery_routes(origin: str, interpreters: Sequence[Interpreter]) -> Routes:
    """GET /server_settings (open) and the installations (publishers)."""
    routes = Routes()
    installations = [
        {"version": found.version, "cluster_name": "Local", "image_name": "Local", "publishable": True}
        for found in interpreters
    ]

    @routes.get("/server_settings", role=None)
    async def settings(_request: Request, _caller: Caller) -> Response:
        return json_reply(_settings(origin))

    @routes.get("/v1/server_settings", role=None)
    async def settings_v1(_request: Request, _caller: Caller) -> Response:
        return json_reply(_settings(origin))

    @routes.get("/server_settings/applications")
    async def applications(_request: Request, _caller: Caller) -> Response:
        access_types = ["acl", "logged_in", "all"]
        return json_reply(
            {"access_types": access_types, "run_as": "", "run_as_group": "", "run_as_current_user": False}
        )

    @routes.get("/v1/server_settings/python", role="publisher")
    async def python(_request: Request, _caller: Caller) -> Response:
        return json_reply({"installations": installations, "api_enabled": True})

    for name in ("r", "quarto", "tensorflow"):

        @routes.get(f"/v1/server_settings/{name}", role="publisher")
        async def none(_request: Request, _caller: Caller) -> Response:
            return json_reply({"installations": []})

    return routes
