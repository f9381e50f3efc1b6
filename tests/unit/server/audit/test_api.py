"""The audit trail by API: pages, words, and for administrators alone."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.audit.api import AuditApi
from server.db.chain import Chain
from server.db.engine import Database
from server.db.models import AuditEvent
from tests.harness.database import fresh_database
from tests.unit.server.standing import Standing, open_standing


@pytest.fixture
async def standing(tmp_path: Path) -> AsyncIterator[Standing]:
    db: Database = fresh_database(tmp_path)
    async with open_standing(db, tmp_path) as made:
        made.routes = AuditApi(db, "http://here", made.trail).routes()
        ann = made.who["admin"]
        acted = {"actor_guid": ann.guid, "actor": "admin"}
        db.write_now(lambda s: s.add_all([AuditEvent(action=f"edit_thing_{n % 3}", **acted) for n in range(5)]))
        db.write_now(lambda s: s.add(AuditEvent(action="lose_audit_events", data={"count": 3, "why": "x"})))
        yield made
    db.close()


async def test_pages_of_events(standing: Standing):
    first = (await standing.call("admin", "GET", "/v1/audit_logs?limit=4")).json
    assert [entry["action"] for entry in first["results"]][:2] == ["edit_thing_0", "edit_thing_1"]
    cursor = first["paging"]["cursors"]["next"]
    second = (await standing.call("admin", "GET", f"/v1/audit_logs?limit=4&next={cursor}")).json
    assert len(second["results"]) == 2
    assert second["paging"]["cursors"]["next"] is None
    entry = second["results"][-1]
    assert set(entry) == {
        "id", "time", "user_id", "user_guid", "user_description", "action", "event_description",
    }  # fmt: skip
    assert (entry["user_id"], entry["user_guid"], entry["user_description"]) == ("0", None, "system")
    assert entry["event_description"] == "Lose audit events (count: 3, why: x)"
    newest = (await standing.call("admin", "GET", "/v1/audit_logs?limit=1&ascOrder=false")).json["results"]
    assert newest == [entry]
    by = first["results"][0]
    assert (by["user_id"], by["user_description"]) == (str(standing.who["admin"].user_id), "admin")


async def test_sorts_of_events(standing: Standing):
    found = (await standing.call("admin", "GET", "/v1/audit/actions")).json
    assert [one["action"] for one in found] == ["edit_thing_0", "edit_thing_1", "edit_thing_2", "lose_audit_events"]
    assert found[0]["description"] == "Edit thing 0"


@pytest.mark.parametrize("path", ["/v1/audit_logs", "/v1/audit/actions", "/v1/audit/verify", "/v1/audit/export"])
async def test_only_administrators(standing: Standing, path: str):
    standing.trail._db.link_events(Chain(b"c" * 32))
    assert {name for name, status in (await standing.statuses("GET", path)).items() if status == 200} == {"admin"}


async def test_events_are_found_by_what_they_concern(standing: Standing):
    who, guid = standing.who["viewer"], "046f9a7d-3c00-41db-9ac7-0d153f2edfdd"
    await standing.trail.append(who, "use", integration=guid, connection=guid, content=guid)
    await standing.trail.append(None, "see", user=who.guid)

    async def found(query: str) -> list[str]:
        reply = (await standing.call("admin", "GET", f"/v1/audit_logs?{query}")).json
        return [entry["action"] for entry in reply["results"]]

    assert await found(f"user={who.guid}") == ["use", "see"]
    for name in ("integration", "connection", "content"):
        assert await found(f"{name}={guid.upper()}") == ["use"]
    assert await found("action=see") == ["see"]
    assert await found(f"action=see&integration={guid}") == []
    assert len(await found("since=2026-01-01T00:00:00Z&until=2999-01-01T00:00:00%2B01:00")) == 8
    assert await found("until=2026-01-01T00:00:00Z") == []
    page = await standing.call("admin", "GET", f"/v1/audit_logs?user={who.guid}&limit=1")
    assert f"user={who.guid}" in page.json["paging"]["next"]


@pytest.mark.parametrize("query", ["user=x", "content=1", "action=A!", "since=yesterday", "until="])
@pytest.mark.parametrize("path", ["/v1/audit_logs", "/v1/audit/export"])
async def test_filters_that_cannot_be(standing: Standing, path: str, query: str):
    assert (await standing.call("admin", "GET", f"{path}?{query}")).status == 400


async def test_verifying(standing: Standing):
    assert (await standing.call("admin", "GET", "/v1/audit/verify")).status == 503
    db: Database = standing.trail._db
    db.link_events(Chain(b"c" * 32))
    whole = (await standing.call("admin", "GET", "/v1/audit/verify")).json
    assert (whole["ok"], whole["events"], whole["seq"], whole["problem"]) == (True, 7, None, None)
    again = await standing.call("admin", "GET", f"/v1/audit/verify?head={whole['head']}")
    assert again.json == whole
    other = (await standing.call("admin", "GET", f"/v1/audit/verify?head=7:{'00' * 32}")).json
    assert (other["ok"], other["seq"]) == (False, 7)
    assert (await standing.call("admin", "GET", "/v1/audit/verify?head=7:x")).status == 400


async def test_exporting_streams_every_event(standing: Standing, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("server.audit.export.BATCH", 2)
    reply = await standing.call("admin", "GET", "/v1/audit/export")
    assert reply.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in reply.body.splitlines()]
    assert [line["id"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert (lines[-1]["action"], lines[-1]["actor"], lines[-1]["data"]) == (
        "export_audit_trail", "admin", {"filters": {}},
    )  # fmt: skip
    one = await standing.call("admin", "GET", "/v1/audit/export?action=lose_audit_events")
    assert [json.loads(line)["data"]["count"] for line in one.body.splitlines()] == [3]


async def test_no_route_changes_or_deletes_events(standing: Standing):
    """K-09: administrators cannot edit."""
    assert {route.method for route in standing.routes.routes} == {"GET"}
