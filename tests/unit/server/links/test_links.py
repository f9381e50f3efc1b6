"""The life of a share link: followed while it lives, by whoever has its secret, and no longer."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from server.db.clock import now
from server.db.engine import Database
from server.db.models import Association, Integration
from server.links.links import MOST, Links
from server.web.errors import ApiError
from tests.unit.server.standing import Standing, open_standing


class Clock:
    """A time that the test moves."""

    def __init__(self) -> None:
        self.moment = now()

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
async def desk(db: Database, tmp_path: Path) -> AsyncIterator[Standing]:
    async with open_standing(db, tmp_path) as made:
        yield made


def cookie(secret: str, name: str = "tabard_share") -> list[tuple[bytes, bytes]]:
    return [(b"cookie", f"{name}={secret}".encode())]


async def test_a_link_lives_until_its_end(desk: Standing):
    clock = Clock()
    links = Links(desk.db, desk.trail, secure=False, clock=clock)
    row, secret = await links.make(desk.who["owner"], desk.view, " Board ", clock() + timedelta(hours=1))
    assert row.name == "Board"
    found = await links.follow(secret)
    assert found is not None
    assert links.keep(secret, found) == (
        f"tabard_share={secret}; Path=/content/{desk.guid}/; HttpOnly; SameSite=Lax; Max-Age=3600"
    )
    assert (await links.of(desk.view))[0].last_used_time == clock()
    guest = await links.guest(cookie(secret), desk.view)
    assert guest is not None
    assert await links.alive(guest.credential)
    clock.moment += timedelta(hours=1)
    assert await links.guest(cookie(secret), desk.view) is None
    assert await links.follow(secret) is None
    assert not await links.alive(guest.credential)
    assert [e.data["link"] for e in await desk.events("open_share_link")] == [row.guid]


async def test_a_secret_opens_its_own_content_only(desk: Standing):
    links, secure = Links(desk.db, desk.trail, secure=False), Links(desk.db, desk.trail, secure=True)
    _row, secret = await links.make(desk.who["owner"], desk.view, "", None)
    other = desk.view.__class__(**{**vars(desk.view), "guid": "f" * 36})
    assert await links.guest(cookie(secret), other) is None
    assert await links.guest(cookie(secret) * 2, desk.view) is None
    assert await secure.guest(cookie(secret), desk.view) is None
    assert await secure.guest(cookie(secret, "__Secure-tabard_share"), desk.view) is not None
    assert await links.follow("") is None
    assert not await links.alive("link:never")


async def test_what_acts_for_its_viewers_has_no_links(desk: Standing):
    links = Links(desk.db, desk.trail, secure=False)
    row = Integration(guid="i", template="custom", name="Rows", auth_type="Viewer", sealed_secrets=b"", fingerprint="f")
    desk.db.write_now(lambda s: s.add(row))
    desk.db.write_now(lambda s: s.add(Association(content_id=desk.view.id, integration_id=row.id or 0)))
    with pytest.raises(ApiError, match="It uses Rows as the person looking") as caught:
        await links.make(desk.who["owner"], desk.view, "", None)
    assert (caught.value.status, caught.value.code) == (400, 237)
    assert await links.of(desk.view) == []


async def test_links_are_not_made_without_end(desk: Standing):
    clock = Clock()
    links = Links(desk.db, desk.trail, secure=False, clock=clock)
    for _ in range(MOST):
        await links.make(desk.who["owner"], desk.view, "", clock() + timedelta(hours=1))
    with pytest.raises(ApiError, match="at most 100 links"):
        await links.make(desk.who["owner"], desk.view, "", None)
    clock.moment += timedelta(hours=2)
    await links.make(desk.who["owner"], desk.view, "", None)
    assert len(await links.of(desk.view)) == 1
