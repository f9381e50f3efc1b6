"""The health of integrations by API, for administrators."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.health.health import HealthRecords
from server.health.wire import HealthObject, health_object
from server.oauth.api import integration_guid
from server.web.caller import Caller
from server.web.described import Says
from server.web.routes import Routes, json_reply


class HealthApi:
    """/v1/oauth/integrations/{guid}/health."""

    def __init__(self, records: HealthRecords) -> None:
        self._records = records

    async def read(self, request: Request, _caller: Caller) -> Response:
        """How an integration fares at its provider."""
        health = await self._records.one(integration_guid(request))
        return json_reply(health_object(health, self._records.clock()))

    def routes(self) -> Routes:
        """The declared routes."""
        routes = Routes()
        says = Says(reply=HealthObject)
        routes.get("/v1/oauth/integrations/{guid}/health", role="administrator", says=says)(self.read)
        return routes
