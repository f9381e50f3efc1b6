"""Posit Publisher's deployment, request by request in its order, each reply read as Publisher reads it.

Publisher itself is an editor extension that cannot be run here; the order and the fields are those of connect-api.md
2.13 and its sources as section 1.3, 1.4, 2.3 and 2.5 of that file record them.
"""

import base64
import hashlib
from typing import Any

import pytest

from tests.harness.gateway import Gateway, until
from tests.harness.publishing import panel_bundle

SETTINGS = (
    "/server_settings",
    "/server_settings/applications",
    "/server_settings/scheduler",
    "/server_settings/scheduler/python-panel",
    "/v1/server_settings/python",
    "/v1/server_settings/r",
    "/v1/server_settings/quarto",
    "/v1/server_settings/nodejs",
)
RESOURCES = ("cpu_request", "cpu_limit", "memory_request", "memory_limit", "amd_gpu_limit", "nvidia_gpu_limit")
NUMBERS = (
    *("min_processes", "max_processes", "max_conns_per_process", "load_factor", "init_timeout", "idle_timeout"),
    *("min_processes_limit", "max_processes_limit", "connection_timeout", "read_timeout"),
    *RESOURCES,
    *(f"max_{name}" for name in RESOURCES),
)


class Publisher:
    """Publisher's client: one key, JSON in and out, every 2xx with its body checked."""

    def __init__(self, gateway: Gateway, key: str) -> None:
        self._gateway, self._key = gateway, key

    def ask(self, method: str, path: str, **terms: Any) -> Any:
        reply = self._gateway.api(method, path, key=self._key, **terms)
        assert reply.status_code in (200, 202, 204), (method, path, reply.text)
        return reply.json() if reply.content else None


@pytest.fixture(scope="module")
def client(gateway: Gateway, publisher_key: str) -> Publisher:
    return Publisher(gateway, publisher_key)


def test_it_accepts_who_signs_in(client: Publisher):
    person = client.ask("GET", "/v1/user")
    assert person["guid"]
    assert person["confirmed"] is True
    assert person["locked"] is False
    assert person["user_role"] in ("publisher", "administrator")


def test_the_settings_have_what_its_forms_need(client: Publisher):
    answers = {path: client.ask("GET", path) for path in SETTINGS}
    assert answers["/server_settings"]["license"]["oauth-integrations"]
    assert answers["/server_settings"]["oauth_integrations_enabled"] is True
    assert {"access_types", "run_as", "run_as_group", "run_as_current_user"} <= set(
        answers["/server_settings/applications"]
    )
    for scheduler in ("/server_settings/scheduler", "/server_settings/scheduler/python-panel"):
        assert all(isinstance(answers[scheduler][name], int | float) for name in NUMBERS)
    for language in ("python", "r", "quarto", "nodejs"):
        assert isinstance(answers[f"/v1/server_settings/{language}"]["installations"], list)
    assert answers["/v1/server_settings/python"]["api_enabled"] is True
    assert isinstance(client.ask("GET", "/v1/oauth/integrations"), list)


def test_a_deployment_from_creation_to_the_open_page(client: Publisher, gateway: Gateway, publisher_key: str):
    made = client.ask("POST", "/v1/content", json={"name": "from-publisher"})
    archive = panel_bundle("publisher")
    # Only the client's own arithmetic: MD5 is what its checksum header holds.
    checksum = base64.b64encode(hashlib.md5(archive, usedforsecurity=False).digest()).decode()
    bundle = client.ask(
        "POST",
        f"/v1/content/{made['guid']}/bundles",
        content=archive,
        headers={"Content-Type": "application/gzip", "X-Content-Checksum": checksum},
    )
    changed = client.ask(
        "PATCH",
        f"/v1/content/{made['guid']}",
        json={"title": "From Publisher", "max_processes": 2, "load_factor": 0.5, "description": "d"},
    )
    assert changed["title"] == "From Publisher"
    assert changed["max_processes"] == 2
    names = client.ask(
        "PATCH",
        f"/v1/content/{made['guid']}/environment",
        json=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    )
    assert names == ["A", "B"]
    task_id = client.ask("POST", f"/v1/content/{made['guid']}/deploy", json={"bundle_id": bundle["id"]})["task_id"]
    output: list[str] = []

    def finished() -> dict[str, Any] | None:
        task: dict[str, Any] = client.ask("GET", f"/v1/tasks/{task_id}", params={"first": len(output)})
        output.extend(task["output"])
        assert task["last"] == len(output)
        return task if task["finished"] else None

    task = until(finished, "the deployment", 120)
    assert (task["code"], task["error"]) == (0, "")
    assert output
    page = gateway.visit(f"/content/{made['guid']}/", key=publisher_key)
    assert page.status_code == 200
    assert "Marker publisher" in page.text


def test_a_damaged_upload_is_noticed_and_leaves_nothing(client: Publisher, gateway: Gateway, publisher_key: str):
    made = client.ask("POST", "/v1/content", json={})
    reply = gateway.api(
        "POST",
        f"/v1/content/{made['guid']}/bundles",
        key=publisher_key,
        content=panel_bundle("damaged"),
        headers={"Content-Type": "application/gzip", "X-Content-Checksum": base64.b64encode(b"0" * 16).decode()},
    )
    assert (reply.status_code, reply.json()["code"]) == (400, 104)
    assert client.ask("GET", f"/v1/content/{made['guid']}/bundles") == []
