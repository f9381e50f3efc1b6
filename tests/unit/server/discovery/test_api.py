"""What clients read about the server before they do anything."""

import json
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from runners.environments.interpreters import Interpreter
from server.discovery.api import VERSION, Facts, discovery_routes
from server.web.caller import ANONYMOUS
from server.web.errors import ApiError
from tests.unit.server.web.asking import asking

PYTHONS = [Interpreter("3.11.7", Path("/usr/bin/python3.11"))]
ROUTES = discovery_routes(Facts("https://apps.example.org", PYTHONS, True, 60.0, 3600.0)).routes


async def read(path: str, **parameters: str) -> Any:
    (route,) = [r for r in ROUTES if r.path == path]
    request = asking()
    request.scope["path_params"] = parameters
    reply = await route.endpoint(request, ANONYMOUS)
    return json.loads(bytes(reply.body))


def test_who_may_ask_what():
    roles = {r.path: r.role for r in ROUTES}
    assert {path for path, role in roles.items() if role is None} == {
        "/server_settings", "/v1/server_settings", "/v1/server_settings/public",
    }  # fmt: skip
    assert {path for path, role in roles.items() if role == "viewer"} == {
        "/server_settings/applications", "/server_settings/scheduler", "/server_settings/scheduler/{app_mode}",
        "/v1/timezones",
    }  # fmt: skip
    assert all(r.method == "GET" and r.says is not None for r in ROUTES)


async def test_the_version_is_the_one_whose_behaviour_we_have():
    settings = await read("/server_settings")
    assert settings["version"] == VERSION
    assert Version(VERSION) == Version("2026.1.0")
    assert settings["hostname"] == "apps.example.org"
    assert settings["oauth_integrations_enabled"] is True
    assert settings["license"]["oauth-integrations"] is True
    assert (settings["git_enabled"], settings["git_available"]) == (True, True)
    without = discovery_routes(Facts("https://apps.example.org", PYTHONS, False, 60.0, 3600.0)).routes[0]
    assert json.loads(bytes((await without.endpoint(asking(), ANONYMOUS)).body))["git_available"] is False


async def test_what_anybody_may_know():
    assert set(await read("/v1/server_settings/public")) == {
        "authentication", "self_registration", "system_display_name", "public_warning", "customized_landing",
        "mail_configured", "prohibited_usernames", "username_validator",
    }  # fmt: skip


async def test_installations():
    python = await read("/v1/server_settings/python")
    assert [i["version"] for i in python["installations"]] == ["3.11.7"]
    assert python["api_enabled"] is True
    for name in ("r", "quarto", "tensorflow"):
        assert await read(f"/v1/server_settings/{name}") == {"installations": []}
    assert await read("/v1/server_settings/nodejs") == {"installations": [], "enabled": False}
    assert (await read("/server_settings/applications"))["access_types"] == ["acl", "logged_in", "all"]


async def test_how_processes_run():
    found = await read("/server_settings/scheduler")
    assert (found["max_processes"], found["init_timeout"], found["idle_timeout"]) == (1, 60, 3600)
    assert await read("/server_settings/scheduler/{app_mode}", app_mode="python-panel") == found
    with pytest.raises(ApiError) as caught:
        await read("/server_settings/scheduler/{app_mode}", app_mode="python-perl")
    assert (caught.value.status, caught.value.code) == (400, 148)


async def test_time_zones():
    zones = {zone["timezone"]: zone["offset"] for zone in await read("/v1/timezones")}
    assert zones["UTC"] == "+00:00"
