"""One connection in a database, its provider, and processes of our own that ask for its token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.harness.engine_process import KEY, Child, Engines, Order
from tests.harness.grants import Node
from tests.harness.tiny_provider import TinyProvider


@dataclass
class House:
    """One connection in a database, its provider, and processes that ask for its token."""

    node: Node
    provider: TinyProvider
    forks: Engines
    person: Any
    row: Any
    guid: str

    async def consent(self) -> None:
        await self.node.connect(self.provider, self.person, self.row)

    def start(self, **options: Any) -> Child:
        order = Order(str(self.node.url), user=self.person.user_id, integration=self.row.id, **options)
        return self.forks.start(order)

    def ask(self, **options: Any) -> str:
        (said,) = self.start(**options).answer()
        return said


@asynccontextmanager
async def house(url: str, provider: TinyProvider, forks: Engines) -> AsyncIterator[House]:
    async with Node(url, KEY) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        yield House(node, provider, forks, person, row, await node.connect(provider, person, row))
