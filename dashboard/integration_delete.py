"""The page before an integration is deleted: it says who would notice, and the name has to be typed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.integrations_pages import FOR_ADMINISTRATORS, IntegrationsPages, name_of
from dashboard.views.integrations import IntegrationDelete
from server.oauth import overview
from server.web.caller import Caller

MOST_TITLES = 10


class IntegrationDeletePages:
    """`/integrations/{guid}/delete`."""

    def __init__(self, desk: Desk, integrations: IntegrationsPages) -> None:
        self._desk, self._services, self._pages = desk, desk.services, integrations

    async def ask(self, request: Request, caller: Caller) -> Response:
        """What would happen."""
        return await self._show(request, caller, "")

    async def delete(self, request: Request, caller: Caller) -> Response:
        """The form with the typed name."""
        form = await self._desk.form(request, caller)
        row, _template = await self._pages.find(request)
        name = name_of(row)
        if form.line("confirm") != name.strip():
            return await self._show(request, caller, f"Type {name} exactly, or keep it.")
        await self._services.integrations.delete(caller, row.guid)
        return self._desk.back(caller, "/integrations", f"{name} is deleted.")

    async def _show(self, request: Request, caller: Caller, problem: str) -> Response:
        row, _template = await self._pages.find(request)
        assert row.id is not None
        apps = await self._services.db.read(overview.apps, row.id)
        people = await self._services.db.read(overview.connected_to, row.id)
        shown = IntegrationDelete(
            page=self._desk.page(request, caller, f"Delete {name_of(row)}", "integrations"),
            guid=row.guid,
            name=name_of(row),
            vendor=row.template,
            apps=len(apps),
            people=people,
            app_titles=tuple(app.title for app in apps[:MOST_TITLES]),
            problem=problem,
        )
        return self._desk.show("integration_delete", shown, 400 if problem else 200)

    def routes(self) -> list[Route]:
        """The addresses of this screen."""
        terms = {"role": "administrator", "refusal": FOR_ADMINISTRATORS}
        return [
            self._desk.route("GET", "/integrations/{guid}/delete", self.ask, **terms),
            self._desk.route("POST", "/integrations/{guid}/delete", self.delete, **terms),
        ]
