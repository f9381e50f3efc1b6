"""Pictures by API: editors give and take them, readers see them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.engine import Database
from server.thumbnails.api import ThumbnailApi
from server.thumbnails.images import LARGEST
from server.thumbnails.thumbnails import Thumbnails
from tests.unit.server.standing import Standing, open_standing
from tests.unit.server.thumbnails import pictures

PATH = "/v1/content/{guid}/thumbnail"


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        thumbnails = Thumbnails(db, tmp_path / "thumbnails", made.trail)
        made.routes = ThumbnailApi(thumbnails, made.guard).routes()
        yield made


async def test_given_shown_and_taken_away(desk: Standing):
    assert (await desk.call("owner", "GET", PATH)).refusal == (404, 4)
    # connectapi names no type, a browser any: what counts are the bytes.
    assert (await desk.call("owner", "PUT", PATH, pictures.webp(), content_type="text/html")).status == 204
    shown = await desk.call("viewer", "GET", PATH)
    assert (shown.status, shown.body, shown.headers["content-type"]) == (200, pictures.webp(), "image/webp")
    assert (await desk.call("owner", "DELETE", PATH)).status == 204
    assert (await desk.call("owner", "DELETE", PATH)).refusal == (404, 17)
    assert len(await desk.events("set_thumbnail")) == 1


async def test_who_may(desk: Standing):
    writing = {"owner": 204, "editor": 204, "admin": 204, "viewer": 403, "stranger": 404, "app": 403}
    assert {name: (await desk.call(name, "PUT", PATH, pictures.png())).status for name in desk.who} == writing
    reading = {"owner": 200, "editor": 200, "admin": 200, "viewer": 200, "stranger": 404, "app": 403}
    assert {name: (await desk.call(name, "GET", PATH)).status for name in desk.who} == reading


async def test_what_is_no_picture_changes_nothing(desk: Standing):
    await desk.call("owner", "PUT", PATH, pictures.png())
    assert (await desk.call("owner", "PUT", PATH, b"<svg/>", content_type="image/png")).refusal == (400, 25)
    assert (await desk.call("owner", "PUT", PATH, b"")).refusal == (400, 25)
    assert (await desk.call("owner", "PUT", PATH, b"x" * (LARGEST + 1))).status == 413
    assert (await desk.call("owner", "GET", PATH)).body == pictures.png()
