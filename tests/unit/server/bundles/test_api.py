"""Versions by API: an upload counts when it is whole, the archive is for collaborators, the active one stays."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from integrations.http import OutboundClient
from server.bundles.api import BundlesApi
from server.bundles.intake import Intake
from server.bundles.shelf import Shelf
from server.content import store as content
from server.db.engine import Database
from server.repository import store as repository
from tests.harness.publishing import bundle
from tests.unit.server.standing import Standing, open_standing

LIST = "/v1/content/{guid}/bundles"
DATA = bundle({"app.py": "print(1)"})


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        made.shelf = Shelf(tmp_path / "bundles", 10 * 1024 * 1024)  # type: ignore[attr-defined]
        made.asked = []  # type: ignore[attr-defined]

        def elsewhere(request: httpx.Request) -> httpx.Response:
            made.asked.append(str(request.url))  # type: ignore[attr-defined]
            return httpx.Response(200, content=DATA)

        outbound = OutboundClient(allow_local=False, transport=httpx.MockTransport(elsewhere))
        intake = Intake(db, made.shelf, made.trail)  # type: ignore[attr-defined]
        made.routes = BundlesApi(db, intake, outbound, made.guard, made.trail, patience=5).routes()
        yield made
        await outbound.aclose()


def folders(desk: Standing) -> list[str]:
    return [p.name for p in desk.shelf.root.iterdir() if p.name != "incoming"]  # type: ignore[attr-defined]


async def test_uploaded_listed_and_fetched_again(desk: Standing):
    made = await desk.call("editor", "POST", LIST, DATA)
    assert made.status == 200
    shown = made.json
    assert (shown["content_guid"], shown["active"], shown["size"]) == (desk.guid, False, len(DATA))
    assert shown["created_by"] == desk.who["editor"].guid
    assert len(shown["metadata"]["archive_md5"]) == 32
    one = f"{LIST}/{shown['id']}"
    assert (await desk.call("viewer", "GET", LIST)).json == [shown]
    assert (await desk.call("app", "GET", one)).json == shown
    assert await desk.statuses("GET", f"{one}/download") == {
        "owner": 200, "editor": 200, "admin": 200, "viewer": 403, "stranger": 404, "app": 403,
    }  # fmt: skip
    got = await desk.call("owner", "GET", f"{one}/download")
    assert got.body == DATA
    assert got.headers["content-disposition"].startswith("attachment")
    assert (got.headers["x-content-type-options"], got.headers["cache-control"]) == ("nosniff", "no-store")
    (event,) = await desk.events("add_bundle")
    assert str(event.data["bundle_id"]) == shown["id"]


async def test_who_may_not_upload_leaves_nothing(desk: Standing):
    for name, status in (("viewer", 403), ("stranger", 404), ("app", 403)):
        assert (await desk.call(name, "POST", LIST, DATA)).status == status
    assert (await desk.call("owner", "POST", LIST, b"not an archive")).refusal == (400, 135)
    desk.db.write_now(content.change, desk.guid, {"locked": True})
    desk.directory.forget(desk.guid)
    assert (await desk.call("owner", "POST", LIST, DATA)).refusal == (409, 222)
    assert folders(desk) == []
    assert (await desk.call("owner", "GET", LIST)).json == []


async def test_the_active_version_stays_and_others_go_with_their_files(desk: Standing):
    first, second = [(await desk.call("owner", "POST", LIST, DATA)).json["id"] for _ in range(2)]
    desk.db.write_now(content.change, desk.guid, {"bundle_id": int(first)})
    desk.directory.forget(desk.guid)
    assert [(b["id"], b["active"]) for b in (await desk.call("owner", "GET", LIST)).json] == [
        (second, False),
        (first, True),
    ]
    assert (await desk.call("owner", "DELETE", f"{LIST}/{first}")).refusal == (409, 75)
    assert len(folders(desk)) == 2
    assert (await desk.call("viewer", "DELETE", f"{LIST}/{second}")).status == 403
    assert (await desk.call("owner", "DELETE", f"{LIST}/{second}")).status == 204
    assert (await desk.call("owner", "GET", f"{LIST}/{second}")).refusal == (404, 4)
    assert len(folders(desk)) == 1
    assert (await desk.call("owner", "GET", f"{LIST}/x1")).refusal == (400, 3)


URL = "https://files.example.org/b.tar.gz?token=x"


@pytest.mark.parametrize("how", ["query", "form", "part"])
async def test_an_archive_is_fetched_from_an_address(desk: Standing, how: str):
    quoted = "https%3A%2F%2Ffiles.example.org%2Fb.tar.gz%3Ftoken%3Dx"
    if how == "query":
        made = await desk.call("owner", "POST", f"{LIST}?url={quoted}")
    elif how == "form":
        kind = "application/x-www-form-urlencoded"
        made = await desk.call("owner", "POST", LIST, f"url={quoted}".encode(), content_type=kind)
    else:
        part = f'--b\r\nContent-Disposition: form-data; name="url"\r\n\r\n{URL}\r\n--b--\r\n'
        made = await desk.call("owner", "POST", LIST, part.encode(), content_type="multipart/form-data; boundary=b")
    assert (made.status, made.json["size"], desk.asked) == (200, len(DATA), [URL])  # type: ignore[attr-defined]
    assert (await desk.call("owner", "GET", f"{LIST}/{made.json['id']}/download")).body == DATA


async def test_addresses_that_are_not_asked(desk: Standing):
    for url in ("", "ftp://x.example.org/b", "http://files.example.org/b", "https://127.0.0.1/b", "nonsense"):
        assert (await desk.call("owner", "POST", f"{LIST}?url={url}")).refusal == (400, 232)
    assert desk.asked == []  # type: ignore[attr-defined]
    assert folders(desk) == []


async def test_a_page_of_versions(desk: Standing):
    made = [desk.bundle() for _ in range(3)]
    for query, wanted in (
        ("", made[::-1]), ("?asc_order=true", made), ("?page_size=2", made[:0:-1]), ("?page_number=2", []),
        ("?page_number=2&page_size=2", made[:1]),
    ):  # fmt: skip
        assert [int(one["id"]) for one in (await desk.call("viewer", "GET", f"{LIST}{query}")).json] == wanted
    assert (await desk.call("viewer", "GET", f"{LIST}?page_size=0")).refusal == (400, 25)


async def test_what_comes_from_a_repository_is_not_uploaded(desk: Standing):
    desk.db.write_now(repository.put, desk.view.id, {"repository": "https://example.org/a"})
    assert (await desk.call("owner", "POST", LIST, DATA)).refusal == (409, 144)
    assert folders(desk) == []
