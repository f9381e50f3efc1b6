"""The API of a person's own keys: /v1/users/{guid}/keys (connect-api.md 1.2)."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from server.accounts.own_keys import OwnKeys
from server.accounts.wire import KeyObject, NewKey, key_object
from server.db.clock import now
from server.web.body import Fields, read_object
from server.web.caller import RANK, Caller
from server.web.described import Says
from server.web.errors import denied, invalid
from server.web.routes import Routes, empty_reply, guid_in, json_reply, moment, number_in


class KeysApi:
    """List, make, read and revoke one's own keys."""

    def __init__(self, own_keys: OwnKeys) -> None:
        self._own_keys = own_keys

    async def listing(self, request: Request, caller: Caller) -> Response:
        """The caller's own keys, without their values."""
        _own(request, caller)
        return json_reply([key_object(key) for key in await self._own_keys.of(caller)])

    async def one(self, request: Request, caller: Caller) -> Response:
        """One of the caller's own keys, without its value."""
        _own(request, caller)
        return json_reply(key_object(await self._own_keys.one(caller, number_in(request, "id"))))

    async def add(self, request: Request, caller: Caller) -> Response:
        """A new key of the caller; its value is in this reply only."""
        _own(request, caller)
        given = Fields(await read_object(request))
        name, role = given.text("name", limit=256), given.data.get("user_role")
        if not name:
            raise invalid("Give the key a name, so that you can tell it from others later.")
        role = given.choice("user_role", tuple(RANK), "viewer") if role is not None else None
        if role is None and caller.via == "key":
            role = caller.role  # a key never makes a key that is stronger than itself (S-09)
        if role is not None and not caller.has(role):
            raise denied("A key cannot have a higher role than the one that makes it.")
        expires = None if given.data.get("expires_at") is None else parse_time(given.text("expires_at", limit=64))
        key, value = await self._own_keys.create(caller, name, expires, role)
        return json_reply(key_object(key, value))

    async def revoke(self, request: Request, caller: Caller) -> Response:
        """Revoke one of the caller's keys, at once."""
        _own(request, caller)
        await self._own_keys.revoke(caller, number_in(request, "id"))
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, keys = Routes(), "/v1/users/{guid}/keys"
        routes.get(keys, says=Says(reply=list[KeyObject]))(self.listing)
        made = Says(reply=KeyObject, body=NewKey, refuses="expires_at must lie in the future.")
        routes.post(keys, says=made)(self.add)
        routes.get(keys + "/{id}", says=Says(reply=KeyObject))(self.one)
        routes.delete(keys + "/{id}", says=Says(status=204))(self.revoke)
        return routes


def _own(request: Request, caller: Caller) -> None:
    if guid_in(request) != caller.guid:
        raise denied("API keys are managed by the person they belong to.")


def parse_time(text: str) -> datetime:
    """An RFC 3339 time in the future. Raises ApiError 400."""
    expires_at = moment(text, "expires_at")
    if expires_at <= now():
        raise invalid("expires_at lies in the past.")
    return expires_at
