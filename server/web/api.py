"""The API below `/__api__`: finds the route, admits the caller, answers errors in one shape."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from server.db.engine import CannotStore, DatabaseUnavailable
from server.web.caller import ANONYMOUS, BadCredential, Caller
from server.web.checksum import checked
from server.web.csrf import Csrf
from server.web.errors import INTERNAL, ApiError, invalid, reply
from server.web.routes import Route

log = logging.getLogger("tabard.api")
PREFIX = "/__api__"


class Api:
    """An ASGI application over declared routes. Both `/x` and `/x/` match; nothing redirects (0.15)."""

    def __init__(self, routes: Iterable[Route], csrf: Csrf) -> None:
        self.routes = list(routes)
        self._csrf = csrf
        self._by_shape: dict[int, list[Route]] = {}
        self._spelled: dict[str, list[Route]] = {}
        for route in self.routes:
            if "{" not in route.path:
                self._spelled.setdefault(route.path, []).append(route)
            self._by_shape.setdefault(route.path.count("/"), []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, checked(scope["headers"], receive))
        response = await self._answer(request)
        await response(scope, receive, send)

    def _match(self, request: Request) -> tuple[Route | None, list[str]]:
        path = request.scope["path"].removeprefix(PREFIX)
        trimmed = path.rstrip("/")
        methods: list[str] = []
        method = "GET" if request.method == "HEAD" else request.method
        # A path that some route spells out is that route's for every method, never somebody's GUID.
        candidates = self._spelled.get(trimmed) or self._by_shape.get(trimmed.count("/"), [])
        for route in candidates:
            found = route.pattern.match(trimmed)
            if found is None:
                continue
            if route.method == method:
                request.scope["path_params"] = found.groupdict()
                return route, methods
            methods.append(route.method)
        return None, methods

    async def _answer(self, request: Request) -> Response:
        try:
            route, methods = self._match(request)
            if route is None and methods:
                return PlainTextResponse("405 method not allowed", 405, {"Allow": ", ".join(sorted(set(methods)))})
            if route is None:
                # Clients tell "not supported here" from "no such item" by the missing JSON (section 0.1).
                return PlainTextResponse("404 page not found", 404)
            return await self._call(route, request)
        except ApiError as error:
            return reply(error)
        except CannotStore:
            return reply(invalid("The request holds a character or a number that cannot be stored."))
        except DatabaseUnavailable:
            log.error("the database is not available")
            return reply(ApiError(503, INTERNAL, "The database is not available; try again shortly.", retry=2))
        except Exception:
            log.exception("a request failed: %s", request.scope["path"])
            return reply(ApiError(500, INTERNAL, "Something went wrong in the server; its log says what."))

    async def _call(self, route: Route, request: Request) -> Response:
        caller: Caller | BadCredential = request.scope["state"]["caller"]
        if isinstance(caller, BadCredential):
            if route.role is not None or caller.status != 401:
                raise ApiError(caller.status, caller.code, caller.message, challenge=caller.challenge)
            # What is open to everybody does not look at keys: the CLI asks for the settings with a key before
            # it asks whether that key is valid, and says so only then (section 0.17).
            caller = request.scope["state"]["caller"] = ANONYMOUS
        route.admit(caller)
        _each_once(request)
        self._csrf.check_api(request, caller)
        return await route.endpoint(request, caller)


def _each_once(request: Request) -> None:
    """Refuse a name that occurs twice in the query: what reads it first may choose another than what reads it last."""
    if not request.scope["query_string"]:
        return
    names = [name for name, _value in request.query_params.multi_items()]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise invalid(f"{twice[:64]} occurs twice in the query; send it once.")
