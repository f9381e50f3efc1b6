"""How much longer lists, searches and openings take with 10,000 content items than with 100, as ratios.

`python -m tests.bench lists` prints a table: 10,000 items, 2,000 people and 200,000 visits against a hundredth of
each, through the whole application in this process, over SQLite. Lists without pages grow with what they hold; they are
marked and excepted. Statements are counted as well: what grows there is a mistake.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event
from sqlmodel import Session

from server import app as composition
from server.bundles.shelf import CODE
from server.bundles.store import folder_of
from server.content import store as contents
from server.db.engine import Database
from server.db.models import Bundle
from server.installation import open_installation
from server.settings import Settings
from tests.bench.crowd import Crowd, fill

SMALL, LARGE = 100, 10_000
ROUNDS = 21
# Lists without pages take seconds, and need no exact figure.
ROUNDS_OF_WHOLE = 2
LIMIT = 3.0
# A list may need one more statement where it holds more than one statement can name.
LEEWAY = 1
SINCE = "from=2100-01-01T00:00:00Z"


@dataclass(frozen=True)
class Call:
    """One request. `whole` marks a list without pages, whose length grows with the crowd."""

    path: str
    who: str = "admin"
    whole: bool = False


CALLS = (
    Call("/v1/users?page_size=20"),
    Call("/v1/users?prefix=person1&page_size=20"),
    Call("/v1/users?user_role=publisher&page_size=20", "publisher"),
    Call("/v1/users/{publisher}"),
    Call("/v1/groups"),
    Call("/v1/groups/{group}/members?page_size=20"),
    Call("/v1/content", whole=True),
    Call("/v1/content", "publisher", whole=True),
    Call("/v1/content?name=own-1"),
    Call("/v1/content?owner_guid={publisher}"),
    Call("/v1/content?owner_guid={publisher}&include=owner,tags,vanity_url", "publisher"),
    Call("/v1/search/content?page_size=20"),
    Call("/v1/search/content?page_size=20", "publisher"),
    Call("/v1/search/content?q=own&page_size=20", "publisher"),
    Call("/v1/search/content?q=zebra&page_size=20", "publisher"),
    Call("/v1/search/content?q=zebra&page_size=20", "admin"),
    Call("/v1/search/content?q=quarterly%20report&page_size=20", "publisher"),
    Call("/v1/search/content?q=report&page_size=20&include=owner,tags,vanity_url"),
    Call("/v1/content/{item}?include=owner,tags,vanity_url", "publisher"),
    Call("/v1/content/{item}/permissions", "publisher"),
    Call("/v1/content/{item}/bundles", "publisher"),
    Call("/v1/content/{item}/jobs", "publisher"),
    Call("/v1/content/{item}/tags", "publisher"),
    Call("/v1/content/{item}/packages", "publisher"),
    Call("/v1/content/{item}/environment", "publisher"),
    Call("/v1/content/{item}/oauth/integrations/associations", "publisher"),
    Call("/v1/tags"),
    Call("/v1/tags/2/content", whole=True),
    Call("/v1/vanities", whole=True),
    Call("/v1/packages?page_size=20"),
    Call("/v1/packages?name=p1&page_size=20"),
    Call("/v1/oauth/integrations"),
    Call("/v1/oauth/sessions"),
    Call("/v1/instrumentation/content/hits?content_guid={item}", "publisher"),
    Call(f"/v1/instrumentation/content/hits?{SINCE}"),
    Call(f"/v1/instrumentation/content/hits?{SINCE}", "publisher"),
    Call("/v1/instrumentation/content/hits", whole=True),
    Call("/v1/instrumentation/content/visits?limit=20"),
    Call("/v1/instrumentation/content/visits?limit=20&asc_order=false"),
    Call("/v1/instrumentation/content/visits?limit=20&asc_order=false", "publisher"),
    Call("/v1/instrumentation/content/visits?limit=20&content_guid={item}", "publisher"),
    Call("/v1/instrumentation/shiny/usage?limit=20"),
    Call("/v1/audit_logs?limit=20"),
    Call("/v1/audit_logs?limit=20&ascOrder=false"),
    Call("/v1/audit/actions"),
    Call("content:/content/{item}/", "publisher"),
    Call("cold:/content/{item}/", "publisher"),
)


@dataclass
class Measured:
    """The median time of a call in milliseconds, how many statements it took, and how it was answered."""

    milliseconds: float
    statements: int
    status: int


class House:
    """A whole server over a crowd of some size, asked in process."""

    def __init__(self, folder: Path, items: int) -> None:
        self.opened = open_installation(Settings(data_dir=folder / str(items)))
        self.crowd: Crowd = fill(self.opened.db, items)
        self.opened.db.write_now(lambda s: s.connection().exec_driver_sql("analyze"))
        _publish(self.opened.data_dir, self.opened.db, self.crowd.item)
        self.app = composition.create_app(Settings(data_dir=folder / str(items)), self.opened)
        keys = {"admin": self.crowd.admin_key, "publisher": self.crowd.publisher_key}
        transport = httpx.ASGITransport(self.app.asgi)
        self.clients = {
            name: httpx.AsyncClient(
                transport=transport, base_url="http://localhost:3939", headers={"Authorization": f"Key {key}"}
            )
            for name, key in keys.items()
        }

    def address(self, call: Call) -> str:
        crowd = self.crowd
        path = call.path.format(publisher=crowd.publisher, item=crowd.item, group=crowd.group)
        return path.partition(":")[2] if path.startswith(("content:", "cold:")) else f"/__api__{path}"

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        seen: list[str] = []

        def note(*given: Any) -> None:
            if not given[2].startswith(("BEGIN", "PRAGMA")):
                seen.append(given[2])

        event.listen(self.opened.db.engine, "before_cursor_execute", note)
        yield seen
        event.remove(self.opened.db.engine, "before_cursor_execute", note)

    async def measure(self, call: Call, rounds: int = ROUNDS) -> Measured:
        client, address = self.clients[call.who], self.address(call)
        times: list[float] = []
        statements, status = 0, 0
        for number in range(ROUNDS_OF_WHOLE if call.whole else rounds):
            if call.path.startswith("cold:"):
                self.app.services.directory.forget(self.crowd.item)
            with self.counted() as seen:
                begun = time.perf_counter()
                reply = await client.get(address)
                spent = time.perf_counter() - begun
            if number:  # the first one warms
                times.append(spent)
            statements, status = len(seen), reply.status_code
        return Measured(1000 * statistics.median(times), statements, status)

    async def close(self) -> None:
        await self.app.services.usage.aclose()
        for client in self.clients.values():
            await client.aclose()
        self.opened.close()


def _publish(data: Path, db: Database, guid: str) -> None:
    """Give the item a page of its own, so that opening it goes all the way."""

    def write(session: Session) -> str:
        item = contents.by_guid(session, guid)
        item.app_mode = "static"
        bundle = session.get(Bundle, item.bundle_id)
        assert bundle is not None
        bundle.app_mode = "static"
        session.add_all([item, bundle])
        return folder_of(bundle)

    code = data / "bundles" / db.write_now(write) / CODE
    code.mkdir(parents=True)
    (code / "index.html").write_text("<title>Own</title>")
    manifest = {"version": 1, "metadata": {"appmode": "static", "primary_html": "index.html"}, "files": {}}
    (code / "manifest.json").write_text(json.dumps(manifest))


async def compare(folder: Path) -> list[str]:
    """Print the table; returns the calls whose ratio or number of statements is too high."""
    small, large = House(folder, SMALL), House(folder, LARGE)
    print(f"{'call':78} {'who':9} {SMALL:>8} {LARGE:>9} {'ratio':>6} {'SQL':>7}")
    wrong = []
    for call in CALLS:
        before, after = await small.measure(call), await large.measure(call)
        ratio = after.milliseconds / before.milliseconds
        grows = after.statements > before.statements + LEEWAY
        mark = " no pages" if call.whole else " SLOW" if ratio > LIMIT else ""
        mark += " MORE STATEMENTS" if grows and not call.whole else ""
        mark += f" status {after.status}" if after.status not in (200, 404) else ""
        print(
            f"{call.path[:78]:78} {call.who:9} {before.milliseconds:6.1f}ms {after.milliseconds:7.1f}ms {ratio:6.2f}"
            f" {before.statements:3}/{after.statements:3}{mark}",
            flush=True,
        )
        if mark and not call.whole:
            wrong.append(f"{call.path} ({call.who})")
    await small.close()
    await large.close()
    return wrong


def main() -> None:
    """Compare, and leave with 1 where something grows."""
    composition.discover = list  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        wrong = asyncio.run(compare(Path(folder)))
    if wrong:
        print("grows with the crowd: " + ", ".join(wrong))
        sys.exit(1)


if __name__ == "__main__":
    main()
