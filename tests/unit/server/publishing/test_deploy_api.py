"""Deploying by API: 202 with a task, for those who may edit; what cannot be a bundle's id is refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from integrations.http import OutboundClient
from runners.tools import find
from server.bundles.intake import Intake
from server.bundles.shelf import Shelf
from server.db.engine import Database
from server.publishing.deploy import Deployer
from server.publishing.deploy_api import deploy_routes
from server.repository import store as repository
from server.repository.fetching import Fetching, Means
from server.tasks.tasks import Tasks
from tests.harness.git import Origin
from tests.unit.server.standing import Standing, open_standing

DEPLOY = "/v1/content/{guid}/deploy"
BUILD = "/v1/content/{guid}/build"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.tasks = Tasks(db)  # type: ignore[attr-defined]
        deployer = Deployer(db, made.directory, made.tasks, made.preparer, made.pool, made.documents, made.trail)  # type: ignore[arg-type]
        outbound = OutboundClient(allow_local=True)
        intake = Intake(db, Shelf(tmp_path / "bundles", 10**7), made.trail)
        fetching = Fetching(db, intake, outbound, Means(find("git"), tmp_path / "git", {}, allow_local=True))
        made.routes = deploy_routes(deployer, fetching, made.guard)
        yield made
        await outbound.aclose()
        await made.tasks.aclose()  # type: ignore[attr-defined]


async def ended(desk: Standing, task_id: str) -> Any:
    seen = 0
    async with asyncio.timeout(10):
        while True:
            row, _lines, seen = await desk.tasks.poll(task_id, seen, 1.0)  # type: ignore[attr-defined]
            if row.finished:
                return row


async def test_a_version_is_deployed_and_the_active_one_again(desk: Standing):
    number = desk.bundle()
    for body in ({"bundle_id": str(number)}, {}, {"bundle_id": None}, {"bundle_id": ""}):
        begun = await desk.call("editor", "POST", DEPLOY, body)
        assert begun.status == 202
        assert (await ended(desk, begun.json["task_id"])).code == 0
        assert desk.view.bundle_id == number


async def test_a_draft_is_not_activated(desk: Standing):
    begun = await desk.call("owner", "POST", DEPLOY, {"bundle_id": desk.bundle(), "activate": False})
    assert (await ended(desk, begun.json["task_id"])).code == 0
    assert desk.view.bundle_id is None


async def test_a_version_is_only_built(desk: Standing):
    number = desk.bundle()
    assert (await desk.call("owner", "POST", BUILD)).refusal == (400, 28)
    assert (await desk.call("viewer", "POST", BUILD, {"bundle_id": number})).status == 403
    begun = await desk.call("editor", "POST", BUILD, {"bundle_id": str(number)})
    assert begun.status == 202
    assert (await ended(desk, begun.json["task_id"])).code == 0
    assert (desk.view.bundle_id, desk.runner.started) == (None, [])


async def test_who_may_not(desk: Standing):
    body = {"bundle_id": desk.bundle()}
    for name, status in (("viewer", 403), ("stranger", 404), ("app", 403)):
        assert (await desk.call(name, "POST", DEPLOY, body)).status == status
    assert desk.preparer.prepared == 0


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"bundle_id": True}, (400, 25)), ({"bundle_id": "x"}, (400, 25)), ({"bundle_id": -1}, (400, 25)),
        ({"bundle_id": 1.5}, (400, 25)), ({"bundle_id": "²"}, (400, 25)), ({"bundle_id": "9" * 16}, (400, 25)),
        ({"bundle_id": 2**31}, (404, 4)), ({"bundle_id": 4242}, (404, 4)), ({}, (400, 28)),
        ({"bundle_id": 1, "activate": "perhaps"}, (400, 25)),
    ],
)  # fmt: skip
async def test_what_is_no_bundle(desk: Standing, body: dict[str, Any], refusal: tuple[int, int]):
    assert (await desk.call("owner", "POST", DEPLOY, body)).refusal == refusal


async def test_what_comes_from_a_repository_is_fetched_first(desk: Standing, tmp_path: Path):
    origin = Origin(tmp_path / "origin")
    manifest = {"metadata": {"appmode": "python-streamlit", "entrypoint": "app.py"}}
    commit = origin.commit({"manifest.json": json.dumps(manifest), "app.py": "x = 1"})
    desk.db.write_now(repository.put, desk.view.id, {"repository": origin.url})
    begun = await desk.call("owner", "POST", DEPLOY, {"bundle_id": None})
    assert begun.status == 202
    assert (await ended(desk, begun.json["task_id"])).code == 0
    first = desk.view.bundle_id
    assert first is not None
    known = desk.db.read_now(repository.get, desk.view.id)
    assert (known.last_known_commit, known.last_error) == (commit, None)
    # A version that is named is deployed as it is: rsconnect's redeploy makes one and then names it.
    again = await desk.call("owner", "POST", DEPLOY, {"bundle_id": str(first)})
    assert (await ended(desk, again.json["task_id"])).code == 0
    assert desk.view.bundle_id == first
    desk.db.write_now(repository.put, desk.view.id, {"branch": "gone"})
    begun = await desk.call("owner", "POST", DEPLOY)
    failed = await ended(desk, begun.json["task_id"])
    assert (failed.code, "no branch, tag or commit named gone" in failed.error) == (1, True)
    assert desk.db.read_now(repository.get, desk.view.id).last_error == failed.error
