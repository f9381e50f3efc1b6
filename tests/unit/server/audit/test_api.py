"""The audit trail by API: pages, words, and for administrators alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.audit.api import AuditApi
from server.db.engine import Database
from server.db.models import AuditEvent
from tests.harness.database import fresh_database
from tests.unit.server.standing import Standing, open_standing


@pytest.fixture
async def standing(tmp_path: Path) -> AsyncIterator[Standing]:
    db: Database = fresh_database(tmp_path)
    async with open_standing(db, tmp_path) as made:
        made.routes = AuditApi(db, "http://here").routes()
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


@pytest.mark.parametrize("path", ["/v1/audit_logs", "/v1/audit/actions"])
async def test_only_administrators(standing: Standing, path: str):
    assert {name for name, status in (await standing.statuses("GET", path)).items() if status == 200} == {"admin"}
