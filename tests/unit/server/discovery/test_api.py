"""What clients read about the server before they do anything."""

import json
from pathlib import Path

from packaging.version import Version

from runners.environments.interpreters import Interpreter
from server.discovery.api import VERSION, discovery_routes
from server.web.caller import ANONYMOUS
from tests.unit.server.web.asking import asking

ROUTES = discovery_routes("https://apps.example.org", [Interpreter("3.11.7", Path("/usr/bin/python3.11"))]).routes


async def read(path: str) -> dict[str, object]:
    (route,) = [r for r in ROUTES if r.path == path]
    reply = await route.endpoint(asking(), ANONYMOUS)
    found: dict[str, object] = json.loads(bytes(reply.body))
    return found


def test_only_the_settings_are_open():
    assert {r.path for r in ROUTES if r.role is None} == {"/server_settings", "/v1/server_settings"}
    assert all(r.method == "GET" for r in ROUTES)


async def test_the_version_is_the_one_whose_behaviour_we_have():
    settings = await read("/server_settings")
    assert settings["version"] == VERSION
    assert Version(VERSION) == Version("2026.1.0")
    assert settings["hostname"] == "apps.example.org"
    assert settings["oauth_integrations_enabled"] is True


async def test_installations():
    python = await read("/v1/server_settings/python")
    assert [i["version"] for i in python["installations"]] == ["3.11.7"]  # type: ignore[attr-defined]
    assert python["api_enabled"] is True
    assert (await read("/v1/server_settings/r"))["installations"] == []
    assert (await read("/server_settings/applications"))["access_types"] == ["acl", "logged_in", "all"]
