"""The Sharing tab of one content item: the owner lends her access, and links open it without signing in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.content_pages import ContentFrame
from dashboard.desk import Desk
from dashboard.fresh import Fresh
from dashboard.views.sharing import ContentSharing, Lendable, LinkRow
from server.content.view import ContentView
from server.db.clock import now
from server.links.entrance import address
from server.loans.loans import Terms
from server.oauth.fitting import VIEWER_TYPES
from server.oauth.store import AssociationView
from server.web.caller import Caller
from server.web.errors import ApiError

LINK_DAYS = {"1": 1, "7": 7, "30": 30, "90": 90, "365": 365}
LOAN_DAYS = {"7": 7, "30": 30, "90": 90, "180": 180, "365": 365}


class SharingPages:
    """`/apps/{guid}/sharing` and its forms."""

    def __init__(self, desk: Desk, frame: ContentFrame) -> None:
        self._desk, self._frame, self._services = desk, frame, desk.services
        self._fresh = Fresh(self._services.keyring, "fresh link", secure=desk.screens.https)

    async def sharing(self, request: Request, caller: Caller) -> Response:
        """The tab; after a link was made, with its address."""
        view = await self._frame.editable(request, caller)
        name, value = self._fresh.read(request, caller)
        reply = await self._show(request, caller, view, new_name=name, new_link=value)
        if value:
            reply.headers.append("set-cookie", self._fresh.clear(_path(view)))
        return reply

    async def make_link(self, request: Request, caller: Caller) -> Response:
        """The form: a name and how long it works."""
        form = await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        name, days = form.line("link_name"), form.get("link_days")
        typed = {"typed_name": name, "typed_days": days}
        if days not in LINK_DAYS:
            return await self._refused(request, caller, view, "link_days", "Choose how long it works.", **typed)
        try:
            _row, secret = await self._services.links.make(caller, view, name, now() + timedelta(days=LINK_DAYS[days]))
        except ApiError as error:
            return await self._refused(request, caller, view, "link_name", error.message, **typed)
        reply = RedirectResponse(_path(view), 303, {"Cache-Control": "no-store"})
        url = address(self._services.settings.origin, secret)
        reply.headers.append("set-cookie", self._fresh.put(caller, name, url, _path(view)))
        return reply

    async def revoke_link(self, request: Request, caller: Caller) -> Response:
        """The button beside a link."""
        await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        try:
            await self._services.links.revoke(caller, view, request.path_params["link"])
        except ApiError:
            return self._desk.back(caller, _path(view), "That link was revoked already.", "info")
        return self._desk.back(caller, _path(view), "Revoked. Pages that the link opened are closed.")

    async def lend(self, request: Request, caller: Caller) -> Response:
        """The owner's form: to whom, and for how long."""
        form = await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        guid, days = _guid(request), form.get("days")
        if days not in LOAN_DAYS:
            return await self._refused(request, caller, view, f"loan-{guid}", "Choose how long it is lent.")
        used = await self._services.associations.for_content(view.guid)
        there = next((one for one in used if one.guid == guid), None)
        if there is None:
            raise HTTPException(404)
        terms = Terms(
            until=now() + timedelta(days=LOAN_DAYS[days]),
            to_viewers=form.get("viewers") == "true",
            to_schedules=form.get("schedules") == "true",
            role=await self._services.choices.role_for(caller.user_id, there, view.guid),
        )
        try:
            await self._services.loans.lend(caller, view, guid, terms)
        except ApiError as error:
            return await self._refused(request, caller, view, f"loan-{guid}", error.message)
        return self._desk.back(caller, _path(view), f"Lent. You can take access to {there.label} back at any time.")

    async def end_loan(self, request: Request, caller: Caller) -> Response:
        """The button beside a loan."""
        await self._desk.form(request, caller)
        view = await self._frame.editable(request, caller)
        try:
            await self._services.loans.end(caller, view.guid, _guid(request))
        except ApiError:
            return self._desk.back(caller, _path(view), "That loan had ended already.", "info")
        return self._desk.back(
            caller, _path(view), "Taken back. From now on everybody connects an account of their own."
        )

    async def _refused(
        self, request: Request, caller: Caller, view: ContentView, field: str, text: str, **typed: str
    ) -> Response:
        return await self._show(request, caller, view, problems={field: text}, **typed)

    async def _show(
        self,
        request: Request,
        caller: Caller,
        view: ContentView,
        *,
        problems: Mapping[str, str] | None = None,
        **typed: str,
    ) -> Response:
        used = await self._services.associations.for_content(view.guid)
        rows = await self._services.links.of(view)
        shown = ContentSharing(
            page=self._desk.page(request, caller, f"Sharing of {view.title}"),
            content=await self._frame.head(view, "sharing", await self._frame.runs(view)),
            owner=view.owner_name,
            is_owner=caller.guid == view.owner_guid,
            lendable=tuple([await self._lendable(caller, view, one) for one in used if one.auth_type == "Viewer"]),
            links=tuple(
                LinkRow(
                    guid=row.guid,
                    name=row.name,
                    created=row.created_time,
                    expires=row.expires_at,
                    last_used=row.last_used_time,
                )
                for row in rows
            ),
            now=now(),
            no_links=_no_links(used),
            problems=problems or {},
            **typed,
        )
        return self._desk.show("content_sharing", shown, 400 if problems else 200)

    async def _lendable(self, caller: Caller, view: ContentView, there: AssociationView) -> Lendable:
        loans, standings = self._services.loans, self._services.vault.standings
        loan = next((one for one in await loans.of(view) if one.integration_guid == there.guid), None)
        owns, mine = caller.guid == view.owner_guid, None
        if owns:
            role = await self._services.choices.role_for(caller.user_id, there, view.guid)
            mine = await standings.of(caller.guid, there.guid, role)
        good = mine is not None and mine.good_for(there.fingerprint, there.config_version)
        counts = loan is not None and (loans.is_live(loan, view) or loans.is_live(loan, view, "schedules"))
        ended = ""
        if loan is not None and not (counts and await loans.works(loan, there)):
            ended = await loans.why_not(view, there) or f"{loan.lender_name} lent access, and it does not count now."
        template = self._services.integrations.catalog.get(there.template)
        return Lendable(
            guid=there.guid,
            name=there.label,
            vendor=there.template,
            vendor_label=template.name if template else there.template,
            lender=loan.lender_name if loan else "",
            role=loan.role if loan else "",
            until=loan.until if loan else None,
            to_viewers=loan is not None and loan.to_viewers,
            to_schedules=loan is not None and loan.to_schedules,
            ended=ended,
            may_lend=owns and good,
            connect_first=owns and not good,
        )

    def routes(self) -> list[Route]:
        """The addresses of this tab."""
        at = "/apps/{guid}/sharing"
        return [
            self._desk.route("GET", at, self.sharing),
            self._desk.route("POST", f"{at}/links", self.make_link),
            self._desk.route("POST", at + "/links/{link}/revoke", self.revoke_link),
            self._desk.route("POST", at + "/loans/{integration}", self.lend),
            self._desk.route("POST", at + "/loans/{integration}/end", self.end_loan),
        ]


def _path(view: ContentView) -> str:
    return f"/apps/{view.guid}/sharing"


def _guid(request: Request) -> str:
    """The integration in the path. What cannot be one: 404."""
    try:
        return str(uuid.UUID(request.path_params["integration"]))
    except ValueError:
        raise HTTPException(404) from None


def _no_links(used: tuple[AssociationView, ...]) -> str:
    """Why the content can have no share links, as a sentence; empty where it can."""
    personal = next((one for one in used if one.auth_type in VIEWER_TYPES), None)
    if personal is None:
        return ""
    return (
        f"Not possible while it uses {personal.label} as the person looking: a link does not say who that is. Give "
        "people access instead."
    )
