"""A content item and a repository, with everything between them but the network."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from integrations.http import OutboundClient
from runners.tools import find
from server.bundles.intake import Intake
from server.bundles.shelf import Shelf
from server.db.engine import Database
from server.repository.api import RepositoryApi
from server.repository.fetching import Fetching, Means
from server.tasks.tasks import Tasks
from tests.harness.git import Origin
from tests.unit.server.standing import Standing

MANIFEST = '{"version": 1, "metadata": {"appmode": "python-streamlit", "entrypoint": "app.py"}}'


class GitDesk(Standing):
    """`origin` is a repository on this machine, which this server may fetch from."""

    def __init__(self, db: Database, root: Path) -> None:
        super().__init__(db, root)
        self.origin = Origin(root / "origin")
        self.tasks, self.shelf = Tasks(db), Shelf(root / "bundles", 10 * 1024 * 1024)
        self.outbound = OutboundClient(allow_local=True)
        self.intake = Intake(db, self.shelf, self.trail)
        self.fetching = self.over(Means(find("git"), root / "git", {}, allow_local=True))
        self.root = root

    def over(self, means: Means) -> Fetching:
        """Fetching by other means, and its routes."""
        made = Fetching(self.db, self.intake, self.outbound, means)
        self.routes = RepositoryApi(self.db, made, self.tasks, self.guard, self.trail).routes()
        return made

    def left(self) -> list[str]:
        """What lies on disk beside whole bundles."""
        incoming = [path.name for path in self.shelf.incoming.iterdir()]
        return incoming + [path.name for path in (self.root / "git").glob("*")]

    async def ended(self, task_id: str) -> tuple[Any, list[str]]:
        """A task at its end, with its output."""
        lines: list[str] = []
        async with asyncio.timeout(20):
            while True:
                found: Any = await self.tasks.poll(task_id, len(lines), 1.0)
                lines += found[1]
                if found[0].finished:
                    return found[0], lines

    async def aclose(self) -> None:
        """End everything."""
        await self.tasks.aclose()
        await self.outbound.aclose()
