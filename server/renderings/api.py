"""Variants, renderings and schedules by API, at the old, unversioned addresses and the new one (connect-api.md 2.6)."""

from __future__ import annotations

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.audit.trail import Trail
from server.content import store as content
from server.content.view import ContentView, variant_key
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Content, Schedule
from server.renderings import schedules, store
from server.renderings.documents import is_rendered
from server.renderings.rerender import Rerender
from server.renderings.wire import (
    NewSchedule,
    RenderBegun,
    RenderingObject,
    RenderInput,
    RenderTask,
    ScheduleChange,
    ScheduleObject,
    SenderQuery,
    VariantObject,
    rendering_object,
    schedule_object,
    variant_object,
)
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import ApiError, invalid, not_found
from server.web.routes import LARGEST_ID, Routes, empty_reply, guid_in, json_reply, number_in

NO_SENDER = 43
TO_WHOM = ("me", "collaborators", "collaborators_viewers")
UNFIT = "The rule must be one of its type; ids, time zone and time must exist and belong together."
UNRENDERED = "The content must be of a rendered kind (code 147), and a version of it be served (code 28)."


class RenderingsApi:
    """The routes."""

    def __init__(self, db: Database, guard: Guard, rerender: Rerender, trail: Trail) -> None:
        self._db, self._guard, self._rerender, self._trail = db, guard, rerender, trail

    async def _readable(self, caller: Caller, number: int, what: str = "variant") -> ContentView:
        """The content whose variant has this id. Raises ApiError 404; what may not be seen answers as what is not."""
        row = await self._db.read(lambda session: session.get(Content, number))
        try:
            view = await self._guard.readable(caller, row.guid if row is not None else "")
        except ApiError:
            raise not_found(what) from None
        if not is_rendered(view.app_mode):
            raise not_found(what)
        return view

    async def _editable(self, caller: Caller, number: int, what: str = "variant") -> ContentView:
        """As _readable, for those who may change it. Raises ApiError 403 for those who may only look."""
        view = await self._readable(caller, number, what)
        return await self._guard.editable(caller, view.guid)

    async def variants(self, request: Request, caller: Caller) -> Response:
        """The variants of content: one where it is rendered, none where it is not."""
        view = await self._guard.readable(caller, guid_in(request))
        shown = [await self._db.read(_variant, view.guid)] if is_rendered(view.app_mode) else []
        return json_reply(shown)

    async def variant(self, request: Request, caller: Caller) -> Response:
        """One variant."""
        view = await self._readable(caller, number_in(request, "id"))
        return json_reply(await self._db.read(_variant, view.guid))

    async def renderings(self, request: Request, caller: Caller) -> Response:
        """The renderings that succeeded, newest first."""
        view = await self._editable(caller, number_in(request, "id"))
        rows = await self._db.read(store.of_content, view.id)
        shown = next((row.id for row in rows if row.bundle_id == view.bundle_id), None)
        return json_reply([rendering_object(row, view, active=row.id == shown) for row in rows])

    async def render(self, request: Request, caller: Caller) -> Response:
        """Render the version that is served once more; answers a task."""
        view = await self._editable(caller, number_in(request, "id"))
        begun: RenderTask = {
            "id": await self._rerender.begin(caller, view),
            "user_id": caller.user_id,
            "status": [],
            "output": [],
            "result": None,
            "finished": False,
            "code": 0,
            "error": "",
            "last": 0,
            "last_status": 0,
        }
        return json_reply(begun)

    async def render_content(self, request: Request, caller: Caller) -> Response:
        """Render the version that is served once more."""
        view = await self._guard.editable(caller, guid_in(request))
        wanted = Fields(await read_object(request)).text("variant_key", limit=64)
        if wanted not in ("", "default", variant_key(view.guid)):
            raise not_found("variant")
        begun: RenderBegun = {"task_id": await self._rerender.begin(caller, view)}
        return json_reply(begun, 202)

    async def send(self, request: Request, caller: Caller) -> Response:
        """Mail a rendering: this server sends no mail, and says so."""
        await self._readable(caller, number_in(request, "id"))
        if request.query_params.get("email", TO_WHOM[0]) not in TO_WHOM:
            raise invalid(f"email must be one of {', '.join(TO_WHOM)}.")
        raise ApiError(409, NO_SENDER, "This server sends no mail; give people the content's address instead.")

    async def schedules(self, request: Request, caller: Caller) -> Response:
        """The schedules of a variant: one or none."""
        view = await self._editable(caller, number_in(request, "id"))
        row = await self._db.read(schedules.of_content, view.id)
        return json_reply([] if row is None else [schedule_object(row, now())])

    async def add_schedule(self, request: Request, caller: Caller) -> Response:
        """Make a variant's schedule."""
        given = Fields(await read_object(request))
        number = _number(given, "variant_id")
        if number is None:
            raise invalid("variant_id must be the id of a variant.")
        view = await self._editable(caller, number)
        _same_content(given, view)
        fields = schedules.fields_of(given)

        def write(session: Session) -> ScheduleObject:
            row = schedules.add(session, view.id, fields)
            self._trail.record(session, caller, "add_schedule", content_guid=view.guid, type=row.type)
            return schedule_object(row, now())

        return json_reply(await self._db.write(write))

    async def _scheduled(self, request: Request, caller: Caller) -> tuple[int, ContentView]:
        number = number_in(request, "id")
        row = await self._db.read(lambda session: session.get(Schedule, number))
        return number, await self._editable(caller, 0 if row is None else row.content_id, "schedule")

    async def change_schedule(self, request: Request, caller: Caller) -> Response:
        """Change a schedule; what is not sent stays."""
        number, view = await self._scheduled(request, caller)
        given = Fields(await read_object(request))
        _same_content(given, view)
        fields = schedules.fields_of(given)

        def write(session: Session) -> ScheduleObject:
            row = schedules.change(session, number, fields)
            self._trail.record(session, caller, "edit_schedule", content_guid=view.guid, type=row.type)
            return schedule_object(row, now())

        return json_reply(await self._db.write(write))

    async def remove_schedule(self, request: Request, caller: Caller) -> Response:
        """Delete a schedule."""
        number, view = await self._scheduled(request, caller)

        def write(session: Session) -> None:
            session.delete(schedules.one(session, number))
            self._trail.record(session, caller, "remove_schedule", content_guid=view.guid)

        await self._db.write(write)
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        routes.get("/applications/{guid}/variants", says=Says(reply=list[VariantObject]))(self.variants)
        routes.get("/variants/{id}", says=Says(reply=VariantObject))(self.variant)
        routes.get("/variants/{id}/renderings", says=Says(reply=list[RenderingObject]))(self.renderings)
        begun = Says(reply=RenderTask, fails=(409,), refuses=UNRENDERED)
        routes.post("/variants/{id}/render", role="publisher", says=begun)(self.render)
        sent = Says(reply=RenderTask, query=SenderQuery, fails=(409,))
        routes.post("/variants/{id}/sender", says=sent)(self.send)
        routes.get("/variants/{id}/schedules", says=Says(reply=list[ScheduleObject]))(self.schedules)
        made = Says(reply=ScheduleObject, body=NewSchedule, fails=(404, 409), refuses=UNFIT)
        routes.post("/schedules", role="publisher", says=made)(self.add_schedule)
        changed = Says(reply=ScheduleObject, body=ScheduleChange, optional_body=True, refuses=UNFIT)
        routes.post("/schedules/{id}", role="publisher", says=changed)(self.change_schedule)
        routes.delete("/schedules/{id}", role="publisher", says=Says(status=204))(self.remove_schedule)
        works = Says(
            reply=RenderBegun, status=202, body=RenderInput, optional_body=True, fails=(409,), refuses=UNRENDERED
        )
        routes.post("/v1/content/{guid}/render", role="publisher", says=works)(self.render_content)
        return routes


def _variant(session: Session, guid: str) -> VariantObject:
    row = content.by_guid(session, guid)
    shown = None if row.bundle_id is None else store.newest(session, row.bundle_id)
    return variant_object(row, shown)


def _number(given: Fields, name: str) -> int | None:
    """A row's number, or None where there is none. Raises ApiError 400."""
    value = given.data.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_ID):
        raise invalid(f"{name} must be a whole number.")
    return value


def _same_content(given: Fields, view: ContentView) -> None:
    """Raises ApiError 400 where ids of another content item are sent."""
    for name in ("app_id", "variant_id"):
        if _number(given, name) not in (None, view.id):
            raise invalid(f"{name} is not the one of this schedule's content.")
