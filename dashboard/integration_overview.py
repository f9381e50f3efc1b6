"""One integration's own page: how it fares, Test, two secrets, who uses it and who may."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.integrations_pages import FOR_ADMINISTRATORS, IntegrationsPages, name_of
from dashboard.views import integration_page as views
from dashboard.views.account import AppLink
from dashboard.views.integrations import HealthBadge
from integrations.schema import SECOND_SECRET
from integrations.template import Template
from server.db.models import Integration
from server.health import policy
from server.health.health import Health
from server.health.store import Counts
from server.oauth import overview
from server.oauth.allowed import Allowed
from server.oauth.integrations import Draft
from server.oauth.trial import lifetime_in_words
from server.vault.connections import ConnectionView
from server.vault.errors import IntegrationBroken, NotConnected, TryLater, said
from server.web.caller import Caller
from server.web.errors import ApiError

MOST_APPS = 50


class IntegrationOverviewPages:
    """`/integrations/{guid}` and its buttons."""

    def __init__(self, desk: Desk, integrations: IntegrationsPages) -> None:
        self._desk, self._services, self._pages = desk, desk.services, integrations
        s = desk.services
        self._allowed = Allowed(s.db, s.integrations, s.trail)

    async def one(self, request: Request, caller: Caller) -> Response:
        """The page."""
        return await self._show(request, caller)

    async def _show(
        self, request: Request, caller: Caller, *, typed: str = "", problems: Mapping[str, str] | None = None
    ) -> Response:
        row, template = await self._pages.find(request)
        assert row.id is not None
        apps = await self._services.db.read(overview.apps, row.id)
        mine = await self._services.vault.connections.list(caller.user_id, row.id)
        shown = views.IntegrationOverview(
            page=self._desk.page(request, caller, name_of(row), "integrations"),
            head=await self._pages.head(row, template, "overview"),
            kind=kind_of(row, template),
            health=self._health(await self._services.health.one(row.guid)),
            own=tuple(_own(view, template) for view in mine),
            allowed=tuple(
                views.AllowedEntry(
                    guid=one.guid, name=one.name, username=one.username, members=one.members, gone=one.gone
                )
                for one in await self._allowed.of(row)
            ),
            apps=tuple(AppLink(guid=app.guid, title=app.title) for app in apps[:MOST_APPS]),
            apps_total=len(apps),
            typed_username=typed,
            problems=problems or {},
        )
        return self._desk.show("integration", shown, 400 if problems else 200)

    def _health(self, health: Health) -> views.HealthPanel:
        moment, row = self._services.health.clock(), health.row
        found = policy.statuses(health.known)
        return views.HealthPanel(
            badge=HealthBadge(
                state=health.state,
                summary=health.summary,
                secret=policy.secret_warning(health.secret_ends, moment),
            ),
            day=_rate(health.known.day),
            week=_rate(health.known.week),
            last_success=row.last_success if row else None,
            last_error=row.last_error if row else None,
            error=row.error_reason if row else "",
            secret_ends=health.secret_ends,
            days_left=policy.days_left(health.secret_ends, moment),
            second_stored=health.second_stored,
            accepted=health.accepted or "",
            skew=policy.skew_in_words(row),
            drift=policy.drift_in_words(health.drift),
            connected=found["connected"],
            again=found["reauth_required"],
        )

    async def test(self, request: Request, caller: Caller) -> Response:
        """Sign in as the service account, and say only how it went."""
        await self._desk.form(request, caller)
        row, _template = await self._pages.find(request)
        here = f"/integrations/{row.guid}"
        assert row.id is not None
        try:
            issued = await self._services.vault.service.service_token(row.id, anew=True)
        except (IntegrationBroken, TryLater) as error:
            await self._services.trail.append(caller, "verify_oauth_integration", integration=row.guid, result="failed")
            return self._desk.back(caller, here, f"The test failed. {error.reason}", "error")
        except NotConnected:
            return self._desk.back(caller, here, "Only service accounts can be tested.", "error")
        await self._services.trail.append(caller, "verify_oauth_integration", integration=row.guid, result="ok")
        lives = f"The token lives {lifetime_in_words(issued.expires_in)}"
        scopes = f", with the scopes {' '.join(issued.scopes)}" if issued.scopes else ""
        return self._desk.back(caller, here, f"The test passed: it signed in as the service account. {lives}{scopes}.")

    async def mint(self, request: Request, caller: Caller) -> Response:
        """Sign a token for the looking administrator, and say what a warehouse would find in it."""
        await self._desk.form(request, caller)
        row, _template = await self._pages.find(request)
        here = f"/integrations/{row.guid}"
        try:
            found = await self._services.minting.inspector.inspect(caller, row.guid)
        except ApiError as error:
            return self._desk.back(caller, here, f"No token was signed for you. {error.message}", "error")
        await self._services.trail.append(caller, "verify_oauth_integration", integration=row.guid, result="ok")
        unmet = [finding["says"] for finding in found["findings"] if not finding["met"]]
        if unmet:
            text = f"A token was signed for you, and a warehouse would refuse it. {' '.join(unmet)}"
            return self._desk.back(caller, here, text, "warning")
        return self._desk.back(caller, here, "A token was signed for you, and it says everything a warehouse asks for.")

    async def rotate(self, request: Request, caller: Caller) -> Response:
        """The buttons of two secrets: make the second the only one, or forget it."""
        form = await self._desk.form(request, caller)
        row, _template = await self._pages.find(request)
        try:
            if form.get("keep") == "first":
                await self._services.integrations.change(caller, row.guid, Draft(config={SECOND_SECRET: None}))
                return self._desk.back(caller, f"/integrations/{row.guid}", "The second client secret is forgotten.")
            await self._services.integrations.use_second_alone(caller, row.guid)
        except ApiError as error:
            return self._desk.back(caller, f"/integrations/{row.guid}", error.message, "error")
        text = "The second client secret is the only one now. End the old one at the vendor."
        return self._desk.back(caller, f"/integrations/{row.guid}", text)

    async def allow(self, request: Request, caller: Caller) -> Response:
        """The form: a username or a group's name."""
        typed = (await self._desk.form(request, caller)).line("username")
        row, _template = await self._pages.find(request)
        if not typed:
            problems = {"username": "Type a username or a group's name."}
            return await self._show(request, caller, problems=problems)
        try:
            called = await self._allowed.add(caller, row.guid, typed)
        except ApiError as error:
            return await self._show(request, caller, typed=typed, problems={"username": error.message})
        return self._desk.back(caller, f"/integrations/{row.guid}", f"{called} may use {name_of(row)} now.")

    async def disallow(self, request: Request, caller: Caller) -> Response:
        """The button beside an entry. One that is gone already counts as removed."""
        await self._desk.form(request, caller)
        row, _template = await self._pages.find(request)
        try:
            left = await self._allowed.remove(caller, row.guid, request.path_params["entry"])
        except ApiError:
            left = len(row.permissions)
        text = "Removed. Apps that use it already go on doing so."
        if not left:
            text = "Removed. Nobody is listed any more, so everybody who publishes may use it."
        return self._desk.back(caller, f"/integrations/{row.guid}", text, "success" if left else "warning")

    def routes(self) -> list[Route]:
        """The addresses of this page."""
        route, only = self._desk.route, {"role": "administrator", "refusal": FOR_ADMINISTRATORS}
        at = "/integrations/{guid}"
        return [
            route("GET", at, self.one, **only),
            route("POST", f"{at}/test", self.test, **only),
            route("POST", f"{at}/mint", self.mint, **only),
            route("POST", f"{at}/rotate", self.rotate, **only),
            route("POST", f"{at}/people", self.allow, **only),
            route("POST", at + "/people/{entry}/remove", self.disallow, **only),
        ]


