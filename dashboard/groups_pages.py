"""Groups: publishers make them and fill their own, administrators change all of them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.views import groups as views
from dashboard.views.content import PersonChoice
from server.accounts import store as accounts
from server.content.overview import name_of
from server.db.models import User
from server.groups.policy import may_manage
from server.groups.store import GroupView
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.paging import LONGEST_PREFIX, Paging
from server.web.routes import guid_in

ROWS, MOST_SUGGESTED, LAST_PAGE = 100, 200, 1_000_000
REFUSAL = "Publishers and administrators look after groups. Ask one of them to add you to a group or to make one."


class GroupsPages:
    """`/groups`, `/groups/{guid}` and their forms."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services, self._groups = desk, desk.services, desk.services.groups

    async def listing(self, request: Request, caller: Caller) -> Response:
        """All groups by name; `?q=` says how names begin."""
        return await self._list(request, caller)

    async def create(self, request: Request, caller: Caller) -> Response:
        """The form: a name."""
        form = await self._desk.form(request, caller)
        name = form.line("name")
        try:
            made = await self._groups.create(caller, name)
        except ApiError as error:
            return await self._list(request, caller, typed_name=name, problems={"name": error.message})
        return self._desk.back(caller, f"/groups/{made.guid}", f"{made.name} is there. Add its people next.")

    async def one(self, request: Request, caller: Caller) -> Response:
        """One group and who is in it."""
        return await self._show(request, caller, await self._found(request, caller))

    async def rename(self, request: Request, caller: Caller) -> Response:
        """The form: another name."""
        form = await self._desk.form(request, caller)
        group, name = await self._found(request, caller), form.line("name")
        try:
            changed = await self._groups.change(caller, group.guid, name=name)
        except ApiError as error:
            return await self._show(request, caller, group, typed_name=name, problems={"name": error.message})
        return self._desk.back(caller, f"/groups/{group.guid}", f"It is called {changed.name} now.")

    async def delete(self, request: Request, caller: Caller) -> Response:
        """The button that deletes a group."""
        await self._desk.form(request, caller)
        group = await self._found(request, caller)
        try:
            await self._groups.delete(caller, group.guid)
        except ApiError as error:
            return self._desk.back(caller, f"/groups/{group.guid}", error.message, "error")
        return self._desk.back(caller, "/groups", f"{group.name} is gone, and so is the access it gave.")

    async def add(self, request: Request, caller: Caller) -> Response:
        """The form: a username."""
        form = await self._desk.form(request, caller)
        group, username = await self._found(request, caller), form.line("username")
        try:
            user = await self._services.db.read(accounts.by_name, username[:64]) if username else None
            if user is None:
                text = "Nobody here has this username; check its spelling." if username else "Type a username."
                raise ApiError(400, accounts.DUPLICATE_USER, text)
            await self._groups.add_member(caller, group.guid, user.guid)
        except ApiError as error:
            return await self._show(request, caller, group, typed=username, problems={"username": error.message})
        text = f"{name_of(user)} is in {group.name} now."
        return self._desk.back(caller, f"/groups/{group.guid}", text)

    async def remove(self, request: Request, caller: Caller) -> Response:
        """The button beside a person, who may be the caller herself."""
        await self._desk.form(request, caller)
        group, user_guid = await self._found(request, caller), guid_in(request, "user_guid")
        try:
            await self._groups.remove_member(caller, group.guid, user_guid)
        except ApiError as error:
            if error.status != 404:
                raise
            return self._desk.back(caller, f"/groups/{group.guid}", "They had left already.", "info")
        text = f"You left {group.name}." if user_guid == caller.guid else "Removed. Pages they had open are closed."
        return self._desk.back(caller, f"/groups/{group.guid}", text)

    async def _found(self, request: Request, caller: Caller) -> GroupView:
        try:
            return await self._groups.one(caller, guid_in(request))
        except ApiError:
            raise HTTPException(404) from None

    async def _list(
        self, request: Request, caller: Caller, *, typed_name: str = "", problems: Mapping[str, str] | None = None
    ) -> Response:
        query, paging = request.query_params.get("q", "")[:LONGEST_PREFIX].replace("\0", ""), _page(request)
        rows, total = await self._groups.page(caller, prefix=query.strip(), paging=paging)
        shown = views.Groups(
            page=self._desk.page(request, caller, "Groups", "groups"),
            rows=tuple(_row(group, caller) for group in rows),
            total=total,
            number=paging.number,
            more=paging.skipped + len(rows) < total,
            query=query,
            may_add=caller.has("publisher"),
            typed_name=typed_name,
            problems=problems or {},
        )
        return self._desk.show("groups", shown, 400 if problems else 200)

    async def _show(
        self,
        request: Request,
        caller: Caller,
        group: GroupView,
        *,
        typed: str = "",
        typed_name: str | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> Response:
        paging, row = _page(request), _row(group, caller)
        people, total = await self._groups.members(caller, group.guid, paging=paging)
        shown = views.Group(
            page=self._desk.page(request, caller, group.name, "groups"),
            group=row,
            members=tuple(_member(user, caller) for user in people),
            number=paging.number,
            more=paging.skipped + len(people) < total,
            candidates=await self._candidates({user.guid for user in people}) if row.mine else (),
            typed_username=typed,
            typed_name=group.name if typed_name is None else typed_name,
            problems=problems or {},
        )
        return self._desk.show("group", shown, 400 if problems else 200)

    async def _candidates(self, there: set[str]) -> tuple[PersonChoice, ...]:
        everyone, _total = await self._services.db.read(
            accounts.list_users, accounts.Wanted(), Paging(1, MOST_SUGGESTED)
        )
        return tuple(
            PersonChoice(username=user.username, name=name_of(user)) for user in everyone if user.guid not in there
        )

    def routes(self) -> list[Route]:
        """The addresses of these screens."""
        one = "/groups/{guid}"
        pages = (
            ("GET", "/groups", self.listing),
            ("POST", "/groups", self.create),
            ("GET", one, self.one),
            ("POST", f"{one}/rename", self.rename),
            ("POST", f"{one}/delete", self.delete),
            ("POST", f"{one}/members", self.add),
            ("POST", one + "/members/{user_guid}/remove", self.remove),
        )
        return [self._desk.route(method, path, page, role="publisher", refusal=REFUSAL) for method, path, page in pages]


def _page(request: Request) -> Paging:
    text = request.query_params.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1
    return Paging(min(max(number, 1), LAST_PAGE), ROWS)


def _row(group: GroupView, caller: Caller) -> views.GroupRow:
    return views.GroupRow(
        guid=group.guid,
        name=group.name,
        owner=group.owner_name,
        members=group.members,
        mine=may_manage(caller, group.owner_id),
    )


def _member(user: User, caller: Caller) -> views.MemberRow:
    return views.MemberRow(
        guid=user.guid,
        name=f"{user.first_name} {user.last_name}".strip(),
        username=user.username,
        locked=user.locked,
        me=user.guid == caller.guid,
    )
