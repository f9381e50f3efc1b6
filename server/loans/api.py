"""Loans by API: the owner lends, everybody who may change the content sees it, and it can be taken back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.access.guard import Guard
from server.content.directory import Directory
from server.loans.loans import Loans, Terms
from server.loans.wire import LoanObject, NewLoan, is_active, loan_object
from server.web.body import Fields, read_object
from server.web.caller import Caller
from server.web.described import Says
from server.web.errors import invalid
from server.web.routes import Routes, empty_reply, guid_in, json_reply, moment


class LoansApi:
    """/v1/oauth/loans, and the loans of a content item."""

    def __init__(self, loans: Loans, guard: Guard, directory: Directory) -> None:
        self._loans, self._guard, self._directory = loans, guard, directory

    async def own(self, _request: Request, caller: Caller) -> Response:
        """What the caller lends, oldest first, ended loans too."""
        found = await self._loans.of_lender(caller.user_id)
        views = {loan.content_guid: await self._directory.by_guid(loan.content_guid) for loan in found}
        return json_reply([loan_object(loan, is_active(self._loans, loan, views[loan.content_guid])) for loan in found])

    async def listing(self, request: Request, caller: Caller) -> Response:
        """Whose connections a content item is lent, oldest first, ended loans too."""
        view = await self._guard.editable(caller, guid_in(request))
        found = await self._loans.of(view)
        return json_reply([loan_object(loan, is_active(self._loans, loan, view)) for loan in found])

    async def lend(self, request: Request, caller: Caller) -> Response:
        """Lend one's connection at an integration to those who look at one's content, or to its schedules."""
        view = await self._guard.editable(caller, guid_in(request))
        given = Fields(await read_object(request))
        if not isinstance(given.data.get("until"), str):
            raise invalid("Send until, such as 2027-01-31T00:00:00Z: the moment at which the loan ends.")
        terms = Terms(
            until=moment(given.text("until", limit=64), "until"),
            to_viewers=given.flag("viewers", True),
            to_schedules=given.flag("schedules", False),
            role="" if given.data.get("role") is None else given.text("role", limit=255),
        )
        loan = await self._loans.lend(caller, view, guid_in(request, "integration_guid"), terms)
        return json_reply(loan_object(loan, is_active(self._loans, loan, view)))

    async def end(self, request: Request, caller: Caller) -> Response:
        """Take a loan back, at once: the lender, and whoever may change the content."""
        content_guid, integration_guid = guid_in(request), guid_in(request, "integration_guid")
        own = any(
            (loan.content_guid, loan.integration_guid) == (content_guid, integration_guid)
            for loan in await self._loans.of_lender(caller.user_id)
        )
        if not own:
            await self._guard.editable(caller, content_guid)
        await self._loans.end(caller, content_guid, integration_guid)
        return empty_reply()

    def routes(self) -> Routes:
        """The declared routes."""
        routes, path = Routes(), "/v1/content/{guid}/oauth/integrations/{integration_guid}/loan"
        routes.get("/v1/oauth/loans", says=Says(reply=list[LoanObject]))(self.own)
        routes.get("/v1/content/{guid}/oauth/loans", says=Says(reply=list[LoanObject]))(self.listing)
        ours = "until must be to come, within a year (25); the lender needs a good connection (220) of her own (237)."
        routes.put(path, role="publisher", says=Says(reply=LoanObject, body=NewLoan, refuses=ours))(self.lend)
        routes.delete(path, says=Says(status=204))(self.end)
        return routes
