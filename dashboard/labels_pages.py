"""What describes an item on its Info tab beside its title: a path of its own, tags, a picture."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import forms
from dashboard.content_pages import ContentFrame, InfoPages
from dashboard.desk import Desk, number_in
from server.tags.carrying import Carrying
from server.thumbnails.images import LARGEST
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.routes import LARGEST_ID


class LabelPages:
    """The forms below `/apps/{guid}/info`."""

    def __init__(self, desk: Desk, frame: ContentFrame, info: InfoPages) -> None:
        self._desk, self._frame, self._info, self._services = desk, frame, info, desk.services
        self._carrying = Carrying(self._services.db, self._services.trail)

    async def path(self, request: Request, caller: Caller) -> Response:
        """Give the item a path of its own; an empty field takes it away."""
        form = await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        typed, back = form.line("path"), f"/apps/{view.guid}/info"
        try:
            if not typed:
                await self._services.vanities.remove(caller, view)
                return self._desk.back(caller, back, "It no longer has an address of its own.")
            made = await self._services.vanities.put(caller, view, typed, force=False)
        except ApiError as error:
            if not typed:
                return self._desk.back(caller, back, "It has no address of its own.", "info")
            shown = error.message.removesuffix(", or send force to move it.").removesuffix(", or send force.")
            problem = shown if shown.endswith(".") else shown + "."
            return await self._info.again(request, caller, view, typed_path=typed, problems={"path": problem})
        return self._desk.back(caller, back, f"It can now be opened at {self._services.settings.origin}{made['path']}")

    async def put_on(self, request: Request, caller: Caller) -> Response:
        """Hang a tag on the item."""
        form = await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        chosen = form.line("tag_id")
        number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 16 else 0
        try:
            await self._carrying.put_on(caller, view, number if number <= LARGEST_ID else 0)
        except ApiError:
            problems = {"tag_id": "This tag is not there any more; choose one of the list."}
            return await self._info.again(request, caller, view, problems=problems)
        return self._desk.back(caller, f"/apps/{view.guid}/info", "Saved.")

    async def take_off(self, request: Request, caller: Caller) -> Response:
        """Take a tag off, with those below it."""
        await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        await self._carrying.take_off(caller, view, number_in(request))
        return self._desk.back(caller, f"/apps/{view.guid}/info", "Saved.")

    async def picture(self, request: Request, caller: Caller) -> Response:
        """Give the item a picture."""
        form, picture = await forms.read_file(request, "picture", LARGEST)
        self._services.csrf.check(request, caller.credential, form.get("csrf"))
        view = await self._frame.editable(request, caller)
        try:
            await self._services.thumbnails.put(caller, view, picture)
        except ApiError as error:
            text = error.message if picture else "Choose a picture first."
            return await self._info.again(request, caller, view, problems={"picture": text})
        return self._desk.back(caller, f"/apps/{view.guid}/info", "This is its picture now.")

    async def no_picture(self, request: Request, caller: Caller) -> Response:
        """Take the item's picture away; the drawing comes back."""
        await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        await self._services.thumbnails.remove(caller, view)
        return self._desk.back(caller, f"/apps/{view.guid}/info", "Its picture is gone.")

    def routes(self) -> Sequence[Route]:
        """The addresses of these forms."""
        at = "/apps/{guid}/info"
        return [
            self._desk.route("POST", f"{at}/path", self.path),
            self._desk.route("POST", f"{at}/tags", self.put_on),
            self._desk.route("POST", at + "/tags/{number:int}/remove", self.take_off),
            self._desk.route("POST", f"{at}/picture", self.picture),
            self._desk.route("POST", f"{at}/picture/remove", self.no_picture),
        ]
