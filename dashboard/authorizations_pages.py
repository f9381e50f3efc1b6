"""Delegated authorizations for administrators: found by person, integration and role, given ahead, and ended."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.forms import Form
from dashboard.integrations_pages import name_of
from dashboard.views import authorizations as views
from dashboard.views.authorizations import Filter
from server.accounts import store as accounts
from server.db.models import Integration
from server.delegations.store import Authorization, Wanted
from server.oauth import roles
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.paging import Paging

PAGE_SIZE = 50
LONGEST = 255
MOST_LISTED = 200
FOR_ADMINISTRATORS = (
    "Only administrators see what other people let integrations do. Yours are under Connected accounts."
)
HERE = "/authorizations"


class AuthorizationsPages:
    """`/authorizations` and what its forms lead to."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services

    async def listing(self, request: Request, caller: Caller) -> Response:
        """The search, a page of what it finds, and the form that allows ahead."""
        return await self._show(request, caller, _filter(request.query_params))

    async def _show(
        self,
        request: Request,
        caller: Caller,
        wanted: Filter,
        *,
        typed: Form | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> Response:
        text = request.query_params.get("page", "1")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) else 1
        paging = Paging(number, PAGE_SIZE)
        rows, total = await self._services.delegations.listed(_wanted(wanted), paging)
        shown = views.Authorizations(
            page=self._desk.page(request, caller, "Connections", "integrations"),
            rows=tuple(_row(row) for row in rows),
            total=total,
            integrations=tuple(self._choice(row) for row in await self._services.integrations.all()),
            filter=wanted,
            query=_query(wanted),
            number=number,
            more=number * PAGE_SIZE < total,
            typed_username=typed.line("username") if typed else wanted.person,
            typed_integration=typed.get("integration") if typed else wanted.integration,
            typed_role=typed.line("role") if typed else "",
            problems=problems or {},
        )
        return self._desk.show("authorizations", shown, 400 if problems else 200)

    def _choice(self, row: Integration) -> views.Choice:
        template = self._services.integrations.catalog.get(row.template)
        return views.Choice(
            guid=row.guid,
            name=name_of(row),
            takes_roles=roles.takes_roles(template),
            refusal=self._services.delegations.always_asks(row) or "",
        )

    async def allow(self, request: Request, caller: Caller) -> Response:
        """The form: a username, an integration, a role."""
        form = await self._desk.form(request, caller)
        username, guid, role = form.line("username"), form.get("integration"), form.line("role")
        user = await self._services.db.read(accounts.by_name, username) if username else None
        if user is None:
            said = "Nobody here has this username; check its spelling." if username else "Type a username."
            return await self._show(request, caller, Filter(), typed=form, problems={"username": said})
        try:
            made = await self._services.delegations.preauthorize(caller, user.guid, guid, role)
        except ApiError as error:
            field = "ahead_role" if role and "role" in error.message else "ahead_integration"
            said = "Choose an integration." if "names no integration" in error.message else error.message
            return await self._show(request, caller, Filter(), typed=form, problems={field: said})
        in_role = f" in the role {made.role}" if made.role else ""
        text = f"{made.user_name} goes straight to signing in at {made.integration_name}{in_role}."
        return self._desk.back(caller, f"{HERE}?{urlencode({'person': made.user_name})}", text)

    async def ask(self, request: Request, caller: Caller) -> Response:
        """What would be ended, in numbers."""
        wanted = _filter(request.query_params)
        extent = await self._services.delegations.extent(_wanted(wanted))
        if not wanted.anything or not (extent.connections or extent.pre_authorizations):
            return RedirectResponse(f"{HERE}?{_query(wanted)}", 303)
        shown = views.RevokeAuthorizations(
            page=self._desk.page(request, caller, "End connections", "integrations"),
            filter=wanted,
            whose=await self._whose(wanted),
            connections=extent.connections,
            pre_authorizations=extent.pre_authorizations,
            people=extent.people,
            integrations=extent.integrations,
        )
        return self._desk.show("authorizations_revoke", shown)

    async def _whose(self, wanted: Filter) -> str:
        names = {row.guid: name_of(row) for row in await self._services.integrations.all()}
        found = f"of people whose username begins with “{wanted.person}”" if wanted.person else "of everybody"
        if wanted.integration:
            found += f" at {names.get(wanted.integration, 'an integration that is gone')}"
        if wanted.role is not None:
            found += f" in the role {wanted.role}" if wanted.role else " in the default role"
        return found

    async def revoke(self, request: Request, caller: Caller) -> Response:
        """The button of that page, or of one row: end it, and say for each what the vendor learns."""
        form = await self._desk.form(request, caller)
        if form.get("user"):
            wanted = Wanted(user_guid=form.get("user"), integration_guid=form.get("integration"), role=form.get("role"))
        else:
            wanted = _wanted(_filter({name: form.get(name) for name in ("person", "integration", "role")}))
        if wanted.nothing:
            return RedirectResponse(HERE, 303)
        ended = await self._services.delegations.revoke(caller, wanted, "revoked_by_administrator")
        rows = [
            views.RevokedRow(
                user_name=one.authorization.user_name,
                integration_name=one.authorization.integration_name,
                role=one.authorization.role,
                kind=one.authorization.kind,
                told=one.vendor in ("told", "nothing"),
                message=one.message if one.authorization.kind == "connection" else "People are asked again.",
            )
            for one in ended
        ]
        shown = views.RevokedAuthorizations(
            page=self._desk.page(request, caller, "Ended", "integrations"),
            # What somebody has to do about comes first.
            rows=tuple(sorted(rows, key=lambda row: row.told)[:MOST_LISTED]),
            total=len(rows),
            not_told=sum(not row.told for row in rows),
        )
        return self._desk.show("authorizations_revoked", shown)

    def routes(self) -> list[Route]:
        """The addresses of these screens."""
        route, only = self._desk.route, {"role": "administrator", "refusal": FOR_ADMINISTRATORS}
        return [
            route("GET", HERE, self.listing, **only),
            route("POST", HERE, self.allow, **only),
            route("GET", f"{HERE}/revoke", self.ask, **only),
            route("POST", f"{HERE}/revoke", self.revoke, **only),
        ]


def _filter(given: Mapping[str, str]) -> Filter:
    role = given.get("role")
    return Filter(
        person=given.get("person", "").strip()[:LONGEST],
        integration=given.get("integration", "").lower()[:36],
        # A form sends the field empty for any role; the default role is written out.
        role=None if not role else "" if role == "(default)" else role[:LONGEST],
    )


def _wanted(wanted: Filter) -> Wanted:
    return Wanted(
        integration_guid=wanted.integration or None,
        role=wanted.role,
        person=wanted.person,
    )


def _query(wanted: Filter) -> str:
    fields = {"person": wanted.person, "integration": wanted.integration}
    if wanted.role is not None:
        fields["role"] = wanted.role or "(default)"
    return urlencode({name: value for name, value in fields.items() if value})


def _row(row: Authorization) -> views.AuthorizationRow:
    return views.AuthorizationRow(
        kind=row.kind,
        created=row.created,
        user_name=row.user_name,
        user_guid=row.user_guid,
        role=row.role,
        integration_guid=row.integration_guid,
        integration_name=row.integration_name,
        vendor=row.template,
        good=row.status in ("connected", "active"),
        by=row.by,
    )
