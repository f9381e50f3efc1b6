"""What a person lends of her own access, on her own page, and taking it back from there."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.desk import Desk
from dashboard.views.account import LentRow
from server.services import Services
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.routes import guid_in

BACK = "/connections"


async def lent_by(services: Services, caller: Caller) -> tuple[LentRow, ...]:
    """Everything that the person lends, oldest first, ended loans too."""
    found = []
    for loan in await services.loans.of_lender(caller.user_id):
        view = await services.directory.by_guid(loan.content_guid)
        counts = view is not None and any(services.loans.is_live(loan, view, to) for to in ("viewers", "schedules"))
        found.append(
            LentRow(
                content_guid=loan.content_guid,
                content_title=loan.content_title,
                integration_guid=loan.integration_guid,
                integration_name=loan.integration_name,
                role=loan.role,
                until=loan.until,
                to_viewers=loan.to_viewers,
                to_schedules=loan.to_schedules,
                counts=counts,
            )
        )
    return tuple(found)


class LentPages:
    """The button beside a loan."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._services = desk, desk.services

    async def end(self, request: Request, caller: Caller) -> Response:
        """Take a loan of one's own back, whoever owns the content now."""
        await self._desk.form(request, caller)
        content, integration = guid_in(request, "content"), guid_in(request, "integration")
        own = await self._services.loans.of_lender(caller.user_id)
        if not any((loan.content_guid, loan.integration_guid) == (content, integration) for loan in own):
            return self._desk.back(caller, BACK, "You had taken that back already.", "info")
        try:
            await self._services.loans.end(caller, content, integration)
        except ApiError:
            return self._desk.back(caller, BACK, "You had taken that back already.", "info")
        return self._desk.back(caller, BACK, "Taken back. From now on everybody connects an account of their own.")

    def routes(self) -> list[Route]:
        """The one address."""
        return [self._desk.route("POST", "/connections/lent/{content}/{integration}/end", self.end)]
