"""Jobs, their logs and what they use, as they are sent (connect-api.md 2.7)."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, NotRequired

from typing_extensions import TypedDict

from runners.journal import Entry
from runners.measuring import Measured
from server.content.view import variant_key
from server.db.clock import now, wire
from server.db.models import Instance
from server.instances.store import RENDERINGS
from server.web.described import Guid, Key, Moment, whole_number

ACTIVE: Final = 0
FINALIZED: Final = 2


class JobObject(TypedDict):
    """One run of content, or one piece of work on it. Status 0 runs, 2 has ended and no longer changes."""

    id: str
    ppid: str | None
    pid: str | None
    key: str
    remote_id: str | None
    app_id: str
    app_guid: Guid
    content_id: str
    content_guid: Guid
    variant_id: str
    variant_key: str | None
    bundle_id: str | None
    start_time: Moment
    end_time: Moment | None
    last_heartbeat_time: Moment
    queued_time: Moment | None
    queue_name: str | None
    tag: str
    exit_code: int | None
    error: str | None
    status: Literal[0, 2]
    hostname: str
    cluster: str
    image: str
    run_as: str
    skip_reason: str | None


class KillOrder(TypedDict):
    """The answer to an order to end a job."""

    guid: Guid
    app_id: int
    app_guid: Guid
    content_id: str
    content_guid: Guid
    job_id: int
    job_key: str
    result: str


class LogEntry(TypedDict):
    """One line a job printed."""

    source: Literal["stdout", "stderr"]
    timestamp: Moment
    data: str


class LogEntries(TypedDict):
    """The newest lines of a job, oldest first."""

    entries: list[LogEntry]


class JobError(TypedDict):
    """Why a job failed."""

    code: str
    summary: str
    help_url: str


class MetricSample(TypedDict):
    """What a process uses: the processor as a fraction of one core since it began, memory in bytes."""

    timestamp: Moment
    cpu_fraction: float
    memory_bytes: int
    connections: int | None
    process_id: int


class JobMetrics(TypedDict):
    """What a job uses at this moment; no samples once it has ended."""

    content_guid: Guid
    job_key: str
    samples: list[MetricSample]


class JobEvent(TypedDict):
    """An event of a job's output: `data` is the JSON of a LogEntry, or of an empty object where `event` is the end."""

    event: NotRequired[Literal["end"]]
    data: str


class JobPath(TypedDict):
    """Which job."""

    key: Key


class LogQuery(TypedDict, total=False):
    """How many lines at most."""

    maxLogLines: Annotated[int, whole_number(1)]


class DownloadQuery(TypedDict, total=False):
    """A name that clients send; it changes nothing."""

    filename: str


def job_object(row: Instance, content_guid: str) -> JobObject:
    """The job on the wire; it no longer changes once it has ended."""
    return {
        "id": str(row.id),
        "ppid": None,
        "pid": None if row.pid is None else str(row.pid),
        "key": row.key,
        "remote_id": None,
        "app_id": str(row.content_id),
        "app_guid": content_guid,
        "content_id": str(row.content_id),
        "content_guid": content_guid,
        "variant_id": str(row.content_id) if row.tag in RENDERINGS else "0",
        "variant_key": variant_key(content_guid) if row.tag in RENDERINGS else None,
        "bundle_id": None if row.bundle_id is None else str(row.bundle_id),
        "start_time": wire(row.start_time) or "",
        "end_time": wire(row.end_time),
        "last_heartbeat_time": wire(row.end_time or row.start_time) or "",
        "queued_time": None,
        "queue_name": None,
        "tag": row.tag,
        "exit_code": row.exit_code,
        "error": row.error,
        "status": ACTIVE if row.end_time is None else FINALIZED,
        "hostname": socket.gethostname(),
        "cluster": "Local",
        "image": "Local",
        "run_as": "",
        "skip_reason": None,
    }


def kill_order(row: Instance, content_guid: str) -> KillOrder:
    """The answer to an order to end a job."""
    return {
        "guid": content_guid,
        "app_id": row.content_id,
        "app_guid": content_guid,
        "content_id": str(row.content_id),
        "content_guid": content_guid,
        "job_id": row.id or 0,
        "job_key": row.key,
        "result": "Order to kill job registered",
    }


def log_entry(entry: Entry) -> LogEntry:
    """One line."""
    moment = wire(datetime.fromtimestamp(entry.at, UTC)) or ""
    return {"source": entry.stream, "timestamp": moment, "data": entry.text}


def job_error(row: Instance) -> JobError | None:
    """Why a job failed; None where it runs or ended well."""
    if row.end_time is None or (not row.error and row.exit_code in (None, 0)):
        return None
    summary = row.error or f"It ended with exit code {row.exit_code}."
    return {"code": "job-failed", "summary": summary, "help_url": ""}


def metric_sample(row: Instance, used: Measured) -> MetricSample:
    """What a running job's process uses now."""
    moment = now()
    seconds = max((moment - row.start_time).total_seconds(), 1.0)
    return {
        "timestamp": wire(moment) or "",
        "cpu_fraction": round(used.cpu_seconds / seconds, 4),
        "memory_bytes": used.memory,
        "connections": None,
        "process_id": row.pid or 0,
    }
