"""Execution environments by API: as posit-sdk and rsconnect use them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.engine import Database
from server.images.api import ImagesApi
from tests.unit.server.standing import UNKNOWN, Standing, open_standing

PATH = "/v1/environments"
NEW = {"title": "Title", "name": "image:1", "cluster_name": "Kubernetes"}
FULL = NEW | {
    "matching": "exact",
    "description": None,
    "supervisor": "/bin/run",
    "python": {"installations": [{"version": "3.12.4", "path": "/opt/python/bin/python3"}]},
    "volume_mounts": [
        {"source": {"volume_type": "pvc", "pvc_name": "data"}, "target": {"path": "/mnt/data", "read_only": True}}
    ],
}


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.routes = ImagesApi(db, made.trail).routes()
        yield made


async def test_made_read_changed_and_deleted(desk: Standing):
    made = (await desk.call("admin", "POST", PATH, FULL)).json
    assert not {"ctx", "path"} & made.keys()
    assert isinstance(made["id"], str)
    assert made["python"] == FULL["python"]
    assert made["r"] == {"installations": []}
    assert made["volume_mounts"] == FULL["volume_mounts"]
    assert (made["environment_type"], made["managed_by"], made["matching"]) == ("Kubernetes", None, "exact")
    one = f"{PATH}/{made['guid']}"
    assert (await desk.call("owner", "GET", one)).json == made
    assert (await desk.call("owner", "GET", PATH)).json == [made]
    changed = (await desk.call("admin", "PUT", one, {"title": "Other"})).json
    assert changed == made | {"title": "Other", "updated_time": changed["updated_time"]}
    other = (await desk.call("admin", "PUT", one, {"r": {"installations": []}, "matching": None})).json
    assert (other["python"], other["matching"]) == (FULL["python"], "exact")
    assert (await desk.call("admin", "DELETE", one)).status == 204
    assert (await desk.call("admin", "GET", one)).refusal == (404, 4)
    assert (await desk.call("admin", "GET", PATH)).json == []


async def test_who_may(desk: Standing):
    made = (await desk.call("admin", "POST", PATH, NEW)).json
    readers = {"owner": 200, "editor": 200, "stranger": 200, "admin": 200, "viewer": 403, "app": 403}
    assert await desk.statuses("GET", PATH) == readers
    assert await desk.statuses("GET", f"{PATH}/{made['guid']}") == readers
    for method, path, body in (
        ("POST", PATH, NEW | {"name": "b"}), ("PUT", f"{PATH}/{made['guid']}", {}),
        ("GET", f"{PATH}/{made['guid']}/permissions", None),
        ("DELETE", f"{PATH}/{made['guid']}", None),
    ):  # fmt: skip
        statuses = await desk.statuses(method, path, body)
        assert statuses.pop("admin") < 300
        assert set(statuses.values()) == {403}


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, (400, 171)), (NEW | {"name": ""}, (400, 171)), (NEW | {"name": "a b"}, (400, 171)),
        (NEW | {"cluster_name": "Local"}, (400, 170)), (NEW | {"title": 3}, (400, 168)),
        (NEW | {"description": "x" * 5000}, (400, 169)), (NEW | {"matching": "some"}, (400, 172)),
        (NEW | {"supervisor": "relative"}, (400, 177)), (NEW | {"volume_mounts": [{}]}, (400, 254)),
        (NEW | {"python": {"installations": [{"version": "x", "path": "/p"}]}}, (400, 174)),
        (NEW | {"python": {"installations": [{"version": "3", "path": "p"}]}}, (400, 173)),
        (NEW | {"python": []}, (400, 25)), ([], (400, 87)),
    ],
)  # fmt: skip
async def test_what_is_refused_names_the_field(desk: Standing, body: object, refusal: tuple[int, int]):
    assert (await desk.call("admin", "POST", PATH, body)).refusal == refusal
    assert (await desk.call("admin", "GET", PATH)).json == []


async def test_a_name_is_used_once(desk: Standing):
    assert (await desk.call("admin", "POST", PATH, NEW)).status == 200
    assert (await desk.call("admin", "POST", PATH, NEW)).refusal == (409, 175)


async def test_who_may_use_it(desk: Standing):
    made = (await desk.call("admin", "POST", PATH, NEW)).json
    path = f"{PATH}/{made['guid']}/permissions"
    person = desk.who["viewer"].guid
    entry = (await desk.call("admin", "POST", path, {"user_guid": person, "group_guid": None})).json
    assert entry == {
        "id": entry["id"], "guid": entry["guid"], "environment_guid": made["guid"], "user_guid": person,
        "group_guid": None,
    }  # fmt: skip
    assert (await desk.call("admin", "GET", path)).json == [entry]
    assert (await desk.call("admin", "GET", f"{path}/{entry['guid']}")).json == entry
    for body, refusal in (
        ({"user_guid": person}, (409, 247)), ({}, (400, 246)), ({"user_guid": UNKNOWN}, (400, 246)),
        ({"group_guid": UNKNOWN}, (400, 246)),
        ({"user_guid": person, "group_guid": UNKNOWN}, (400, 246)), ({"user_guid": 7}, (400, 246)),
        ({"user_guid": "x" * 36}, (400, 246)),
    ):  # fmt: skip
        assert (await desk.call("admin", "POST", path, body)).refusal == refusal
    assert (await desk.call("admin", "DELETE", f"{path}/{entry['guid']}")).status == 204
    assert (await desk.call("admin", "DELETE", f"{path}/{entry['guid']}")).refusal == (404, 4)
    assert (await desk.call("admin", "GET", f"{PATH}/{UNKNOWN}/permissions")).refusal == (404, 4)
