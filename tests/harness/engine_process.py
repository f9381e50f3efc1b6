"""Real processes with the real vault and nothing else, forked from one that has imported it: started in milliseconds.

Run as a program it reads orders, one JSON object a line, forks a child for each and prints what children say.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

KEY = b"e" * 32


@dataclass(frozen=True)
class Order:
    """Ask `times` at once for a token, `rounds` after another; `at` is a time.monotonic() to begin, 0 for now."""

    url: str
    user: int = 1
    integration: int = 1
    times: int = 1
    rounds: int = 1
    at: float = 0.0
    lease: float = 30.0
    total: float = 10.0


@dataclass
class Child:
    """One forked process; `said` holds its answers: tokens, or the names of errors with their reasons."""

    pid: int
    said: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)
    handle: int = -1

    def __post_init__(self) -> None:
        # A number may be another process's by the time of a signal; a handle never is.
        with contextlib.suppress(ProcessLookupError):
            self.handle = os.pidfd_open(self.pid)

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, number)

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.handle >= 0 and not select.select([self.handle], [], [], 0)[0]

    def answer(self, seconds: float = 20.0) -> list[str]:
        """What it said, once it has said all."""
        assert self.done.wait(seconds), "the process does not answer"
        return self.said


class Engines:
    """Starts children and hears them."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.harness.engine_process"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._children: dict[int, Child] = {}
        self._born: queue.Queue[Child] = queue.Queue()
        self._ears = threading.Thread(target=self._hear, daemon=True)
        self._ears.start()

    def start(self, order: Order) -> Child:
        """A new process at work."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        self._process.stdin.flush()
        return self._born.get(timeout=20)

    def _hear(self) -> None:
        assert self._process.stdout is not None
        early: dict[int, list[str]] = {}
        for line in self._process.stdout:
            word = json.loads(line)
            if "born" in word:
                child = self._children[word["born"]] = Child(word["born"])
                child.said += early.pop(child.pid, [])
                if child.said:
                    child.done.set()
                self._born.put(child)
            elif word["pid"] in self._children and not self._children[word["pid"]].done.is_set():
                child = self._children[word["pid"]]
                child.said += word["said"]
                child.done.set()
            else:  # faster than the news of its birth
                early[word["pid"]] = word["said"]

    def close(self) -> None:
        """End everything."""
        for child in self._children.values():
            child.signal(signal.SIGKILL)
            if child.handle >= 0:
                os.close(child.handle)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._ears.join(20)
        self._process.stdout.close()


@contextlib.contextmanager
def engines() -> Iterator[Engines]:
    """The way to have them for a while."""
    made = Engines()
    try:
        yield made
    finally:
        made.close()


async def _asked(order: Order, catalog: Any) -> list[str]:
    from integrations.http import OutboundClient
    from server.audit.trail import Trail
    from server.db.engine import Database
    from server.keys.keyring import Keyring
    from server.oauth.integrations import Integrations
    from server.vault.errors import VaultError
    from server.vault.vault import Vault

    db, keyring = Database(order.url), Keyring(KEY)
    trail = Trail(db)
    integrations = Integrations(db, keyring, catalog, trail, allow_local=True)
    client = OutboundClient(allow_local=True, total_seconds=order.total)
    vault = Vault(db, keyring, integrations, client=client, trail=trail, lease_seconds=order.lease)

    async def one() -> str:
        try:
            return (await vault.tokens.access_token(order.user, order.integration)).access_token.reveal()
        except VaultError as error:
            return f"{type(error).__name__}: {getattr(error, 'reason', '')}"

    while time.monotonic() < order.at:
        await asyncio.sleep(0.001)
    said: list[str] = []
    for _ in range(order.rounds):
        said += await asyncio.gather(*(one() for _ in range(order.times)))
    await vault.aclose()
    await trail.aclose()
    await client.aclose()
    db.close()
    return said


async def _prepare(url: str, provider: Any) -> Order:
    from tests.harness.grants import Node

    async with Node(url, KEY) as node:
        person, row = await node.person("alice"), await node.integration(provider.url)
        node.expire(await node.connect(provider, person, row))
        return Order(url, user=person.user_id, integration=row.id)


def _warm(catalog: Any) -> None:
    """Refresh once here: what is imported, configured and compiled by that, children need not do again."""
    from tests.harness.database import fresh_database
    from tests.harness.tiny_provider import TinyProvider

    with tempfile.TemporaryDirectory() as folder, TinyProvider() as provider:
        database = fresh_database(Path(folder))
        database.close()
        order = asyncio.run(_prepare(str(database.url), provider))
        assert asyncio.run(_asked(order, catalog))[0].startswith("at-")


def _tell(word: dict[str, Any]) -> None:
    """One line in one write: several processes share the pipe, and a short write is never mixed with another's."""
    os.write(1, json.dumps(word).encode() + b"\n")


def main() -> None:
    """Fork a child for every order until there are no more."""
    import psycopg  # noqa: F401  (what children need, they need not import)

    from integrations import catalog

    known = catalog.load()
    _warm(known)
    while threading.active_count() > 1:  # a fork takes none of them along
        time.sleep(0.001)
    # Children share the memory as it is now, instead of copying it when they look for garbage.
    gc.collect()
    gc.disable()
    gc.freeze()
    # Whoever dies is gone at once, as under an init.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = Order(**json.loads(line))
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                said = asyncio.run(_asked(order, known))
                _tell({"pid": os.getpid(), "said": said})
            finally:
                os._exit(0)
        _tell({"born": pid})


if __name__ == "__main__":
    main()
