"""Tags by API: the tree is the administrators', which content carries what is its editors' (connect-api.md 2.10)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.audit.trail import Trail
from server.db.engine import Database
from server.tags import store
from server.tags.carrying import Carrying
from server.tags.wire import LONGEST_NAME, NewTag, TagChange, TagObject, TagOfContent, TagPath, TagQuery, tag_object
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import invalid
from server.web.routes import LARGEST_ID, Routes, empty_reply, guid_in, json_reply, number_in


class TagsApi:
    """/v1/tags and /v1/content/{guid}/tags."""

    def __init__(self, db: Database, guard: Guard, trail: Trail) -> None:
        self._db, self._guard, self._trail = db, guard, trail
        self._carrying = Carrying(db, trail)

    async def listing(self, request: Request, _caller: Caller) -> Response:
        """Tags in the order they were made; `name` is exact, `parent_id` lists what is right below it."""
        query = request.query_params
        parent = None if "parent_id" not in query else _id(query["parent_id"], "parent_id")
        rows = await self._db.read(lambda s: store.listing(s, name=query.get("name"), parent_id=parent))
        return json_reply([tag_object(row) for row in rows])

    async def one(self, request: Request, _caller: Caller) -> Response:
        """One tag, by its id or by the names from its category down, with commas between them."""
        sought: str = request.path_params["id"]
        if sought.isascii() and sought.isdigit():
            number = _id(sought[:15], "id")
            return json_reply(tag_object(await self._db.read(store.one, number)))
        return json_reply(tag_object(await self._db.read(store.by_path, sought.split(","))))

    async def add(self, request: Request, caller: Caller) -> Response:
        """A new tag; without a parent it is a category."""
        given = Fields(await read_object(request))
        name, parent = _name(given), _parent(given)

        def write(session: Session) -> TagObject:
            tag = store.add(session, name, parent)
            self._trail.record(session, caller, "add_tag", tag=tag.name, id=str(tag.id))
            return tag_object(tag)

        return json_reply(await self._db.write(write))

    async def change(self, request: Request, caller: Caller) -> Response:
        """Rename a tag, or hang it below another; what is not sent stays."""
        number, given = number_in(request, "id"), Fields(await read_object(request))
        name = _name(given) if "name" in given else None
        parent, move = _parent(given), "parent_id" in given

        def write(session: Session) -> TagObject:
            tag = store.change(session, number, name, move=move, parent_id=parent)
            if given.data:
                self._trail.record(session, caller, "edit_tag", tag=tag.name, id=str(tag.id))
            return tag_object(tag)

        return json_reply(await self._db.write(write))

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Delete a tag with everything below it."""
        number = number_in(request, "id")

        def write(session: Session) -> None:
            tag = store.remove(session, number)
            self._trail.record(session, caller, "remove_tag", tag=tag.name, id=str(tag.id))

        await self._db.write(write)
        return empty_reply()

    async def of_content(self, request: Request, caller: Caller) -> Response:
        """The tags a content item carries."""
        view = await self._guard.readable(caller, guid_in(request))
        return json_reply([tag_object(tag) for tag in await self._db.read(store.of_content, view.id)])

    async def put_on(self, request: Request, caller: Caller) -> Response:
        """Let content carry a tag and what is above it but the category; answers what it then carries."""
        view = await self._guard.editable(caller, guid_in(request))
        number = _id((await read_object(request)).get("tag_id"), "tag_id")
        return json_reply([tag_object(tag) for tag in await self._carrying.put_on(caller, view, number)])

    async def take_off(self, request: Request, caller: Caller) -> Response:
        """Take a tag and what is below it off content; answers what it still carries."""
        view = await self._guard.editable(caller, guid_in(request))
        left = await self._carrying.take_off(caller, view, number_in(request, "id"))
        return json_reply([tag_object(tag) for tag in left])

    def routes(self) -> Routes:
        """The declared routes."""
        routes, tags, parent = Routes(), list[TagObject], "parent_id must name a tag, and none below (code 157)."
        made = Says(reply=TagObject, body=NewTag, fails=(409,), refuses=parent)
        routes.get("/v1/tags", says=Says(reply=tags, query=TagQuery))(self.listing)
        routes.post("/v1/tags", role="administrator", says=made)(self.add)
        routes.get("/v1/tags/{id}", says=Says(reply=TagObject, path=TagPath))(self.one)
        changes = Says(reply=TagObject, body=TagChange, fails=(409,), refuses=parent)
        routes.patch("/v1/tags/{id}", role="administrator", says=changes)(self.change)
        routes.delete("/v1/tags/{id}", role="administrator", says=Says(status=204))(self.remove)
        routes.get("/v1/content/{guid}/tags", says=Says(reply=tags))(self.of_content)
        hung = "tag_id must name a tag (code 158), and no root of the tree (code 79)."
        carries = Says(reply=tags, body=TagOfContent, refuses=hung)
        routes.post("/v1/content/{guid}/tags", role="publisher", says=carries)(self.put_on)
        routes.delete("/v1/content/{guid}/tags/{id}", role="publisher", says=Says(reply=tags))(self.take_off)
        return routes


def _id(value: Any, name: str) -> int:
    """A tag's number, sent as a text or a number. Raises ApiError 400."""
    # JSON does not tell 5 from 5.0.
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    text = str(int(value)) if whole and not isinstance(value, bool) else value
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 16):
        raise invalid(f'{name} must be a tag\'s id, such as "5".')
    # No row has a larger number, and none has this one.
    return int(text) if int(text) <= LARGEST_ID else 0


def _parent(given: Fields) -> int | None:
    value = given.data.get("parent_id")
    return None if value is None else _id(value, "parent_id")


def _name(given: Fields) -> str:
    name = given.data.get("name")
    if not isinstance(name, str) or not name.strip():
        raise invalid("A tag needs a name.")
    if name != name.strip() or any(ord(ch) < 32 or ord(ch) == 127 or 0xD800 <= ord(ch) <= 0xDFFF for ch in name):
        raise invalid("A tag's name has neither control characters nor blanks at its ends.")
    if len(name) > LONGEST_NAME:
        raise invalid(f"A tag's name has at most {LONGEST_NAME} characters.")
    return name
