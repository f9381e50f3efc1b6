"""Connected accounts: where apps may act as the person looking, who used it, and how to renew, prefer or end it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.lent import lent_by
from dashboard.views.account import AppLink, ConnectionRow, Connections, ConnectionUses, RoleVendor, UseLine
from server.oauth import overview
from server.oauth.choices import DEFAULT, Chosen, counting
from server.oauth.overview import App
from server.oauth.roles import takes_roles
from server.oauth.scopes import in_words
from server.pages.views import Scope
from server.vault.connections import ConnectionView
from server.vault.errors import IntegrationBroken, NeedsConsent, NotConnected, TryLater, said
from server.vault.upkeep import LastUse
from server.web.caller import Caller
from server.web.cursors import keyset_of, page
from server.web.errors import ApiError
from server.web.screens import safe_return

# What becomes of the access at the vendor's, by the word of `Ended.vendor`.
AT_THE_VENDOR = {
    "told": "{name} is told to end it there, too.",
    "no_endpoint": "{name} offers no way to end it there: it ends by itself, or you end it in your account there.",
    "changed": "It was made with other settings, so {name} could not be told.",
    "unreadable": "{name} could not be told; end it in your account there, too.",
}
GONE = "That account was disconnected already."


class ConnectionsPages:
    """`/connections`, the page of each, and their buttons."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services

    async def connections(self, request: Request, caller: Caller) -> Response:
        """One row a connection."""
        own = await self._services.vault.connections.of_user(caller.user_id)
        rows = await self._rows(caller, own)
        further = {
            row.integration_guid: RoleVendor(guid=row.integration_guid, name=row.integration_name, vendor=row.vendor)
            for row in rows
            if row.takes_roles
        }
        shown = self._desk.page(request, caller, "Connected accounts", "connections")
        lent = await lent_by(self._services, caller)
        view = Connections(page=shown, rows=rows, more_roles=tuple(further.values()), lent=lent)
        return self._desk.show("connections", view)

    async def uses(self, request: Request, caller: Caller) -> Response:
        """Who used one of them."""
        view = await self._own(caller, request.path_params["guid"])
        if view is None:
            return self._desk.back(caller, "/connections", GONE, "info")
        keyset = replace(keyset_of(request, int), ascending=False)
        found = await self._services.vault.upkeep.uses(caller, view.guid, keyset)
        paging, lines = page(request, "", keyset, found, lambda line: (line.time, line.event.id or 0))
        (row,) = await self._rows(caller, [view])
        shown = self._desk.page(request, caller, f"Who used {row.integration_name}", "connections")
        told = tuple(UseLine(time=line.time, text=line.text, address=line.event.address or "") for line in lines)
        return self._desk.show(
            "connection_uses", ConnectionUses(page=shown, row=row, lines=told, older=paging["next"] or "")
        )

    async def _rows(self, caller: Caller, own: list[ConnectionView]) -> tuple[ConnectionRow, ...]:
        if not own:
            return ()
        apps = await self._services.db.read(overview.apps_open_to, caller)
        chosen = await self._services.choices.of_user(caller.user_id)
        used = await self._services.vault.upkeep.last_used([view.guid for view in own])
        return tuple(self._row(view, apps.get(view.integration_guid, ()), chosen, used) for view in own)

    def _row(
        self, view: ConnectionView, apps: tuple[App, ...], chosen: Chosen, used: Mapping[str, LastUse]
    ) -> ConnectionRow:
        template = self._services.integrations.catalog.get(view.template)
        in_roles, last = takes_roles(template), used.get(view.guid)
        words = (in_words(scope, template) for scope in view.scopes)
        links = [app for app in apps if not in_roles or _role(app, chosen, view.integration_guid) == view.role]
        return ConnectionRow(
            guid=view.guid,
            integration_guid=view.integration_guid,
            integration_name=view.integration_name,
            vendor=view.template,
            vendor_label=template.name if template else view.template,
            since=view.created_time,
            account=view.account or "",
            takes_roles=in_roles,
            role=view.role,
            preferred=in_roles and chosen.get((view.integration_guid, DEFAULT), "") == view.role,
            renews=view.has_refresh_token,
            refreshed=view.refreshed_time,
            expires=view.access_expires_at,
            ended="" if view.status == "connected" else said(view.reason) or "It ended.",
            scopes=tuple(Scope(words=one.words, raw=one.raw) for one in words),
            apps=tuple(AppLink(guid=app.guid, title=app.title) for app in links),
            last_used=None if last is None else last.time,
            last_app=AppLink(guid=last.content_guid, title=last.title) if last and last.content_guid else None,
        )

    async def _own(self, caller: Caller, guid: str) -> ConnectionView | None:
        """One of the looking person's own connections: this page is nobody else's, not even an administrator's."""
        own = await self._services.vault.connections.of_user(caller.user_id)
        return next((view for view in own if view.guid == guid), None)

    async def refresh(self, request: Request, caller: Caller) -> Response:
        """The button: renew it now."""
        form = await self._desk.form(request, caller)
        going = safe_return(form.get("next"), "/connections")
        view = await self._own(caller, request.path_params["guid"])
        if view is None:
            return self._desk.back(caller, going, GONE, "info")
        name = view.integration_name
        try:
            after = await self._services.vault.upkeep.refresh(caller, view.guid)
        except NotConnected:
            return self._desk.back(caller, going, GONE, "info")
        except NeedsConsent as error:
            return self._desk.back(caller, going, f"{said(error.reason)} Connect {name} again.", "warning")
        except (IntegrationBroken, TryLater) as error:
            return self._desk.back(caller, going, f"{name} was not renewed. {error.reason}", "warning")
        if after.refreshed_time == view.refreshed_time:
            return self._desk.back(caller, going, f"{name} is as new as can be at the moment.", "info")
        return self._desk.back(caller, going, f"{name} was renewed.")

    async def prefer(self, request: Request, caller: Caller) -> Response:
        """The button: apps use this role where no other was chosen."""
        await self._desk.form(request, caller)
        view = await self._own(caller, request.path_params["guid"])
        if view is None:
            return self._desk.back(caller, "/connections", GONE, "info")
        row = await self._services.integrations.get(view.integration_guid)
        if row.id is not None:
            await self._services.choices.choose(caller, row.id, DEFAULT, view.role)
        called = f"the role {view.role}" if view.role else "your default role"
        return self._desk.back(caller, "/connections", f"Apps use {called} at {view.integration_name} from now on.")

    async def disconnect(self, request: Request, caller: Caller) -> Response:
        """The button; `next` is the page it was on. A connection that has gone already counts as ended."""
        form = await self._desk.form(request, caller)
        going = safe_return(form.get("next"), "/connections")
        view = await self._own(caller, request.path_params["guid"])
        try:
            ended = None if view is None else await self._services.vault.connections.disconnect(caller, view.guid)
        except ApiError as error:
            if error.status != 404:
                raise
            ended = None
        if ended is None:
            return self._desk.back(caller, going, GONE, "info")
        name = ended.connection.integration_name
        role = f" in the role {ended.connection.role}" if ended.connection.role else ""
        told = AT_THE_VENDOR.get(ended.vendor, "").format(name=name)
        text = f"{name} is disconnected{role}. Apps can no longer use it as you. {told}".strip()
        return self._desk.back(caller, going, text)

    def routes(self) -> list[Route]:
        """The addresses of this screen."""
        return [
            self._desk.route("GET", "/connections", self.connections),
            self._desk.route("GET", "/connections/{guid}", self.uses),
            self._desk.route("POST", "/connections/{guid}/refresh", self.refresh),
            self._desk.route("POST", "/connections/{guid}/prefer", self.prefer),
            self._desk.route("POST", "/connections/{guid}/disconnect", self.disconnect),
        ]


def _role(app: App, chosen: Chosen, integration_guid: str) -> str:
    return app.role or counting(chosen, integration_guid, app.guid)
