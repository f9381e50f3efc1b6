"""API keys: a person makes, sees and revokes her own; a new one's value is shown once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard import forms
from dashboard.desk import Desk, number_in
from dashboard.fresh import Fresh
from dashboard.views.account import KeyRow, Keys
from server.accounts.own_keys import OwnKeys
from server.db.clock import now
from server.db.models import ApiKey
from server.web.caller import Caller
from server.web.errors import ApiError

LIVES = {"30": 30, "90": 90, "365": 365, "": 0}
LONGEST_NAME = 255
PATH = "/keys"


class KeysPages:
    """`/keys` and its forms."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services
        services = desk.services
        self._keys = OwnKeys(services.db, services.sessions, services.trail)
        self._fresh = Fresh(services.keyring, "fresh key", secure=desk.screens.https)

    async def keys(self, request: Request, caller: Caller) -> Response:
        """The page; after a key was made, with its value."""
        name, value = self._fresh.read(request, caller)
        reply = await self._show(request, caller, new_name=name, new_key=value)
        if value:
            reply.headers.append("set-cookie", self._fresh.clear(PATH))
        return reply

    async def create(self, request: Request, caller: Caller) -> Response:
        """The form: a name and how long it works."""
        form = await self._desk.form(request, caller)
        name, days = form.line("name"), form.get("expires_days")
        problems = {}
        if not name:
            problems["name"] = "Give the key a name, so that you can tell it from others later."
        elif unfit := forms.unfit(name, LONGEST_NAME):
            problems["name"] = unfit
        if days not in LIVES:
            problems["expires_days"] = "Choose how long it works."
        if problems:
            return await self._show(request, caller, typed_name=name, typed_days=days, problems=problems)
        _key, value = await self._keys.create(caller, name, _end(LIVES[days]))
        reply = RedirectResponse("/keys", 303, {"Cache-Control": "no-store"})
        reply.headers.append("set-cookie", self._fresh.put(caller, name, value, PATH))
        return reply

    async def revoke(self, request: Request, caller: Caller) -> Response:
        """The button beside a key."""
        await self._desk.form(request, caller)
        try:
            await self._keys.revoke(caller, number_in(request))
        except ApiError as error:
            if error.status != 404:
                raise
            return self._desk.back(caller, "/keys", "That key was revoked already.", "info")
        return self._desk.back(caller, "/keys", "Revoked. Programs that used the key are refused from now on.")

    async def _show(
        self,
        request: Request,
        caller: Caller,
        *,
        new_key: str = "",
        new_name: str = "",
        typed_name: str = "",
        typed_days: str = "90",
        problems: Mapping[str, str] | None = None,
    ) -> Response:
        shown = Keys(
            page=self._desk.page(request, caller, "API keys", "keys"),
            keys=tuple(_row(key) for key in await self._keys.of(caller)),
            now=now(),
            new_key=new_key,
            new_name=new_name,
            typed_name=typed_name,
            typed_days=typed_days,
            problems=problems or {},
        )
        return self._desk.show("keys", shown, 400 if problems else 200)

    def routes(self) -> list[Route]:
        """The addresses of this screen."""
        return [
            self._desk.route("GET", "/keys", self.keys),
            self._desk.route("POST", "/keys", self.create),
            self._desk.route("POST", "/keys/{number:int}/revoke", self.revoke),
        ]


def _end(days: int) -> datetime | None:
    return now() + timedelta(days=days) if days else None


def _row(key: ApiKey) -> KeyRow:
    return KeyRow(
        id=str(key.id), name=key.name, created=key.created_time, expires=key.expires_at, last_used=key.last_used_time
    )
