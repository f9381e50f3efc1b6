"""The stage: shows an app below a bar that says in whose name it acts, and lets the person looking switch roles."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote, urlencode

from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.minted_roles import MintedRoles
from dashboard.views.stage import Acting, Acts, Stage, StageRole
from server.access.policy import may_edit, may_view
from server.consent.check import Connected, Consent, Missing
from server.content.view import ContentView
from server.db.models import Bundle
from server.loans.store import LoanView
from server.oauth.choices import Chosen
from server.oauth.store import AssociationView
from server.vault.connections import ConnectionView
from server.web.caller import Caller
from server.web.screens import safe_return

# How the form of the connect screen says a role (server.connect.roles).
DEFAULT_PICK, NAMED_PICK = "default", "named:"
MOST_ROLES = 20
# What the bar says first: whose name comes before everything that is the same for everybody.
ORDER: tuple[Acts, ...] = ("viewer", "lent", "minted", "visitor", "service")


class StagePages:
    """`/open/{guid}/` and what is below it: the same path below the app's own address, with the bar."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services
        services = desk.services
        self._minted = MintedRoles(desk)
        self._consent = Consent(services.vault.standings, services.choices, services.loans)

    async def start(self, request: Request, _caller: Caller) -> Response:
        """The address without its slash."""
        return RedirectResponse(_with_query(f"/open/{request.path_params['guid']}/", request), 303)

    async def stage(self, request: Request, caller: Caller) -> Response:
        """The app below the bar; what cannot be shown there is answered at the app's own address."""
        guid = request.path_params["guid"].lower()
        inside = quote(request.path_params["inside"], safe="/:@!$&'()*+,;=~")
        app, here = (safe_return(_with_query(f"{at}/{guid}/{inside}", request)) for at in ("/content", "/open"))
        view = await self._services.directory.by_guid(guid)
        if view is None or not may_view(caller, view) or view.locked or view.bundle_id is None:
            return RedirectResponse(app, 303, {"Cache-Control": "no-store"})
        used = await self._services.associations.for_content(view.guid)
        standing = await self._consent.check(caller, view, used)
        if isinstance(standing, Missing):
            needed = standing.integrations[0]
            query = urlencode({"content": view.guid, "next": here})
            address = f"/__oauth__/integrations/{needed.association.guid}/login?{query}"
            return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        lent = standing.lent if isinstance(standing, Connected) else ()
        shown = Stage(
            page=self._desk.page(request, caller, view.title),
            guid=view.guid,
            title=view.title,
            app=app,
            here=here,
            acting=await self._acting(caller, view, used, lent),
            version=str(view.bundle_id),
            deployed=await self._services.db.read(_deployed, view.bundle_id),
            mine=may_edit(caller, view),
            username=caller.username,
        )
        return self._desk.show("stage", shown)

    async def _acting(
        self, caller: Caller, view: ContentView, used: tuple[AssociationView, ...], lent: tuple[LoanView, ...]
    ) -> tuple[Acting, ...]:
        if not used:
            return ()
        own = await self._services.vault.connections.of_user(caller.user_id)
        chosen = await self._services.choices.of_user(caller.user_id)
        loans = {loan.integration_guid: loan for loan in lent if loan.lender_guid != caller.guid}
        found = []
        for there in used:
            if there.template in self._services.integrations.catalog.minted:
                found.append(await self._minted.acting(caller, view, there))
            elif there.guid in loans:
                found.append(_borrowed(there, loans[there.guid]))
            elif there.auth_type == "Viewer":
                role = await self._services.choices.role_for(caller.user_id, there, view.guid)
                mine = {one.role: one for one in own if one.integration_guid == there.guid}
                found.append(_own(there, role, mine, chosen))
            else:
                found.append(_plain(there, "service" if there.auth_type == "Service Account" else "visitor"))
        return tuple(sorted(found, key=lambda one: ORDER.index(one.how)))

    def routes(self) -> list[Route]:
        """The addresses of this screen."""
        return [
            self._desk.route("GET", "/open/{guid}", self.start),
            self._desk.route("GET", "/open/{guid}/{inside:path}", self.stage),
            *self._minted.routes(),
        ]


def _own(there: AssociationView, role: str, mine: dict[str, ConnectionView], chosen: Chosen) -> Acting:
    """As the person looking, in the role that counts here."""
    now = mine.get(role)
    others = {picked for (guid, _content), picked in chosen.items() if guid == there.guid} | set(mine)
    roles = ["", *sorted(others - {""}, key=str.lower)] if there.takes_roles and not there.role else []
    return Acting(
        guid=there.guid,
        name=there.label,
        vendor=there.template,
        how="viewer",
        account=(now.account or "") if now else "",
        takes_roles=there.takes_roles,
        role=role,
        pinned=bool(there.role),
        roles=tuple(_switch(one, mine.get(one)) for one in roles[:MOST_ROLES] if one != role),
        renews=now is None or now.has_refresh_token,
        expires=now.access_expires_at if now else None,
    )


def _switch(role: str, there: ConnectionView | None) -> StageRole:
    held = there is not None and there.status == "connected"
    account = (there.account or "") if there is not None and held else ""
    return StageRole(pick=NAMED_PICK + role if role else DEFAULT_PICK, role=role, held=held, account=account)


def _borrowed(there: AssociationView, loan: LoanView) -> Acting:
    return Acting(
        guid=there.guid,
        name=there.label,
        vendor=there.template,
        how="lent",
        lender=loan.lender_name,
        until=loan.until,
        takes_roles=there.takes_roles,
        role=loan.role,
    )


def _plain(there: AssociationView, how: Acts) -> Acting:
    return Acting(guid=there.guid, name=there.label, vendor=there.template, how=how)


def _deployed(session: Session, bundle_id: int) -> datetime | None:
    return session.exec(select(Bundle.created_time).where(Bundle.id == bundle_id)).first()


def _with_query(path: str, request: Request) -> str:
    return path + (f"?{request.url.query}" if request.url.query else "")
