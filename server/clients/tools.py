"""The service of tools that people sign in by OAuth: every step as one transaction, with what must follow it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2 import OAuth2Error
from sqlmodel import Session

from server.audit.trail import Trail
from server.clients import redirects, registration, store
from server.clients.server import SIGN_IN_LIFE, ToolServer
from server.clients.store import SignedIn
from server.clients.wire import Asked, Payload, Reply
from server.db.clock import now
from server.db.engine import Database
from server.db.models import ToolClient, ToolDevice
from server.keys.credentials import digest
from server.sessions.identify import Sessions
from server.web.caller import Caller
from server.web.errors import not_found

USER_CODE = re.compile(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}")

# Our own words: Authlib's repeat what was sent, which on a page would be a stranger's words.
UNKNOWN = {"invalid_client": "The tool is not registered here."}
NO_ADDRESS = "The address that the answer should go to is not one that the tool registered."
BROKEN_REQUEST = "The tool's request is incomplete or asks for what this server does not do."


class Full(Exception):
    """No more tools can register now."""


@dataclass(frozen=True)
class Request:
    """A tool that asks to act as a person: what it calls itself, where its answer goes, and until when."""

    name: str
    goes_to: str
    on_this_computer: bool
    until: datetime


@dataclass(frozen=True)
class Refusal:
    """An authorization request that cannot be: what is wrong, and the answer to the tool where it may have one."""

    text: str
    reply: Reply | None = None


@dataclass(frozen=True)
class DeviceRequest:
    """A tool on another device that asks the same, with the address it asked from."""

    name: str
    address: str
    asked: datetime
    until: datetime


class Tools:
    """Codes, tokens and sign-ins. Whatever ends a sign-in tells the sessions, so that it holds at once."""

    def __init__(
        self, db: Database, sessions: Sessions, trail: Trail, origin: str, *, clock: Callable[[], datetime] = now
    ) -> None:
        self._db, self._sessions, self._trail, self.origin, self._clock = db, sessions, trail, origin, clock

    def _server(self, session: Session) -> ToolServer:
        return ToolServer(session, self.origin, self._trail, self._clock())

    async def register(self, metadata: Any) -> dict[str, Any]:
        """A new client and the reply to it. Raises registration.Refused, Full."""

        def write(session: Session) -> ToolClient:
            row = registration.read(metadata, self._clock())
            if not store.add_client(session, row):
                raise Full
            self._trail.record(session, None, "register_tool", client_id=row.client_id, name=row.client_name)
            return row

        return registration.information(await self._db.write(write))

    async def look(self, payload: Payload) -> Request | Refusal:
        """What an authorization request asks for, before anybody has agreed."""

        def read(session: Session) -> Request | Refusal:
            server, request = self._server(session), Asked("GET", payload)
            try:
                grant = server.get_consent_grant(request)
            except OAuth2Error as error:
                return self._refusal(server, request, error)
            uri = grant.redirect_uri
            local = redirects.on_this_computer(uri)
            return Request(grant.client.row.client_name, redirects.host(uri), local, self._clock() + SIGN_IN_LIFE)

        return await self._db.read(read)

    def _refusal(self, server: ToolServer, request: Asked, error: OAuth2Error) -> Refusal:
        """Answered to the tool only on the browser's own computer.

        Anybody may register an https address: before a person has agreed, nothing leads there (RFC 9700 4.11.2).
        """
        local = error.redirect_uri and redirects.on_this_computer(error.redirect_uri)
        text = BROKEN_REQUEST if error.redirect_uri else UNKNOWN.get(error.error, NO_ADDRESS)
        return Refusal(text, server.refused(request, error) if local else None)

    async def answer(self, payload: Payload, caller: Caller, *, allowed: bool) -> Reply | Refusal:
        """The person's decision: where her browser goes with a code, or with the tool's being refused."""

        def write(session: Session) -> Reply | Refusal:
            server, request = self._server(session), Asked("POST", payload)
            person = store.person(session, caller.user_id)
            try:
                grant = server.get_consent_grant(request, person)
            except OAuth2Error as error:
                return self._refusal(server, request, error)
            name = grant.client.row.client_name
            self._trail.record(session, caller, "allow_tool" if allowed else "refuse_tool", tool=name)
            reply: Reply = server.create_authorization_response(request, person if allowed else None, grant)
            return reply

        return await self._db.write(write)

    async def token(self, payload: Payload, address: str) -> Reply:
        """The token endpoint."""
        return await self._endpoint(payload, address, lambda server, request: server.create_token_response(request))

    async def revoke(self, payload: Payload) -> Reply:
        """The revocation endpoint."""
        return await self._endpoint(
            payload, "", lambda server, request: server.create_endpoint_response("revocation", request)
        )

    async def begin_device(self, payload: Payload, address: str) -> Reply:
        """The device authorization endpoint."""
        return await self._endpoint(
            payload, address, lambda server, request: server.create_endpoint_response("device_authorization", request)
        )

    async def _endpoint(self, payload: Payload, address: str, answer: Callable[[ToolServer, Asked], Reply]) -> Reply:
        def write(session: Session) -> tuple[Reply, list[str]]:
            server = self._server(session)
            return answer(server, Asked("POST", payload, address=address)), server.ended

        reply, ended = await self._db.write(write)
        await self._ended(ended)
        return reply

    async def _ended(self, guids: list[str]) -> None:
        await self._sessions.end_tools([f"tool:{guid}" for guid in guids])

    async def device(self, typed: str) -> DeviceRequest | None:
        """What waits for the code that a person typed, or None."""

        def read(session: Session) -> DeviceRequest | None:
            pair = self._waiting(session, typed)
            if pair is None:
                return None
            row, client = pair
            return DeviceRequest(client.client_name, row.address, row.created_time, self._clock() + SIGN_IN_LIFE)

        return await self._db.read(read)

    def _waiting(self, session: Session, typed: str) -> tuple[ToolDevice, ToolClient] | None:
        code = plain_code(typed)
        return store.device_of_person(session, digest(code), self._clock()) if code else None

    async def decide_device(self, typed: str, caller: Caller, *, allowed: bool) -> DeviceRequest | None:
        """The person's decision; None where nothing waits for it any more."""

        def write(session: Session) -> DeviceRequest | None:
            pair = self._waiting(session, typed)
            if pair is None:
                return None
            row, client = pair
            row.decision, row.user_id = ("allowed" if allowed else "refused"), caller.user_id
            session.add(row)
            self._trail.record(
                session, caller, "allow_tool" if allowed else "refuse_tool", tool=client.client_name, code=True
            )
            return DeviceRequest(client.client_name, row.address, row.created_time, self._clock() + SIGN_IN_LIFE)

        return await self._db.write(write)

    async def of(self, caller: Caller) -> list[SignedIn]:
        """The tools that a person signed in, newest first."""
        return await self._db.read(store.sign_ins, caller.user_id, self._clock())

    async def end(self, caller: Caller, guid: str) -> str:
        """Sign one of a person's own tools out, at once; returns its name. Raises ApiError 404."""

        def write(session: Session) -> str:
            row = store.own_sign_in(session, caller.user_id, guid)
            if row is None:
                raise not_found("sign-in")
            client = session.get(ToolClient, row.client_row)
            self._trail.record(session, caller, "end_tool", sign_in=guid, reason="person")
            session.delete(row)
            return client.client_name if client else ""

        name = await self._db.write(write)
        await self._ended([guid])
        return name

    async def clients(self, page: int, size: int) -> tuple[list[ToolClient], int]:
        """One page of registered tools, and how many there are."""
        return await self._db.read(store.clients, page, size)

    async def client(self, client_id: str) -> ToolClient:
        """One registered tool. Raises ApiError 404."""
        row = await self._db.read(store.client, client_id)
        if row is None:
            raise not_found("OAuth client")
        return row

    async def drop_client(self, caller: Caller, client_id: str) -> None:
        """Delete a registered tool and sign it out everywhere, at once. Raises ApiError 404."""

        def write(session: Session) -> list[str]:
            row = store.client(session, client_id)
            if row is None:
                raise not_found("OAuth client")
            self._trail.record(session, caller, "remove_tool", client_id=client_id, name=row.client_name)
            return store.drop_client(session, row)

        await self._ended(await self._db.write(write))


def plain_code(typed: str) -> str:
    """A user code as it was shown: people leave out the hyphen and type small letters. Empty for what is none."""
    letters = "".join(letter for letter in typed[:64].upper() if letter.isalnum())
    code = f"{letters[:4]}-{letters[4:]}"
    return code if USER_CODE.fullmatch(code) else ""
