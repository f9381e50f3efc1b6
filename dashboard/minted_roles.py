"""Roles that an administrator mapped to the person looking: shown on the stage, and switched there at once."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.views.stage import Acting, StageRole
from server.access.policy import may_view
from server.content.view import ContentView
from server.minting.policy import Allowed
from server.minting.terms import ANY
from server.oauth.store import AssociationView
from server.vault.errors import NotConnected
from server.web.caller import Caller
from server.web.screens import safe_return


class MintedRoles:
    """What she may carry, and `POST /open/{guid}/role`; nobody is asked at the warehouse, so nothing to consent to."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services

    async def acting(self, caller: Caller, view: ContentView, there: AssociationView) -> Acting:
        """In whose name, in which role, and into which others she may switch."""
        given = await self._given(caller, there)
        chosen = await self._services.choices.role_for(caller.user_id, there, view.guid)
        role = chosen or next(iter(given.roles), "")
        others = [one for one in given.roles if one not in (role, ANY)]
        return Acting(
            guid=there.guid,
            name=there.label,
            vendor=there.template,
            how="minted",
            takes_roles=role not in ("", ANY),
            role="" if role == ANY else role,
            pinned=bool(there.role),
            roles=() if there.role else tuple(StageRole(pick=one, role=one, held=True) for one in others),
        )

    async def switch(self, request: Request, caller: Caller) -> Response:
        """The form of the bar: from the next request on she is in another of her roles."""
        form = await self._desk.form(request, caller)
        view = await self._services.directory.by_guid(request.path_params["guid"].lower())
        if view is None or not may_view(caller, view):
            raise HTTPException(404)
        used = await self._services.associations.for_content(view.guid)
        there = next((one for one in used if one.guid == form.get("integration") and one.minted), None)
        if there is None or there.role:
            raise HTTPException(404)
        role, back = form.line("role"), safe_return(form.get("next") or f"/open/{view.guid}/")
        if not role or not (await self._given(caller, there)).permits(role):
            return self._desk.back(caller, back, f"{there.label} is not mapped to you in that role.", "error")
        await self._services.choices.choose(caller, there.integration_id, view.guid, role, first=True)
        return self._desk.back(caller, back, f"You are in the role {role} at {there.label} now.")

    async def _given(self, caller: Caller, there: AssociationView) -> Allowed:
        try:
            return (await self._services.minting.minter.facts(caller.user_id, there.integration_id)).given
        except NotConnected:
            return Allowed(())

    def routes(self) -> list[Route]:
        """The address of the form."""
        return [self._desk.route("POST", "/open/{guid}/role", self.switch)]
