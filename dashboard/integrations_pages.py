"""Integrations: the list for those who publish, and for administrators the choice of a system to add."""

from __future__ import annotations

from typing import cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import vendors
from dashboard.desk import Desk
from dashboard.views import integrations as views
from integrations.contract import AuthType
from integrations.template import Template
from server.db.models import Integration
from server.health import policy
from server.health.health import Health
from server.oauth import overview
from server.web.caller import Caller
from server.web.errors import ApiError

LONGEST_QUERY = 100
FOR_ADMINISTRATORS = "Only administrators of this server make and change integrations."
FOR_PUBLISHERS = "Integrations are for people who publish. What you are connected to is under Connected accounts."


class IntegrationsPages:
    """`/integrations` and `/integrations/new`; the other pages of integrations find theirs here."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services
        self._integrations = desk.services.integrations

    async def listing(self, request: Request, caller: Caller) -> Response:
        """All that the caller may use; administrators also see how each fares."""
        usable = await self._integrations.usable_by(caller)
        manages = caller.has("administrator")
        apps, people = await self._integrations.counts(), await self._services.db.read(overview.connected)
        health = await self._services.health.all() if manages else {}
        rows = tuple(
            views.IntegrationRow(
                guid=row.guid,
                name=name_of(row),
                vendor=row.template,
                vendor_label=self.vendor(row.template),
                auth_type=cast(AuthType, row.auth_type),
                changed=row.updated_time,
                apps=apps.get(row.id or 0, 0),
                connections=people.get(row.id or 0, 0),
                description=row.description or "",
                health=self._badge(row, health.get(row.guid)),
            )
            for row in usable
        )
        page = self._desk.page(request, caller, "Integrations", "integrations")
        return self._desk.show("integrations", views.Integrations(page=page, rows=rows, may_manage=manages))

    def _badge(self, row: Integration, health: Health | None) -> views.HealthBadge | None:
        template = self._integrations.catalog.get(row.template)
        if health is None or template is None or template.data.endpoints is None:
            # There is nobody whom this server asks.
            return None
        warning = policy.secret_warning(health.secret_ends, self._services.health.clock())
        return views.HealthBadge(state=health.state, summary=health.summary, secret=warning)

    async def choose(self, request: Request, caller: Caller) -> Response:
        """Which system? `q` narrows it, for browsers without a script."""
        query = request.query_params.get("q", "")[:LONGEST_QUERY].strip()
        found = vendors.grouped(vendors.matching(self._integrations.catalog.all(), query))
        groups = tuple(
            views.VendorGroup(
                name=name,
                vendors=tuple(
                    views.VendorChoice(template=each.key, name=each.name, description=each.description)
                    for each in templates
                ),
            )
            for name, templates in found
        )
        page = self._desk.page(request, caller, "Add integration", "integrations")
        return self._desk.show("integration_new", views.IntegrationNew(page=page, groups=groups, query=query))

    async def find(self, request: Request) -> tuple[Integration, Template]:
        """The integration in the path with its template. What there is not: 404."""
        try:
            row = await self._integrations.get(request.path_params["guid"].lower())
            return row, self._integrations.template(row.template)
        except ApiError:
            raise HTTPException(404) from None

    async def head(self, row: Integration, template: Template, tab: views.Tab) -> views.IntegrationHead:
        """What all pages of one integration have on top."""
        assert row.id is not None
        return views.IntegrationHead(
            guid=row.guid,
            name=name_of(row),
            vendor=row.template,
            vendor_label=template.name,
            auth_type=cast(AuthType, row.auth_type),
            description=row.description or "",
            apps=(await self._integrations.counts()).get(row.id, 0),
            connections=await self._services.db.read(overview.connected_to, row.id),
            tab=tab,
        )

    def vendor(self, key: str) -> str:
        """The name of a template."""
        template = self._integrations.catalog.get(key)
        return template.name if template else key

    def routes(self) -> list[Route]:
        """The addresses of these screens."""
        route, only = self._desk.route, {"role": "administrator", "refusal": FOR_ADMINISTRATORS}
        return [
            route("GET", "/integrations", self.listing, role="publisher", refusal=FOR_PUBLISHERS),
            route("GET", "/integrations/new", self.choose, **only),
        ]


def name_of(row: Integration) -> str:
    """What to call an integration; one made by API may have no name."""
    return row.name or row.template
