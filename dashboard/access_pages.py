"""The Access tab of one content item: who may open it, its people, and what it may use in whose name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.content_pages import ContentFrame
from dashboard.desk import Desk, number_in
from dashboard.views.content import (
    AccessType,
    ContentAccess,
    IntegrationChoice,
    Permission,
    PersonChoice,
    PersonRole,
    UsedIntegration,
)
from dashboard.views.integrations import AuthType
from server.access.people import ContentPeople, PeopleView
from server.access.policy import may_edit
from server.content.editing import Editing
from server.content.view import ContentView
from server.oauth.fitting import misfit
from server.oauth.store import AssociationView
from server.web.caller import Caller
from server.web.errors import ApiError

ACCESS_TYPES = {
    "acl": "Specific people can open it now.",
    "logged_in": "Everyone with an account can open it now.",
    "all": "Anyone with the address can open it now.",
}
# How the access list calls a role, and how a form does.
LONGEST = 300
ROLES: dict[str, PersonRole] = {"creator": "owner", "owner": "collaborator", "viewer": "viewer"}
ON_THE_LIST = {"viewer": "viewer", "collaborator": "owner"}


class AccessPages:
    """`/apps/{guid}/access` and its forms."""

    def __init__(self, desk: Desk, frame: ContentFrame) -> None:
        self._desk, self._frame, self._services = desk, frame, desk.services
        services = desk.services
        self._people = ContentPeople(services.db, services.directory, services.trail)
        self._editing = Editing(services.db, services.directory, services.trail)

    async def access(self, request: Request, caller: Caller) -> Response:
        """The tab; `?add=integration` draws its dialog open, for browsers without a script."""
        view = await self._frame.editable(request, caller)
        return await self._show(request, caller, view, adding=request.query_params.get("add") == "integration")

    async def open_to(self, request: Request, caller: Caller) -> Response:
        """The form: who can open it."""
        form = await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        wanted = form.get("access_type")
        if wanted not in ACCESS_TYPES:
            return await self._refused(request, caller, view, "access_type", "Choose who can open it.")
        try:
            await self._editing.open_to(caller, view, wanted)
        except ApiError as error:
            return await self._refused(request, caller, view, "access_type", error.message)
        return self._back(caller, view, ACCESS_TYPES[wanted])

    async def add_person(self, request: Request, caller: Caller) -> Response:
        """The form: a username or a group's name, and a role."""
        form = await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        username, role = form.line("username"), form.get("role")
        typed = {"typed_username": username, "typed_role": role if role in ON_THE_LIST else "viewer"}
        if not username:
            return await self._refused(
                request, caller, view, "username", "Type the username of a person, or the name of a group.", **typed
            )
        try:
            called = await self._people.add(caller, view, username[:LONGEST], ON_THE_LIST.get(role, "viewer"))
        except ApiError as error:
            return await self._refused(request, caller, view, "username", error.message, **typed)
        return self._back(caller, view, f"{called} can {'change' if role == 'collaborator' else 'open'} it now.")

    async def remove_person(self, request: Request, caller: Caller) -> Response:
        """The button beside a person."""
        await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        number = number_in(request)
        await self._people.remove(caller, view, number)
        left = await self._services.directory.by_guid(view.guid)
        if left is None or not may_edit(caller, left):
            return self._desk.back(caller, "/", f"You no longer change {view.title}.")
        return self._back(caller, view, "Removed. Pages they had open are closed.")

    async def add_integration(self, request: Request, caller: Caller) -> Response:
        """The dialog's form: one more integration."""
        form = await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        wanted = form.get("integration_guid").lower()
        there = await self._services.associations.for_content(view.guid)
        guids = [used.guid for used in there if used.guid != wanted]
        if not wanted:
            return await self._refused(request, caller, view, "integration_guid", "Choose an integration.", adding=True)
        try:
            now_used = await self._services.associations.replace(caller, view, [*guids, wanted])
        except ApiError as error:
            return await self._refused(request, caller, view, "integration_guid", error.message, adding=True)
        label = next(used.label for used in now_used if used.guid == wanted)
        return self._back(caller, view, f"The app can use {label} now.")

    async def remove_integration(self, request: Request, caller: Caller) -> Response:
        """The button beside an integration."""
        await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        gone = request.path_params["integration"].lower()
        there = await self._services.associations.for_content(view.guid)
        removed = next((used for used in there if used.guid == gone), None)
        if removed is None:
            raise HTTPException(404)
        await self._services.associations.replace(caller, view, [used.guid for used in there if used is not removed])
        return self._back(caller, view, f"The app can no longer use {removed.label}.")

    async def pin_role(self, request: Request, caller: Caller) -> Response:
        """The form beside an integration of a vendor with roles: one role for every viewer, or none."""
        form = await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        wanted, role = request.path_params["integration"].lower(), form.line("role")
        there = await self._services.associations.for_content(view.guid)
        if all(used.guid != wanted for used in there):
            raise HTTPException(404)
        try:
            await self._services.associations.replace(caller, view, [used.guid for used in there], {wanted: role})
        except ApiError as error:
            return self._desk.back(caller, f"/apps/{view.guid}/access", error.message, "warning")
        text = f"Everybody uses it in the role {role} now." if role else "Each viewer chooses a role now."
        return self._back(caller, view, text)

    def _back(self, caller: Caller, view: ContentView, text: str) -> Response:
        return self._desk.back(caller, f"/apps/{view.guid}/access", text)

    async def _refused(
        self, request: Request, caller: Caller, view: ContentView, field: str, text: str, **typed: Any
    ) -> Response:
        return await self._show(request, caller, view, problems={field: text}, **typed)

    async def _show(
        self,
        request: Request,
        caller: Caller,
        view: ContentView,
        *,
        adding: bool = False,
        problems: Mapping[str, str] | None = None,
        typed_username: str = "",
        typed_role: PersonRole = "viewer",
    ) -> Response:
        people = await self._people.of(view)
        used = await self._services.associations.for_content(view.guid)
        shown = ContentAccess(
            page=self._desk.page(request, caller, f"Access to {view.title}"),
            content=await self._frame.head(view, "access", await self._frame.runs(view)),
            access_type=cast(AccessType, view.access_type),
            accounts=people.accounts,
            people=_permissions(people),
            candidates=tuple(PersonChoice(username=p.username, name=p.name) for p in people.suggested),
            integrations=await self._used(caller, used),
            available=await self._available(caller, view, used),
            adding=adding,
            typed_username=typed_username,
            typed_role=typed_role,
            problems=problems or {},
        )
        return self._desk.show("content_access", shown, 400 if problems else 200)

    async def _used(self, caller: Caller, used: tuple[AssociationView, ...]) -> tuple[UsedIntegration, ...]:
        own = await self._services.vault.connections.of_user(caller.user_id) if used else []
        connections = {one.integration_guid: one for one in own if one.status == "connected"}
        found = []
        for there in used:
            mine = connections.get(there.guid)
            found.append(
                UsedIntegration(
                    guid=there.guid,
                    name=there.label,
                    vendor=there.template,
                    vendor_label=self._vendor(there.template),
                    auth_type=cast(AuthType, there.auth_type),
                    description=there.description or "",
                    connected=mine is not None,
                    account=(mine.account or "") if mine else "",
                    since=mine.created_time if mine else None,
                    connection_guid=mine.guid if mine else "",
                    takes_roles=there.takes_roles and there.auth_type == "Viewer",
                    role=there.role,
                )
            )
        return tuple(found)

    async def _available(
        self, caller: Caller, view: ContentView, used: tuple[AssociationView, ...]
    ) -> tuple[IntegrationChoice, ...]:
        there = {one.guid for one in used}
        return tuple(
            IntegrationChoice(
                guid=row.guid,
                name=row.name or row.template,
                vendor=row.template,
                vendor_label=self._vendor(row.template),
                auth_type=cast(AuthType, row.auth_type),
                description=row.description or "",
                refusal=misfit(row.auth_type, view.app_mode, view.access_type) or "",
            )
            for row in await self._services.integrations.usable_by(caller)
            if row.guid not in there
        )

    def _vendor(self, key: str) -> str:
        template = self._services.integrations.catalog.get(key)
        return template.name if template else key

    def routes(self) -> list[Route]:
        """The addresses of this tab."""
        at = "/apps/{guid}"
        return [
            self._desk.route("GET", f"{at}/access", self.access),
            self._desk.route("POST", f"{at}/access/type", self.open_to),
            self._desk.route("POST", f"{at}/access/people", self.add_person),
            self._desk.route("POST", at + "/access/people/{number:int}/remove", self.remove_person),
            self._desk.route("POST", f"{at}/integrations", self.add_integration),
            self._desk.route("POST", at + "/integrations/{integration}/remove", self.remove_integration),
            self._desk.route("POST", at + "/integrations/{integration}/role", self.pin_role),
        ]


def _permissions(people: PeopleView) -> tuple[Permission, ...]:
    return tuple(
        Permission(
            id="" if one.number is None else str(one.number),
            name=one.name,
            username=one.username,
            role=ROLES[one.role],
            members=one.members,
        )
        for one in people.listed
    )
