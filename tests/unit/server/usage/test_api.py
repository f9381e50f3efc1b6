"""Who is told of whose visits, the filters, the pages, and that no list asks more often the more there is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event
from sqlmodel import Session

from server.content import store as contents
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Hit, LiveUse
from server.usage.api import UsageApi
from server.usage.procs import Processes
from tests.unit.server.standing import UNKNOWN, Standing, open_standing

HITS = "/v1/instrumentation/content/hits"
VISITS = "/v1/instrumentation/content/visits"
USES = "/v1/instrumentation/shiny/usage"
BEGAN = now().replace(microsecond=0) - timedelta(hours=1)


def fill(session: Session, standing: Standing) -> str:
    """Seven visits of the item, half of them by nobody, and one of another's item, whose GUID it returns."""
    other = contents.add(session, standing.who["stranger"].user_id, {})
    assert other.id is not None
    here = standing.view.id
    for number in range(7):
        time = BEGAN + timedelta(minutes=number // 2)
        who = standing.who["viewer"].user_id if number % 2 else None
        session.add(Hit(time=time, content_id=here, user_id=who, bundle_id=1, path=f"/{number}"))
        session.add(LiveUse(id=f"k{number}", started=time, content_id=here, user_id=who))
    session.add(Hit(time=BEGAN, content_id=other.id, path="/other"))
    session.add(Hit(time=BEGAN, content_id=here, path="/live", live=True))
    return other.guid


@pytest.fixture
async def standing(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.routes = UsageApi(db, Processes(db, "http://here"), "http://here").routes()
        yield made


@pytest.fixture
def other(standing: Standing, db: Database) -> str:
    return db.write_now(fill, standing)


def paths(rows: list[dict[str, Any]]) -> list[str]:
    return [(row.get("data") or row)["path"].rsplit("/", 1)[1] for row in rows]


async def test_administrators_see_all_publishers_what_they_may_edit(standing: Standing, other: str):
    for name, shown in (("admin", 9), ("owner", 8), ("editor", 8), ("stranger", 1)):
        assert len((await standing.call(name, "GET", HITS)).json) == shown, name
    statuses = await standing.statuses("GET", HITS)
    assert (statuses["viewer"], statuses["app"]) == (403, 403)
    only = await standing.call("stranger", "GET", f"{HITS}?content_guid={{guid}}")
    assert (only.status, only.json) == (200, [])


async def test_hits_are_filtered_by_content_and_time(standing: Standing, other: str):
    assert paths((await standing.call("admin", "GET", f"{HITS}?content_guid={other.upper()}")).json) == ["other"]
    both = (await standing.call("admin", "GET", f"{HITS}?content_guid={other}|{{guid}}|{UNKNOWN}")).json
    assert len(both) == 9
    since = (BEGAN + timedelta(minutes=2)).isoformat().replace("+00:00", "Z")
    assert paths((await standing.call("admin", "GET", f"{HITS}?from={since}")).json) == ["4", "5", "6"]
    assert paths((await standing.call("admin", "GET", f"{HITS}?from={since}&to={since}")).json) == ["4", "5"]
    (first, *_rest) = (await standing.call("admin", "GET", HITS)).json
    assert (first["user_guid"], first["content_guid"]) == (None, standing.guid)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("content_guid=x", 3), ("content_guid=|", 3), ("from=yesterday", 25), ("to=99999999999", 25), ("limit=0", 25),
        ("asc_order=maybe", 25), ("next=a&previous=b", 25), ("next=!", 25), ("next=W10", 25), ("previous=WzEsMl0", 25),
        ("min_data_version=x", 25),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(standing: Standing, query: str, code: int):
    assert (await standing.call("admin", "GET", f"{VISITS}?{query}")).refusal == (400, code)


async def follow(standing: Standing, address: str) -> Any:
    assert address.startswith("http://here/__api__/")
    parts = urlsplit(address)
    return (await standing.call("admin", "GET", f"{parts.path.removeprefix('/__api__')}?{parts.query}")).json


@pytest.mark.parametrize("path", [VISITS, USES])
@pytest.mark.parametrize("order", ["true", "false"])
async def test_pages_follow_one_another_both_ways(standing: Standing, other: str, path: str, order: str):
    query = f"{path}?content_guid={{guid}}&asc_order={order}"
    whole = (await standing.call("admin", "GET", f"{query}&limit=500")).json
    assert set(whole) == {"paging", "results"}
    assert whole["paging"]["cursors"] == {"previous": None, "next": None}
    times = [row.get("time") or row["started"] for row in whole["results"]]
    assert times == sorted(times, reverse=order == "false")
    assert len(times) == 7
    pages = [(await standing.call("admin", "GET", f"{query}&limit=3")).json]
    while pages[-1]["paging"]["cursors"]["next"] is not None:
        pages.append(await follow(standing, pages[-1]["paging"]["next"]))
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    assert [row for page in pages for row in page["results"]] == whole["results"]
    back = await follow(standing, pages[-1]["paging"]["previous"])
    assert back["results"] == pages[1]["results"]
    assert back["paging"]["cursors"]["next"] is not None
    ending = await follow(standing, back["paging"]["last"])
    assert ending["results"] == whole["results"][-3:]
    assert ending["paging"]["cursors"]["next"] is None


async def test_a_page_is_not_shifted_by_what_comes_meanwhile(standing: Standing, other: str, db: Database):
    query = f"{VISITS}?asc_order=false&limit=2"
    first = (await standing.call("admin", "GET", query)).json
    db.write_now(lambda s: s.add(Hit(content_id=standing.view.id, path="/new")))
    second = (await standing.call("admin", "GET", f"{query}&next={first['paging']['cursors']['next']}")).json
    assert paths(first["results"] + second["results"]) == ["6", "5", "4", "3"]


async def test_visits_leave_out_what_live_connections_tell_and_versions_are_heeded(standing: Standing, other: str):
    found = (await standing.call("admin", "GET", f"{VISITS}?min_data_version=3")).json["results"]
    assert "live" not in paths(found)
    assert (await standing.call("admin", "GET", f"{VISITS}?min_data_version=4")).json["results"] == []
    assert (await standing.call("admin", "GET", f"{USES}?min_data_version=2")).json["results"] == []


async def test_every_list_is_one_statement(standing: Standing, other: str, db: Database):
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    for path in (HITS, VISITS, USES):
        seen.clear()
        assert (await standing.call("owner", "GET", path)).status == 200
        assert len([text for text in seen if text.startswith(("SELECT", "WITH"))]) == 1


async def test_processes_are_for_administrators(standing: Standing):
    assert (await standing.call("admin", "GET", "/metrics/procs")).json == {}
    assert (await standing.call("owner", "GET", "/metrics/procs")).status == 403
