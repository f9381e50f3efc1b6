"""Starts long work, collects its output line by line and answers long polls (connect-api.md 2.5)."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, delete, select

from server.db.clock import now
from server.db.engine import Database
from server.db.models import Task, TaskLine
from server.db.owner import left_behind, owner_of

log = logging.getLogger("tabard.tasks")
LONGEST_WAIT = 30.0
MOST_LINES = 20_000
LONGEST_LINE = 4_000
KEEP = timedelta(days=7)
ELSEWHERE = 0.5


class TaskFailed(Exception):
    """The work ended without success; the text is for the person who asked for it."""


@dataclass
class Running:
    """A task of this process that is still going."""

    lines: list[str] = field(default_factory=list)
    saved: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def report(self, text: str) -> None:
        """Add output; long lines are cut, and so is endless output."""
        for line in text.splitlines() or [""]:
            if len(self.lines) < MOST_LINES:
                self.lines.append(line[:LONGEST_LINE])
            elif len(self.lines) == MOST_LINES:
                self.lines.append("… output is cut here")
        self.changed.set()


# The task whose work is running.
CURRENT: ContextVar[str] = ContextVar("task")
Work = Callable[[Callable[[str], None]], Awaitable[dict[str, Any] | None]]


class Tasks:
    """Runs and remembers tasks. Output is saved a few times a second and always before a task ends."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._running: dict[str, Running] = {}
        self._jobs: set[asyncio.Task[None]] = set()

    async def start(self, user_guid: str, content_guid: str | None, work: Work) -> str:
        """Begin `work(report)`; returns the task's id at once. TaskFailed from it is the task's error."""
        row = Task(id=secrets.token_hex(8), user_guid=user_guid, content_guid=content_guid, owner=self._db.owner)
        await self._db.write(lambda session: session.add(row))
        running = self._running[row.id] = Running()
        job = asyncio.create_task(self._run(row.id, running, work), name=f"task {row.id}")
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return row.id

    async def _run(self, task_id: str, running: Running, work: Work) -> None:
        CURRENT.set(task_id)
        saver = asyncio.create_task(self._keep_saving(task_id, running))
        code, error, result = 1, "The server stopped before this was done.", None
        try:
            result = await work(running.report)
            code, error = 0, ""
        except TaskFailed as failure:
            error = str(failure)
        except asyncio.CancelledError:
            running.report(error)
        except Exception:
            log.exception("task %s failed", task_id)
            error = "Something went wrong in the server; its log says what."
        finally:
            saver.cancel()
            await asyncio.shield(self._finish(task_id, running, code, error, result))

    async def _finish(
        self, task_id: str, running: Running, code: int, error: str, result: dict[str, Any] | None
    ) -> None:
        def write(session: Session) -> None:
            self._save_lines(session, task_id, running)
            row = session.get(Task, task_id)
            if row is not None:
                row.finished, row.code, row.error, row.result = True, code, error, result
                session.add(row)

        await self._db.write(write)
        self._running.pop(task_id, None)
        running.changed.set()

    def _save_lines(self, session: Session, task_id: str, running: Running) -> None:
        fresh = running.lines[running.saved :]
        for number, text in enumerate(fresh, running.saved):
            session.add(TaskLine(task_id=task_id, number=number, text=text.replace("\0", "�")))
        running.saved += len(fresh)

    async def _keep_saving(self, task_id: str, running: Running) -> None:
        while True:
            await asyncio.sleep(0.5)
            if running.saved < len(running.lines):
                await asyncio.shield(self._db.write(self._save_lines, task_id, running))

    async def poll(self, task_id: str, first: int, wait: float) -> tuple[Task, list[str], int] | None:
        """The task, its lines from `first` on, and the next `first`; waits up to `wait` seconds for news."""
        deadline = asyncio.get_running_loop().time() + min(wait, LONGEST_WAIT)
        while (running := self._running.get(task_id)) is not None:
            left = deadline - asyncio.get_running_loop().time()
            if len(running.lines) > first or left <= 0:
                break
            running.changed.clear()
            try:
                await asyncio.wait_for(running.changed.wait(), left)
            except TimeoutError:
                break
        row, saved = await self._db.read(self._load, task_id, first)
        # Another gateway is at it: what it says is in the database twice a second.
        while row is not None and not row.finished and running is None and not saved:
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(ELSEWHERE)
            row, saved = await self._db.read(self._load, task_id, first)
        if row is None:
            return None
        lines = running.lines[first:] if running is not None and not row.finished else saved
        return row, lines, first + len(lines)

    def _load(self, session: Session, task_id: str, first: int) -> tuple[Task | None, list[str]]:
        row = session.get(Task, task_id)
        query = select(TaskLine.text).where(TaskLine.task_id == task_id, TaskLine.number >= first)
        return row, list(session.exec(query.order_by(col(TaskLine.number))).all())

    def settlement(self) -> Callable[[Session], None]:
        """For running work: what it calls in the transaction that does what the task is for.

        A server that dies between that and the end of the task then finds the task done, not failed.
        """
        task_id = CURRENT.get()

        def settle(session: Session) -> None:
            row = session.get(Task, task_id)
            if row is not None:
                row.settled = True
                session.add(row)

        return settle

    def recover(self, session: Session) -> None:
        """At start: what was running when the server died has failed unless it was settled; old tasks go.

        What other gateways do goes on.
        """
        rows = session.exec(select(Task).where(col(Task.finished).is_(False))).all()
        left = left_behind((row.owner for row in rows), owner_of(session))
        for row in (row for row in rows if row.owner in left):
            row.finished = True
            if not row.settled:
                row.code, row.error = 1, "The server was restarted before this was done; try again."
            session.add(row)
        session.exec(delete(Task).where(col(Task.created_time) < now() - KEEP))

    async def aclose(self) -> None:
        """Stop what runs; each task is marked as interrupted."""
        for job in list(self._jobs):
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
