"""What clients ask about the server before they do anything: settings, limits, interpreters (connect-api.md 1.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from runners.environments.interpreters import Interpreter
from server.db.clock import now
from server.discovery.timezones import timezones
from server.discovery.wire import (
    ApplicationSettings,
    AppMode,
    AppModePath,
    Authentication,
    Installations,
    NodeInstallations,
    PublicSettings,
    PythonInstallations,
    SchedulerSettings,
    ServerSettings,
    Timezone,
)
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import ApiError
from server.web.routes import Routes, json_reply

# The newest Connect whose behaviour this server has (connect-api.md 1.3).
VERSION = "2026.01.0"
NAME = "Tabard"
INVALID_APP_MODE = 148
APP_MODES = frozenset(get_args(AppMode))
AUTHENTICATION: Authentication = {
    "handles_credentials": True,
    "handles_login": True,
    "challenge_response_enabled": False,
    "external_user_data": False,
    "external_user_search": False,
    "groups_enabled": True,
    "name": NAME,
    "warning_delay": 0,
}


@dataclass(frozen=True)
class Facts:
    """What this server is: its public origin, its Pythons, whether it has git, and how long apps may take (seconds)."""

    origin: str
    interpreters: Sequence[Interpreter]
    git: bool
    start_timeout: float
    idle_timeout: float


def server_settings(facts: Facts) -> ServerSettings:
    """The settings that clients read; what they claim switches behaviour on."""
    return {
        "version": VERSION,
        "hostname": urlsplit(facts.origin).hostname or "",
        "build": "tabard",
        "about": NAME,
        "authentication": AUTHENTICATION,
        "license": {
            "status": "activated",
            "tier": "enhanced",
            "days-left": 9999,
            "users": "0",
            "allow-apis": True,
            "current-user-execution": False,
            "enable-launcher": False,
            "oauth-integrations": True,
        },
        "runtimes": ["Python"],
        "git_enabled": facts.git,
        "git_available": facts.git,
        "dashboard_path": "/connect",
        "execution_type": "native",
        "enable_runtime_constraints": False,
        "enable_image_management": False,
        "enable_runtime_cache_management": True,
        "default_image_selection_enabled": False,
        "default_environment_management_selection": True,
        "default_r_environment_management": False,
        "default_py_environment_management": True,
        "oauth_integrations_enabled": True,
        "mail_configured": False,
        "system_display_name": NAME,
        "viewers_can_only_see_themselves": False,
        "default_content_list_view": "compact",
        "maximum_app_image_size": 10_000_000,
    }


def public_settings() -> PublicSettings:
    """What anybody may know."""
    return {
        "authentication": AUTHENTICATION,
        "self_registration": False,
        "system_display_name": NAME,
        "public_warning": "",
        "customized_landing": False,
        "mail_configured": False,
        "prohibited_usernames": [],
        "username_validator": "default",
    }


def scheduler_settings(facts: Facts) -> SchedulerSettings:
    """How content runs here: one process each, started when somebody comes, with no limits of its own."""
    return {
        "min_processes": 0,
        "max_processes": 1,
        "max_conns_per_process": 0,
        "load_factor": 0.5,
        "init_timeout": round(facts.start_timeout),
        "idle_timeout": round(facts.idle_timeout),
        "min_processes_limit": 0,
        "max_processes_limit": 1,
        "connection_timeout": 0,
        "read_timeout": 0,
        "cpu_request": 0.0,
        "max_cpu_request": 0.0,
        "cpu_limit": 0.0,
        "max_cpu_limit": 0.0,
        "memory_request": 0,
        "max_memory_request": 0,
        "memory_limit": 0,
        "max_memory_limit": 0,
        "amd_gpu_limit": 0,
        "max_amd_gpu_limit": 0,
        "nvidia_gpu_limit": 0,
        "max_nvidia_gpu_limit": 0,
    }


def discovery_routes(facts: Facts) -> Routes:
    """The declared routes: settings are open, limits for whoever is signed in, installations for publishers."""
    routes = Routes()
    for path in ("/server_settings", "/v1/server_settings"):
        asked_first = Says(
            summary="What clients ask first: the version whose behaviour this server has, and what is on.",
            reply=ServerSettings,
        )
        _fixed(routes, path, server_settings(facts), asked_first, role=None)
    public = Says(summary="What anybody may know about signing in.", reply=PublicSettings)
    _fixed(routes, "/v1/server_settings/public", public_settings(), public, role=None)
    applications: ApplicationSettings = {
        "access_types": ["acl", "logged_in", "all"],
        "run_as": "",
        "run_as_group": "",
        "run_as_current_user": False,
    }
    says = Says(summary="What content may be set to.", reply=ApplicationSettings)
    _fixed(routes, "/server_settings/applications", applications, says, role="viewer")
    _scheduler(routes, facts)
    _installations(routes, facts)

    @routes.get("/v1/timezones", says=Says(reply=list[Timezone]))
    async def zones(_request: Request, _caller: Caller) -> Response:
        """The time zones of this server, with their offsets now."""
        return json_reply(await asyncio.to_thread(timezones, now()))

    return routes


def _fixed(routes: Routes, path: str, value: object, says: Says, *, role: str | None) -> None:
    """A route that always answers the same."""

    @routes.get(path, role=role, says=says)
    async def same(_request: Request, _caller: Caller) -> Response:
        return json_reply(value)


def _scheduler(routes: Routes, facts: Facts) -> None:
    found = scheduler_settings(facts)
    summary = "How processes of content are run unless it says otherwise."
    _fixed(routes, "/server_settings/scheduler", found, Says(summary=summary, reply=SchedulerSettings), role="viewer")

    @routes.get(
        "/server_settings/scheduler/{app_mode}",
        says=Says(reply=SchedulerSettings, path=AppModePath, fails=(400,)),
    )
    async def of_mode(request: Request, _caller: Caller) -> Response:
        """The same for one kind of content."""
        if request.path_params["app_mode"] not in APP_MODES:
            raise ApiError(400, INVALID_APP_MODE, f"app_mode must be one of {', '.join(sorted(APP_MODES))}.")
        return json_reply(found)


def _installations(routes: Routes, facts: Facts) -> None:
    python: PythonInstallations = {
        "installations": [
            {"version": found.version, "cluster_name": "Local", "image_name": "Local", "publishable": True}
            for found in facts.interpreters
        ],
        "api_enabled": True,
    }
    says = Says(summary="The Pythons that content can run on.", reply=PythonInstallations)
    _fixed(routes, "/v1/server_settings/python", python, says, role="publisher")
    for name, title in (("r", "R"), ("quarto", "Quarto"), ("tensorflow", "TensorFlow")):
        none: Installations = {"installations": []}
        says = Says(summary=f"The versions of {title} that content can be published for: none.", reply=Installations)
        _fixed(routes, f"/v1/server_settings/{name}", none, says, role="publisher")
    node: NodeInstallations = {"installations": [], "enabled": False}
    says = Says(summary="The versions of Node.js that content can be published for: none.", reply=NodeInstallations)
    _fixed(routes, "/v1/server_settings/nodejs", node, says, role="publisher")
