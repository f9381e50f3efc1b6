"""GET /openapi.json: the API describes itself, as an OpenAPI 3.1 document.

Nobody needs to sign in for it: it is the same on every server of this version and says nothing about what is on this
one, and the tools that read it do so before they have a key.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from server.discovery.api import VERSION
from server.web.api import PREFIX
from server.web.caller import Caller
from server.web.described import Says
from server.web.openapi import document
from server.web.routes import Route, Routes


class OpenApiDocument(TypedDict):
    """A description of an API as OpenAPI 3.1 defines it."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


class Description:
    """The description of some routes, and of its own."""

    def __init__(self, routes: Sequence[Route], origin: str) -> None:
        own = Routes()
        own.get("/openapi.json", role=None, says=Says(reply=OpenApiDocument))(self.endpoint)
        self.routes = [*routes, *own.routes]
        self._server = origin + PREFIX

    @cached_property
    def _encoded(self) -> bytes:
        made = document(self.routes, version=VERSION, server=self._server)
        return json.dumps(made, separators=(",", ":")).encode()

    async def endpoint(self, _request: Request, _caller: Caller) -> Response:
        """The description of this API, for tools that read OpenAPI 3.1."""
        return Response(await asyncio.to_thread(lambda: self._encoded), media_type="application/json")
