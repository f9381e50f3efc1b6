"""Variants, renderings and schedules by API: shapes, roles and refusals."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runners import tools
from server.content import store as content
from server.db.engine import Database
from server.renderings.api import RenderingsApi
from server.renderings.rerender import Rerender
from server.tasks.tasks import Tasks
from tests.unit.server.renderings.conftest import QUARTO
from tests.unit.server.standing import UNKNOWN, Standing, open_standing

PLAN = {"type": "day", "schedule": '{"N":3}', "start_time": "2026-01-01T09:00:00Z", "timezone": "Europe/Berlin"}


class Desk(Standing):
    """An item of Quarto, served."""

    def prepare(self) -> None:
        self.tasks = Tasks(self.db)
        rerender = Rerender(self.db, self.tasks, self.preparer, self.documents, self.trail)  # type: ignore[arg-type]
        self.routes = RenderingsApi(self.db, self.guard, rerender, self.trail).routes()
        self.number = self.site({"page": "one"}, "quarto-static")
        self.put(bundle_id=self.number, app_mode="quarto-static")
        self.id = self.view.id

    def put(self, **fields: Any) -> None:
        self.db.write_now(content.change, self.guid, fields)
        self.directory.forget(self.guid)

    async def rendered(self, task_id: str) -> tuple[int, str]:
        found: Any = None
        while found is None or not found[0].finished:
            found = await self.tasks.poll(task_id, 0, 5.0)
        return found[0].code, found[0].error

    async def plan(self, **fields: Any) -> Any:
        body = {"app_id": self.id, "variant_id": self.id, **PLAN, **fields}
        return await self.call("owner", "POST", "/schedules", body)


@pytest.fixture
async def desk(db: Database, tmp_path: Path, monkeypatch) -> AsyncIterator[Desk]:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/quarto").write_text(QUARTO)
    (tmp_path / "bin/quarto").chmod(0o755)
    monkeypatch.setattr(tools, "FOLDERS", (str(tmp_path / "bin"),))
    async with open_standing(db, tmp_path) as made:
        made.__class__ = Desk
        assert isinstance(made, Desk)
        made.prepare()
        yield made
        await made.tasks.aclose()


async def test_rendered_content_has_one_variant(desk: Desk):
    (variant,) = (await desk.call("viewer", "GET", "/applications/{guid}/variants")).json
    assert variant["is_default"] is True
    assert (variant["id"], variant["app_id"], variant["bundle_id"]) == (desk.id, desk.id, desk.number)
    assert (variant["rendering_id"], variant["render_time"], variant["render_duration"]) == (None, None, 0)
    assert (await desk.call("viewer", "GET", f"/variants/{desk.id}")).json == variant
    assert "x-deprecated-endpoint" not in (await desk.call("viewer", "GET", f"/variants/{desk.id}")).headers
    desk.put(app_mode="python-panel")
    assert (await desk.call("viewer", "GET", "/applications/{guid}/variants")).json == []
    assert (await desk.call("viewer", "GET", f"/variants/{desk.id}")).refusal == (404, 4)


async def test_render_now(desk: Desk):
    begun = await desk.call("editor", "POST", f"/variants/{desk.id}/render")
    assert (begun.status, begun.json["finished"], begun.json["code"]) == (200, False, 0)
    assert await desk.rendered(begun.json["id"]) == (0, "")
    (row,) = (await desk.call("editor", "GET", f"/variants/{desk.id}/renderings")).json
    assert (row["active"], row["app_guid"], row["variant_key"]) == (True, desk.guid, desk.guid[:8])
    variant = (await desk.call("viewer", "GET", f"/variants/{desk.id}")).json
    assert (variant["rendering_id"], variant["render_time"]) == (row["id"], row["render_time"])
    assert variant["render_duration"] == row["render_duration"] > 1_000_000
    for body in ({}, {"variant_key": variant["key"]}, {"variant_key": None}):
        again = await desk.call("owner", "POST", "/v1/content/{guid}/render", body)
        assert again.status == 202
        assert await desk.rendered(again.json["task_id"]) == (0, "")
    assert (await desk.call("owner", "POST", "/v1/content/{guid}/render", {"variant_key": "x"})).refusal == (404, 4)
    rows = (await desk.call("editor", "GET", f"/variants/{desk.id}/renderings")).json
    assert [row["active"] for row in rows] == [True, False, False, False]
    assert len(await desk.events("render")) == 4


async def test_a_rendering_that_fails_says_why(desk: Desk):
    desk.put(bundle_id=desk.site({"page": "one", "fail": ""}, "quarto-static"))
    begun = await desk.call("owner", "POST", f"/variants/{desk.id}/render")
    assert await desk.rendered(begun.json["id"]) == (1, "Rendering ended with exit code 3: boom")


async def test_what_cannot_be_rendered(desk: Desk):
    for fields, refusal in (
        ({"locked": True}, (409, 223)),
        ({"locked": False, "bundle_id": None}, (400, 28)),
        ({"app_mode": "static"}, (400, 147)),
    ):
        desk.put(**fields)
        assert (await desk.call("owner", "POST", "/v1/content/{guid}/render")).refusal == refusal


async def test_who_may(desk: Desk):
    made = (await desk.plan()).json["id"]
    looking = {"owner": 200, "editor": 200, "viewer": 200, "stranger": 404, "admin": 200, "app": 403}
    assert await desk.statuses("GET", f"/variants/{desk.id}") == looking
    assert await desk.statuses("GET", "/applications/{guid}/variants") == looking
    editing = looking | {"viewer": 403}
    assert await desk.statuses("GET", f"/variants/{desk.id}/schedules") == editing
    assert await desk.statuses("GET", f"/variants/{desk.id}/renderings") == editing
    assert await desk.statuses("POST", f"/schedules/{made}", {"email": False}) == editing
    refused = {name: 404 if name == "stranger" else 403 for name in ("viewer", "stranger", "app")}
    for method, path in (("POST", f"/variants/{desk.id}/render"), ("DELETE", f"/schedules/{made}")):
        assert {name: (await desk.call(name, method, path)).status for name in refused} == refused
    there = await desk.call("stranger", "GET", f"/variants/{desk.id}")
    nowhere = await desk.call("stranger", "GET", "/variants/424242")
    assert (there.status, there.body) == (nowhere.status, nowhere.body)
    there = await desk.call("stranger", "DELETE", f"/schedules/{made}")
    nowhere = await desk.call("stranger", "DELETE", "/schedules/424242")
    assert (there.status, there.body) == (nowhere.status, nowhere.body)
    assert (await desk.call("owner", "GET", f"/applications/{UNKNOWN}/variants")).refusal == (404, 4)


async def test_a_schedule_is_kept_as_it_was_sent(desk: Desk):
    assert (await desk.call("owner", "GET", f"/variants/{desk.id}/schedules")).json == []
    made = (await desk.plan(activate=True, next_run="never", extra=1)).json
    assert {name: made[name] for name in PLAN} == PLAN
    assert (made["app_id"], made["variant_id"], made["activate"], made["email"]) == (desk.id, desk.id, True, False)
    assert made["next_run"].endswith(("T09:00:00Z", "T08:00:00Z")), "ten o'clock in Berlin, as at the start"
    assert (await desk.call("owner", "GET", f"/variants/{desk.id}/schedules")).json == [made]
    assert (await desk.plan()).refusal == (409, 26)
    changed = (
        await desk.call("owner", "POST", f"/schedules/{made['id']}", made | {"type": "weekday", "schedule": "{}"})
    ).json
    assert (changed["id"], changed["type"], changed["activate"]) == (made["id"], "weekday", True)
    assert (await desk.call("owner", "POST", f"/schedules/{made['id']}", {"email": True})).json["type"] == "weekday"
    assert (await desk.call("owner", "POST", f"/schedules/{made['id']}")).status == 200
    assert (await desk.call("owner", "DELETE", f"/schedules/{made['id']}")).status == 204
    assert (await desk.call("owner", "DELETE", f"/schedules/{made['id']}")).refusal == (404, 4)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "never"}, {"schedule": "{}"}, {"schedule": {"N": 1}}, {"timezone": "Mars"}, {"start_time": "soon"},
        {"app_id": 424242}, {"variant_id": None}, {"variant_id": "1"}, {"variant_id": True}, {"type": None},
        {"email": "yes"}, {"start_time": "9999-12-31T00:00:00Z"}, {"app_id": -1}, {"timezone": None},
    ],
)  # fmt: skip
async def test_schedules_that_make_no_sense(desk: Desk, fields: dict[str, Any]):
    assert (await desk.plan(**fields)).status == 400
    assert (await desk.call("owner", "GET", f"/variants/{desk.id}/schedules")).json == []
    if "variant_id" not in fields:
        made = (await desk.plan()).json
        kept = {name: value for name, value in fields.items() if value is not None}
        if kept:
            assert (await desk.call("owner", "POST", f"/schedules/{made['id']}", kept)).status == 400, kept
        assert (await desk.call("owner", "GET", f"/variants/{desk.id}/schedules")).json == [made]


async def test_a_schedule_of_nothing(desk: Desk):
    assert (await desk.plan(variant_id=424242)).refusal == (404, 4)
    lacking = {name: value for name, value in PLAN.items() if name != "timezone"} | {"variant_id": desk.id}
    refused = await desk.call("owner", "POST", "/schedules", lacking)
    assert (refused.status, json.loads(refused.body)["error"]) == (400, "A schedule needs timezone.")


async def test_no_mail_is_sent_and_none_is_claimed_to_be(desk: Desk):
    sent = await desk.call("owner", "POST", f"/variants/{desk.id}/sender?email=me&rendering_id=1")
    assert sent.refusal == (409, 43)
    assert (await desk.call("owner", "POST", f"/variants/{desk.id}/sender?email=everyone")).status == 400
