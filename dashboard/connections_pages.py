"""Connected accounts: where apps may act as the person looking, and how to end it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.views.account import AppLink, ConnectionRow, Connections
from server.oauth import overview
from server.oauth.overview import App
from server.vault.connections import ConnectionView
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.screens import safe_return


class ConnectionsPages:
    """`/connections` and its button."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services

    async def connections(self, request: Request, caller: Caller) -> Response:
        """One row a connection."""
        own = await self._services.vault.connections.of_user(caller.user_id)
        apps = await self._services.db.read(overview.apps_open_to, caller) if own else {}
        rows = tuple(self._row(view, apps.get(view.integration_guid, ())) for view in own)
        page = self._desk.page(request, caller, "Connected accounts", "connections")
        return self._desk.show("connections", Connections(page=page, rows=rows))

    def _row(self, view: ConnectionView, apps: tuple[App, ...]) -> ConnectionRow:
        template = self._services.integrations.catalog.get(view.template)
        return ConnectionRow(
            guid=view.guid,
            integration_guid=view.integration_guid,
            integration_name=view.integration_name,
            vendor=view.template,
            vendor_label=template.name if template else view.template,
            since=view.created_time,
            account=view.account or "",
            renews=view.has_refresh_token,
            expires=view.access_expires_at,
            ended=view.status != "connected",
            apps=tuple(AppLink(guid=app.guid, title=app.title) for app in apps),
        )

    async def disconnect(self, request: Request, caller: Caller) -> Response:
        """The button; `next` is the page it was on. A connection that has gone already counts as ended."""
        form = await self._desk.form(request, caller)
        going = safe_return(form.get("next"), "/connections")
        connections = self._services.vault.connections
        guid = request.path_params["guid"]
        try:
            view = await connections.get(caller, guid)
            await connections.disconnect(caller, guid)
        except ApiError as error:
            if error.status != 404:
                raise
            return self._desk.back(caller, going, "That account was disconnected already.", "info")
        text = f"{view.integration_name} is disconnected. Apps can no longer use it as you."
        return self._desk.back(caller, going, text)

    def routes(self) -> list[Route]:
        """The addresses of this screen."""
        return [
            self._desk.route("GET", "/connections", self.connections),
            self._desk.route("POST", "/connections/{guid}/disconnect", self.disconnect),
        ]