def kind_of(row: Integration, template: Template) -> views.Kind:
    """How it is tested."""
    if template.data.minted:
        return "minted"
    return {"Viewer": "viewer", "Service Account": "service"}.get(row.auth_type, "visitor")  # type: ignore[return-value]


def _rate(counts: Counts) -> views.Rate:
    percent = "" if counts.rate is None else f"{counts.rate:.0%}" if counts.rate in (0.0, 1.0) else f"{counts.rate:.1%}"
    return views.Rate(percent=percent, succeeded=counts.ok, failed=counts.failed, ended=counts.ended)


def _own(view: ConnectionView, template: Template) -> views.OwnConnection:
    came = view.refreshed_time or view.updated_time
    lives = None if view.access_expires_at is None else (view.access_expires_at - came).total_seconds()
    asked = view.asked or ()
    missing = tuple(s for s in asked if s not in view.scopes and s not in policy.NEVER_LISTED)
    return views.OwnConnection(
        guid=view.guid,
        account=view.account or "",
        role=view.role,
        scopes=view.scopes,
        missing=missing,
        lives=lifetime_in_words(lives),
        renews=view.has_refresh_token,
        lasting_scope=template.data.lasting_scope,
        since=view.updated_time,
        ended="" if view.status == "connected" else said(view.reason),
    )
