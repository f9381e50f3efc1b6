"""The settings pages of one content item: what its tabs share, and the Info tab."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard import forms
from dashboard.desk import Desk, Refused
from dashboard.health import health, known_kind
from dashboard.thumbnail import thumbnail
from dashboard.views.content import MOST_VISITS, ContentHead, ContentInfo, Labels, TagView
from server.access.policy import may_edit, may_read_record
from server.content import lists, overview
from server.content.editing import Editing
from server.content.view import ContentView
from server.db.clock import now
from server.db.models import Instance
from server.instances import store as instances
from server.renderings import documents
from server.renderings import store as renderings
from server.tags import store as tags
from server.tags.carrying import placed
from server.usage import store as usage
from server.vanity import store as vanities
from server.web.caller import Caller

Tab = Literal["info", "access", "sharing", "logs"]
NEWEST = 30
LONGEST_TITLE, LONGEST_DESCRIPTION = 1000, 4000


class ContentFrame:
    """Finds the item a settings page is about, and draws the top that its tabs share."""

    def __init__(self, desk: Desk) -> None:
        self._services = desk.services

    async def editable(self, request: Request, caller: Caller) -> ContentView:
        """The item in the path, if the caller may change it.

        What she may not see answers as what does not exist (404, security.md S-11); what she may only open
        raises Refused.
        """
        view = await self._services.directory.by_guid(_guid(request))
        if view is None or not may_read_record(caller, view):
            raise HTTPException(404)
        if not may_edit(caller, view):
            reason = f"This page is for the people who can change {view.title}. You can still open the app itself."
            raise Refused(reason, view.owner_name)
        return view

    async def runs(self, view: ContentView) -> list[Instance]:
        """The newest runs and builds of the item, newest first."""
        return await self._services.db.read(instances.listing, view.id, NEWEST)

    async def head(self, view: ContentView, tab: Tab, runs: list[Instance]) -> ContentHead:
        """The top of a tab."""
        used = await self._services.associations.for_content(view.guid)
        serving = [run for run in runs if run.bundle_id == view.bundle_id and run.tag != overview.BUILD]
        failed = bool(serving) and overview.failed(serving[0])
        return ContentHead(
            guid=view.guid,
            title=view.title,
            kind=known_kind(view.app_mode),
            owner=view.owner_name,
            health=health(self._services.pool, view.guid, view.app_mode, view.bundle_id, failed=failed),
            tab=tab,
            may_edit=True,
            as_you=any(there.auth_type in overview.PERSONAL for there in used),
        )


class InfoPages:
    """`/apps/{guid}/info`: title, description and facts."""

    def __init__(self, desk: Desk, frame: ContentFrame) -> None:
        self._desk, self._frame, self._services = desk, frame, desk.services
        self._editing = Editing(self._services.db, self._services.directory, self._services.trail)

    async def start(self, request: Request, _caller: Caller) -> Response:
        """The address without a tab."""
        return RedirectResponse(f"/apps/{_guid(request)}/info", 303)

    async def info(self, request: Request, caller: Caller) -> Response:
        """The tab."""
        return await self.again(request, caller, await self._frame.editable(request, caller))

    async def save(self, request: Request, caller: Caller) -> Response:
        """The form: title and description."""
        form = await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        title, description = form.line("title"), form.text("description")
        checks = {
            "title": forms.unfit(title, LONGEST_TITLE),
            "description": forms.unfit(description, LONGEST_DESCRIPTION, lines=True),
        }
        problems = {name: text for name, text in checks.items() if text}
        if problems:
            return await self.again(request, caller, view, typed=(title, description), problems=problems)
        await self._editing.describe(caller, view, title=title, description=description)
        return self._desk.back(caller, f"/apps/{view.guid}/info", "Saved.")

    async def again(
        self,
        request: Request,
        caller: Caller,
        view: ContentView,
        *,
        typed: tuple[str, str] | None = None,
        typed_path: str | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> Response:
        """The tab, with what was typed and what is wrong with it, where something is."""
        details = await self._services.db.read(overview.details, view.guid)
        labels = await self._services.db.read(_labels, view, typed_path)
        month = now() - timedelta(days=30)
        visits = await self._services.db.read(usage.visits_since, view.id, month, MOST_VISITS)
        runs = await self._frame.runs(view)
        title, description = typed or (details.title, details.description)
        shown = ContentInfo(
            page=self._desk.page(request, caller, view.title),
            content=await self._frame.head(view, "info", runs),
            title=title,
            description=description,
            url=f"{self._services.settings.origin}{view.path}/",
            created=details.created,
            deployed=details.deployed,
            python_version=details.python_version,
            bundle=str(details.bundle_id or ""),
            bundle_size=details.bundle_size,
            environment_variables=details.variables,
            visits=visits,
            failure=failure(runs[0]) if runs else "",
            rendered=await self._rendered(view),
            labels=labels,
            problems=problems or {},
        )
        return self._desk.show("content_info", shown, 400 if problems else 200)

    async def _rendered(self, view: ContentView) -> datetime | None:
        """When what is shown was rendered; None where it is not of a rendered kind, or was not rendered yet."""
        if view.bundle_id is None or not documents.is_rendered(view.app_mode):
            return None
        shown = await self._services.db.read(renderings.newest, view.bundle_id)
        return None if shown is None else shown.time

    async def render(self, request: Request, caller: Caller) -> Response:
        """The button: render what is served once more; the log shows how it goes."""
        await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        await self._services.rerender.begin(caller, view)
        return self._desk.back(caller, f"/apps/{view.guid}/logs", "Rendering has begun.")

    def routes(self) -> list[Route]:
        """The addresses of this tab."""
        return [
            self._desk.route("GET", "/apps/{guid}", self.start),
            self._desk.route("POST", "/apps/{guid}/render", self.render),
            self._desk.route("GET", "/apps/{guid}/info", self.info),
            self._desk.route("POST", "/apps/{guid}/info", self.save),
        ]


def _labels(session: Session, view: ContentView, typed_path: str | None) -> Labels:
    """What describes an item beside its title. Four statements."""
    path = vanities.of_many(session, [view.id]).get(view.id, "")
    carried = {tag.id for tag in tags.of_content(session, view.id)}
    everything = [TagView(str(one.number), one.name, one.above) for one in placed(tags.listing(session))]
    return Labels(
        path=path,
        typed_path=path.strip("/") if typed_path is None else typed_path,
        tags=tuple(one for one in everything if int(one.id) in carried),
        choices=tuple(one for one in everything if int(one.id) not in carried),
        picture=lists.pictures(session, [view.id]).get(view.id, ""),
        drawing=thumbnail(known_kind(view.app_mode), view.title),
    )


def failure(run: Instance) -> str:
    """What went wrong with the newest run or build, as a sentence; empty when all is well."""
    if not overview.failed(run):
        return ""
    if run.tag == overview.BUILD:
        return f"Version {run.bundle_id} could not be prepared. {_sentence(run.error or '')}"
    if run.tag in instances.RENDERINGS:
        return f"Version {run.bundle_id} could not be rendered. {_sentence(run.error or '')}"
    if run.exit_code is None:
        return f"Version {run.bundle_id} did not start."
    return f"Version {run.bundle_id} ended by itself. {_sentence(run.error or '')}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _guid(request: Request) -> str:
    """The GUID in the path. What is none cannot exist: 404."""
    value: str = request.path_params["guid"]
    try:
        parsed = str(uuid.UUID(value))
    except ValueError:
        raise HTTPException(404) from None
    if parsed != value.lower():
        raise HTTPException(404)
    return parsed
