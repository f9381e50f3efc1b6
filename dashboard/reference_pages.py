"""The API to read: every route by area with a search, and each area in full, from the same document as openapi.json."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as PageRoute

from dashboard import shape_words as words
from dashboard.desk import Desk
from dashboard.views.reference import Area, AreaLines, Member, Payload, Reference, Reply, RouteLine, RouteText
from server.api import api_routes
from server.discovery.api import VERSION
from server.web.api import PREFIX
from server.web.areas import AREAS, area
from server.web.caller import Caller
from server.web.openapi import callers, document, name_of, says, summary
from server.web.routes import Route

HOME = "/__docs__/api"


def slug_of(name: str) -> str:
    """An area's name in an address."""
    return re.sub(r"\W+", "-", name.lower())


class ReferencePages:
    """`/__docs__/api`, its list, and `/__docs__/api/<area>`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._origin = desk.services.settings.origin

    @cached_property
    def _api(self) -> tuple[list[Route], dict[str, Any]]:
        routes = sorted(api_routes(self._desk.services), key=lambda route: (route.path, route.method))
        return routes, document(routes, version=VERSION, server=self._origin + PREFIX)

    async def index(self, request: Request, caller: Caller) -> Response:
        """Every route that fits the search."""
        return self._desk.show("reference", await self._listed(request, caller))

    async def found(self, request: Request, caller: Caller) -> Response:
        """The list alone, as one types."""
        return self._desk.part("reference_list", await self._listed(request, caller))

    async def _listed(self, request: Request, caller: Caller) -> Reference:
        query = request.query_params.get("q", "").strip()[:100]
        routes, _document = await asyncio.to_thread(lambda: self._api)
        fitting = [route for route in routes if _fits(route, query)]
        areas = [
            AreaLines(name=name, slug=slug_of(name), lines=tuple(_line(r) for r in fitting if area(r.path) == name))
            for name in AREAS
        ]
        shown = tuple(part for part in areas if part.lines)
        page = self._desk.page(request, caller, "The API", "api")
        return Reference(page=page, query=query, areas=shown, total=len(routes))

    async def area(self, request: Request, caller: Caller) -> Response:
        """One area: its routes in full, and the shapes they are made of."""
        routes, described = await asyncio.to_thread(lambda: self._api)
        names = {slug_of(area(route.path)): area(route.path) for route in routes}
        name = names.get(request.path_params["slug"])
        if name is None:
            raise HTTPException(404)
        mine = [route for route in routes if area(route.path) == name]
        operations = [described["paths"][route.path][route.method.lower()] for route in mine]
        components = described["components"]["schemas"]
        shown = Area(
            page=self._desk.page(request, caller, f"{name}: the API", "api"),
            name=name,
            routes=tuple(self._text(route, of) for route, of in zip(mine, operations, strict=True)),
            shapes=tuple(
                words.shape(each, components[each]) for each in sorted(words.named_in(operations, components))
            ),
        )
        return self._desk.show("reference_area", shown)

    def _text(self, route: Route, operation: Mapping[str, Any]) -> RouteText:
        said, body = says(route), operation.get("requestBody", {})
        replies = [_reply(status, of) for status, of in operation["responses"].items()]
        refused = tuple(reply for reply in replies if reply.status >= "400" and reply.status != str(said.status))
        return RouteText(
            anchor=name_of(route),
            method=route.method,
            path=route.path,
            summary=summary(route),
            who=callers(route),
            refuses=said.refuses,
            deprecated=said.deprecated,
            body_required=bool(body.get("required")),
            parameters=tuple(_parameter(given) for given in operation["parameters"]),
            bodies=_payloads(body.get("content", {})),
            replies=tuple(reply for reply in replies if reply not in refused),
            refusals=refused,
            example=self._example(route),
        )

    def _example(self, route: Route) -> str:
        parts = ["curl"]
        if route.role is not None:
            parts.append('-H "Authorization: Key $KEY"')
        if route.method != "GET":
            parts.append(f"-X {route.method}")
        if says(route).body is not None and says(route).body_type == "application/json":
            parts.append("--json @body.json")
        path = re.sub(r"\{(\w+)\}", lambda found: f"${found[1].upper()}", route.path)
        return " ".join([*parts, f'"{self._origin}{PREFIX}{path}"'])

    def routes(self) -> list[PageRoute]:
        """The addresses of these screens."""
        return [
            self._desk.route("GET", HOME, self.index),
            self._desk.route("GET", f"{HOME}/list", self.found),
            self._desk.route("GET", f"{HOME}/{{slug}}", self.area),
        ]


def _fits(route: Route, query: str) -> bool:
    text = f"{route.method} {PREFIX}{route.path} {summary(route)} {area(route.path)}".lower()
    return all(word in text for word in query.lower().split())


def _line(route: Route) -> RouteLine:
    return RouteLine(
        method=route.method,
        path=route.path,
        summary=summary(route),
        who={None: "Anyone", "viewer": "Signed in"}.get(route.role, f"{str(route.role).capitalize()}s"),
        href=f"{HOME}/{slug_of(area(route.path))}#{name_of(route)}",
        deprecated=says(route).deprecated,
    )


def _parameter(given: Mapping[str, Any]) -> Member:
    schema = given["schema"]
    return Member(
        name=given["name"],
        kind=words.kind(schema),
        required=given["required"],
        rule=words.rule(schema),
        about=words.about(schema),
        place=given["in"],
    )


def _payloads(content: Mapping[str, Any]) -> tuple[Payload, ...]:
    return tuple(Payload(media=media, kind=words.kind(of["schema"])) for media, of in content.items())


def _reply(status: str, of: Mapping[str, Any]) -> Reply:
    if "$ref" in of:
        return Reply(status=status, phrase=re.sub(r"(?<=[a-z])(?=[A-Z])", " ", of["$ref"].rpartition("/")[2]))
    return Reply(status=status, phrase=of["description"], payloads=_payloads(of.get("content", {})))
