"""The API of groups and their members: /v1/groups (connect-api.md 2.10)."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.accounts.wire import UserObject, shown_to
from server.groups import store
from server.groups.groups import Groups
from server.groups.wire import (
    GUID_PATTERN,
    GroupChange,
    GroupObject,
    GroupQuery,
    MemberQuery,
    NewGroup,
    NewMember,
    group_object,
)
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import PageOf, Says
from server.web.errors import ApiError, invalid
from server.web.paging import ascending, paged, paging_of, prefix_of, sort_of
from server.web.routes import Routes, empty_reply, guid_in, json_reply

GUID = re.compile(GUID_PATTERN)


class GroupsApi:
    """Groups: list, read, create, rename, delete; the people in them."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups

    async def listing(self, request: Request, caller: Caller) -> Response:
        """A page of groups by name; `prefix` filters. Viewers see the groups they are in."""
        paging = paging_of(request)
        rows, total = await self._groups.page(
            caller, prefix=prefix_of(request), ascending=ascending(request), paging=paging
        )
        return json_reply(paged([group_object(row) for row in rows], total, paging))

    async def one(self, request: Request, caller: Caller) -> Response:
        """One group."""
        return json_reply(group_object(await self._groups.one(caller, guid_in(request))))

    async def create(self, request: Request, caller: Caller) -> Response:
        """A new, empty group that belongs to the caller."""
        given = Fields(await read_object(request))
        if given.data.get("unique_id") is not None:
            raise invalid("unique_id must be left out: groups of this server are its own.")
        return json_reply(group_object(await self._groups.create(caller, given.text("name"))))

    async def change(self, request: Request, caller: Caller) -> Response:
        """Rename a group, or give it to another publisher."""
        guid, given = guid_in(request), Fields(await read_object(request))
        name = given.text("name") if "name" in given else None
        owner = _guid(given, "owner_guid") if "owner_guid" in given else None
        return json_reply(group_object(await self._groups.change(caller, guid, name=name, owner_guid=owner)))

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Delete a group; what it was let into it is let into no more."""
        await self._groups.delete(caller, guid_in(request))
        return empty_reply()

    async def members(self, request: Request, caller: Caller) -> Response:
        """A page of the people in a group, in the order they were added."""
        paging, sort = paging_of(request), sort_of(request, store.MEMBER_ORDERS)
        rows, total = await self._groups.members(
            caller, guid_in(request), sort=sort, ascending=ascending(request), paging=paging
        )
        return json_reply(paged([shown_to(caller, user) for user in rows], total, paging))

    async def join(self, request: Request, caller: Caller) -> Response:
        """Add a person to a group."""
        guid = guid_in(request)
        await self._groups.add_member(caller, guid, _guid(Fields(await read_object(request)), "user_guid"))
        return empty_reply()

    async def leave(self, request: Request, caller: Caller) -> Response:
        """Remove a person from a group; everybody may remove herself."""
        await self._groups.remove_member(caller, guid_in(request), guid_in(request, "user_guid").lower())
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, one, members = Routes(), "/v1/groups/{guid}", "/v1/groups/{guid}/members"
        routes.get("/v1/groups", says=Says(reply=PageOf[GroupObject], query=GroupQuery))(self.listing)
        made = Says(reply=GroupObject, body=NewGroup, fails=(409,))
        routes.post("/v1/groups", role="publisher", says=made)(self.create)
        routes.get(one, says=Says(reply=GroupObject))(self.one)
        owner = "owner_guid must name a publisher or administrator (code 9)."
        changed = Says(reply=GroupObject, body=GroupChange, fails=(409,), refuses=owner)
        routes.patch(one, role="publisher", says=changed)(self.change)
        routes.delete(one, role="publisher", says=Says(status=204, fails=(409,)))(self.remove)
        routes.get(members, says=Says(reply=PageOf[UserObject], query=MemberQuery))(self.members)
        joined = Says(status=204, body=NewMember, fails=(409,), refuses="user_guid must name a person (code 9).")
        routes.post(members, role="publisher", says=joined)(self.join)
        routes.delete(members + "/{user_guid}", says=Says(status=204))(self.leave)
        return routes


def _guid(given: Fields, name: str) -> str:
    """A GUID of the body, canonical. Raises ApiError 400, code 9."""
    value: Any = given.data.get(name)
    if not isinstance(value, str) or not GUID.fullmatch(value):
        raise ApiError(400, store.INVALID_USER, f"{name} must be the GUID of a person.")
    return value.lower()
