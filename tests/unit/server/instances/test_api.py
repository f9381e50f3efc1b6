"""Jobs by API: whose they are, what they printed, and an end by order."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runners import output
from server.db.engine import Database
from server.instances import store
from server.instances.api import JobsApi
from server.instances.live import Live, Place
from tests.unit.server.standing import Standing, open_standing

LIST = "/v1/content/{guid}/jobs"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.routes = JobsApi(db, made.guard, (made.pool.stop_instance,), made.run_root).routes()
        yield made


async def start(desk: Standing) -> Live:
    return await desk.pool.acquire(desk.view, Place(desk.guid, desk.bundle()))


async def test_jobs_are_for_those_who_may_edit(desk: Standing):
    live = await start(desk)
    everybody = {"owner": 200, "editor": 200, "admin": 200, "viewer": 403, "stranger": 404, "app": 403}
    for path in (LIST, f"{LIST}/{live.key}", f"{LIST}/{live.key}/log", f"{LIST}/{live.key}/download"):
        assert await desk.statuses("GET", path) == everybody, path
    listed = (await desk.call("owner", "GET", LIST)).json
    assert [(j["key"], j["status"], j["tag"]) for j in listed] == [(live.key, 0, "run_streamlit")]
    assert (await desk.call("owner", "GET", f"{LIST}/{live.key}")).json == listed[0]
    assert (await desk.call("owner", "GET", f"{LIST}/{'x' * 16}")).refusal == (404, 4)


async def test_an_order_to_end_is_taken_once(desk: Standing):
    live = await start(desk)
    one = f"{LIST}/{live.key}"
    for name, status in (("viewer", 403), ("stranger", 404), ("app", 403)):
        assert (await desk.call(name, "DELETE", one)).status == status
    assert desk.pool.find(desk.guid) == [live]
    killed = await desk.call("editor", "DELETE", one)
    assert (killed.status, killed.json["job_key"]) == (202, live.key)
    assert killed.json["content_guid"] == desk.guid
    assert desk.pool.find(desk.guid) == []
    assert await desk.runner.poll(live.handle) is not None
    again = await desk.call("editor", "DELETE", one)
    assert again.refusal == (409, 163)


async def test_what_an_app_printed(desk: Standing):
    live = await start(desk)
    log = output.folder(desk.run_root / live.key)
    (log / "stdout").write_text("one\ntwo\n<b>\n")
    (log / "stderr").write_text("")
    found = (await desk.call("owner", "GET", f"{LIST}/{live.key}/log")).json["entries"]
    assert [(e["source"], e["data"]) for e in found] == [("stdout", "one"), ("stdout", "two"), ("stdout", "<b>")]
    assert found[0]["timestamp"].endswith("Z")
    last = (await desk.call("owner", "GET", f"{LIST}/{live.key}/log?maxLogLines=1")).json["entries"]
    assert [e["data"] for e in last] == ["<b>"]
    assert (await desk.call("owner", "GET", f"{LIST}/{live.key}/log?maxLogLines=0")).refusal == (400, 25)
    got = await desk.call("owner", "GET", f"{LIST}/{live.key}/download")
    assert got.body == b"stdout: one\nstdout: two\nstdout: <b>\n"
    assert got.headers["content-disposition"] == f'attachment; filename="job-{live.key}.log"'
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-type"].startswith("text/plain")


async def test_why_it_failed_what_it_uses_and_what_it_prints(desk: Standing):
    live = await start(desk)
    one = f"{LIST}/{live.key}"
    everybody = {"owner": 200, "editor": 200, "admin": 200, "viewer": 403, "stranger": 404, "app": 403}
    assert await desk.statuses("GET", f"{one}/metrics") == everybody
    assert (await desk.call("owner", "GET", f"{one}/error")).status == 204
    # The fake runner's process is not one of this machine.
    assert (await desk.call("owner", "GET", f"{one}/metrics")).json == {
        "content_guid": desk.guid, "job_key": live.key, "samples": [],
    }  # fmt: skip
    (output.folder(desk.run_root / live.key) / "stdout").write_text("one\n")
    desk.db.write_now(store.ended, live.key, 3, "The app fell over.")
    assert (await desk.call("owner", "GET", f"{one}/error")).json["summary"] == "The app fell over."
    assert await desk.statuses("GET", f"{one}/tail") == everybody
    tailed = await desk.call("owner", "GET", f"{one}/tail")
    assert tailed.headers["content-type"].startswith("text/event-stream")
    assert tailed.body.decode().splitlines()[-3:] == ["event: end", "data: {}", ""]
    assert '"data": "one"' in tailed.body.decode()
