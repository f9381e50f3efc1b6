"""Delegated authorizations by API: administrators see and end everybody's, others their own (seed 003)."""

from __future__ import annotations

import re
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from server.delegations.delegations import Delegations
from server.delegations.store import Kind, Wanted
from server.delegations.wire import (
    AuthorizationObject,
    AuthorizationQuery,
    NewAuthorization,
    RevocationQuery,
    RevokedObject,
    authorization_object,
    revoked_object,
)
from server.groups.wire import GUID_PATTERN
from server.oauth.roles import LONGEST
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import PageOf, Says
from server.web.errors import denied, invalid
from server.web.paging import paged, paging_of
from server.web.routes import Routes, json_reply

KINDS = ("connection", "pre-authorized")
PATH = "/v1/oauth/authorizations"
_GUID = re.compile(GUID_PATTERN)


class DelegationsApi:
    """/v1/oauth/authorizations."""

    def __init__(self, delegations: Delegations) -> None:
        self._delegations = delegations

    async def listing(self, request: Request, caller: Caller) -> Response:
        """Who lets which integration act for her, oldest first; one's own, or everybody's for administrators."""
        paging = paging_of(request)
        rows, total = await self._delegations.listed(_wanted(request, caller), paging)
        return json_reply(paged([authorization_object(row) for row in rows], total, paging))

    async def preauthorize(self, request: Request, caller: Caller) -> Response:
        """Skip the explanation before somebody signs in at a vendor; signing in there is never skipped."""
        fields = Fields(await read_object(request))
        user, integration = _guid(fields.text("user_guid"), "user_guid"), fields.text("integration_guid")
        made = await self._delegations.preauthorize(
            caller, user, _guid(integration, "integration_guid"), fields.text("role", limit=LONGEST)
        )
        return json_reply(authorization_object(made))

    async def revoke(self, request: Request, caller: Caller) -> Response:
        """End connections and pre-authorizations; exchanges stop at once, and vendors are told where they can be."""
        if caller.via == "visitor":
            raise denied("An app that acts for you cannot end what you allowed.")
        asked = _wanted(request, caller, narrowed=False)
        if asked.nothing:
            raise invalid("Say whose or which: send at least one of user, integration and role.")
        ended = await self._delegations.revoke(caller, _wanted(request, caller))
        return json_reply([revoked_object(one) for one in ended])

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        others = "Only administrators may name another user (403)."
        listed = Says(reply=PageOf[AuthorizationObject], query=AuthorizationQuery, refuses=others)
        routes.get(PATH, says=listed)(self.listing)
        made = Says(
            reply=AuthorizationObject,
            body=NewAuthorization,
            refuses="It must name somebody (261), an integration and a role that it has (207), of a client with a "
            "secret that acts for its viewers (230).",
        )
        routes.post(PATH, role="administrator", says=made)(self.preauthorize)
        ended = Says(
            reply=list[RevokedObject],
            query=RevocationQuery,
            refuses="At least one of user, integration and role is sent.",
        )
        routes.delete(PATH, says=ended)(self.revoke)
        return routes


def _guid(text: str, name: str) -> str:
    if not _GUID.fullmatch(text):
        raise invalid(f"{name} must be a GUID.")
    return text.lower()


def _wanted(request: Request, caller: Caller, *, narrowed: bool = True) -> Wanted:
    """What the query names; `narrowed` to the caller's own for those who are no administrators. Raises ApiError."""
    query = request.query_params
    user, integration, role, kind = (query.get(name) for name in ("user", "integration", "role", "kind"))
    if kind not in (None, *KINDS):
        raise invalid(f"kind must be one of {', '.join(KINDS)}.")
    if role is not None and len(role) > LONGEST:
        raise invalid(f"role has at most {LONGEST} characters.")
    user = None if user is None else _guid(user, "user")
    if not caller.has("administrator"):
        if user not in (None, caller.guid):
            raise denied("Only administrators may name another user; leave user out.")
        user = caller.guid if narrowed else user
    return Wanted(
        user_guid=user,
        integration_guid=None if integration is None else _guid(integration, "integration"),
        role=role,
        kind=cast(Kind | None, kind),
    )
