"""Variants, renderings and schedules on the wire (connect-api.md 2.6): the old, unversioned shapes, with whole numbers.

Content has exactly one variant, the default one, and its id is the content's own: no client makes others here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NotRequired
from zoneinfo import ZoneInfo

from typing_extensions import TypedDict

from server.content.view import ContentView, variant_key
from server.db.clock import wire
from server.db.models import Content, Rendering, Schedule
from server.renderings.recurrence import RuleProblem, Type, moment, next_run, parse
from server.web.described import RowNumber, text

LONGEST = 4096
Text = Annotated[str, text(LONGEST, least=1)]


class VariantObject(TypedDict):
    """The default variant of rendered content. `render_duration` is in nanoseconds; without a rendering it is 0."""

    id: int
    app_id: int
    key: str
    bundle_id: int | None
    is_default: bool
    name: str
    email_collaborators: bool
    email_viewers: bool
    email_all: bool
    created_time: str
    rendering_id: int | None
    render_time: str | None
    render_duration: int
    visibility: str
    owner_id: int


class RenderingObject(TypedDict):
    """One rendering; `active` is the one that is shown."""

    id: int
    app_id: int
    app_guid: str
    variant_id: int
    variant_key: str
    bundle_id: int
    job_key: str
    render_time: str
    render_duration: int
    active: bool


class ScheduleObject(TypedDict):
    """When a variant is rendered. `schedule` is the rule, JSON in a string; `start_time` is as it was sent."""

    id: int
    app_id: int
    variant_id: int
    type: Type
    schedule: str
    start_time: str
    timezone: str
    email: bool
    activate: bool
    next_run: str | None


class NewSchedule(TypedDict):
    """A schedule to be made."""

    app_id: NotRequired[RowNumber | None]
    variant_id: RowNumber
    type: Type
    schedule: Text
    start_time: Text
    timezone: Text
    email: NotRequired[bool | None]
    activate: NotRequired[bool | None]


class ScheduleChange(TypedDict, total=False):
    """What changes of a schedule; what is not sent stays."""

    app_id: RowNumber | None
    variant_id: RowNumber | None
    type: Type
    schedule: Text
    start_time: Text
    timezone: Text
    email: bool | None
    activate: bool | None


class RenderInput(TypedDict, total=False):
    """Which variant to render; there is one, so its key may be left out."""

    variant_key: Annotated[str, text(64)] | None


class SenderQuery(TypedDict, total=False):
    """Whom to send a rendering."""

    email: Literal["me", "collaborators", "collaborators_viewers"]
    rendering_id: str


class RenderBegun(TypedDict):
    """The task that was started."""

    task_id: str


class RenderTask(TypedDict):
    """A rendering that was begun, in the old shape of tasks and the new one."""

    id: str
    user_id: int
    status: list[str]
    output: list[str]
    result: None
    finished: bool
    code: int
    error: str
    last: int
    last_status: int


def variant_object(content: Content, shown: Rendering | None) -> VariantObject:
    """The variant; `shown` is the rendering of the version that serves."""
    assert content.id is not None
    return {
        "id": content.id,
        "app_id": content.id,
        "key": variant_key(content.guid),
        "bundle_id": content.bundle_id,
        "is_default": True,
        "name": "default",
        "email_collaborators": False,
        "email_viewers": False,
        "email_all": False,
        "created_time": wire(content.created_time) or "",
        "rendering_id": None if shown is None else shown.id,
        "render_time": None if shown is None else wire(shown.time),
        "render_duration": 0 if shown is None else _nanoseconds(shown),
        "visibility": "public",
        "owner_id": content.owner_id,
    }


def rendering_object(row: Rendering, view: ContentView, *, active: bool) -> RenderingObject:
    """One rendering."""
    assert row.id is not None
    return {
        "id": row.id,
        "app_id": row.content_id,
        "app_guid": view.guid,
        "variant_id": row.content_id,
        "variant_key": variant_key(view.guid),
        "bundle_id": row.bundle_id,
        "job_key": row.job_key,
        "render_time": wire(row.time) or "",
        "render_duration": _nanoseconds(row),
        "active": active,
    }


def _nanoseconds(row: Rendering) -> int:
    return int(row.seconds * 1e9)


def schedule_object(row: Schedule, moment_now: datetime) -> ScheduleObject:
    """One schedule, with the next time it comes due after `moment_now`."""
    assert row.id is not None
    rule = parse(row.type, row.rule)
    try:
        due = next_run(rule, moment(row.start_time), ZoneInfo(row.timezone), moment_now)
    except RuleProblem:
        due = None
    return {
        "id": row.id,
        "app_id": row.content_id,
        "variant_id": row.content_id,
        "type": rule.type,
        "schedule": row.rule,
        "start_time": row.start_time,
        "timezone": row.timezone,
        "email": row.email,
        "activate": row.activate,
        "next_run": None if due is None else wire(due),
    }
