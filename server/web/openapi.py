"""The OpenAPI 3.1 document of the API, made from the declared routes (https://spec.openapis.org/oas/v3.1.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from typing_extensions import is_typeddict

from server.web.areas import AREAS, area
from server.web.csrf import HEADER as CSRF_HEADER
from server.web.csrf import SAFE_METHODS
from server.web.described import ErrorObject, Guid, Name, RowNumber, Says
from server.web.routes import PARAMETER, Route
from server.web.schemas import Shapes, members

# A remark for readers of the source at the end of a docstring's line: (connect-api.md 2.5), (0.8), (S-12).
REMARK = re.compile(r"\s*\((?:connect-api[^)]*|\d\.[\d.]+[^)]*|[A-Z]-\d+[^)]*)\)")
CALLERS = {None: "Anyone; nobody needs to sign in.", "viewer": "Everybody who is signed in."}
NEEDS = {"publisher": "Publishers and administrators.", "administrator": "Administrators."}
BINARY = {"type": "string", "format": "binary"}


def name_of(route: Route) -> str:
    """The route's name in the document and in links to its description: `get_v1_tasks_id`."""
    return "_".join(re.findall(r"\w+", f"{route.method.lower()}{route.path}"))


def says(route: Route) -> Says:
    """What the route says of itself; of one that says nothing, that it gives some JSON."""
    return route.says or Says(reply=Any, body=None if route.method == "GET" else Any, optional_body=True)


def summary(route: Route) -> str:
    """One sentence for people."""
    given = says(route).summary or (route.endpoint.__doc__ or "").strip().split("\n")[0]
    return REMARK.sub("", given)


def callers(route: Route) -> str:
    """Who may call it, in words."""
    who = CALLERS.get(route.role) or NEEDS[str(route.role)]
    return f"{who} A running app too, with its own key, for its own content." if route.content_key else who


def refusals(route: Route) -> list[int]:
    """The statuses of the errors the route answers, in the one shape: those that follow from it, and its own."""
    said = says(route)
    found = {*said.fails, 400, 503}
    if route.role is not None:
        found |= {401, 403}
    if route.method not in SAFE_METHODS:
        found.add(403)
    if "{" in route.path:
        found.add(404)
    if said.query is not None:
        found.add(414)
    if said.body is not None:
        found |= {413, 415}
    taken = {said.status, *(status for status, _shape in said.also), *said.plain_fails}
    return sorted(found - taken)


def document(routes: Sequence[Route], *, version: str, server: str) -> dict[str, Any]:
    """The whole document, of plain values. `server` is the API's own address. Raises Indescribable."""
    shapes = Shapes()
    paths: dict[str, dict[str, Any]] = {}
    statuses: set[int] = set()
    for route in sorted(routes, key=lambda r: (r.path, r.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = made = _operation(route, shapes)
        if links := _links(route, routes):
            made["responses"][str(says(route).status)]["links"] = links
        statuses.update(refusals(route))
    error = shapes.schema(ErrorObject, "given")
    schemas = shapes.components()
    used = {area(route.path) for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tabard",
            "version": version,
            "description": "The API of this server. It follows Posit Connect's, so that its clients work here.",
        },
        "servers": [{"url": server}],
        "tags": [{"name": name} for name in AREAS if name in used],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {_phrase(status): _refusal(status, error) for status in sorted(statuses)},
            "securitySchemes": _schemes(),
        },
    }


def _operation(route: Route, shapes: Shapes) -> dict[str, Any]:
    said = says(route)
    made: dict[str, Any] = {
        "operationId": name_of(route),
        "tags": [area(route.path)],
        "summary": summary(route),
        "description": f"Who may call it: {callers(route)}",
        "x-least-role": route.role or "none",
        "x-content-key": route.content_key,
        "parameters": [*_in_path(route, shapes), *_named(said, shapes)],
        "responses": _responses(route, shapes),
        "security": [] if route.role is None else _ways_in(route),
    }
    if said.body is not None:
        pairs = ((said.body_type, said.body), *said.other_bodies)
        content = {kind: {"schema": _schema(shape, shapes, taken=True)} for kind, shape in pairs}
        made["requestBody"] = {"required": _needs_body(said), "content": content}
    if said.refuses:
        made["description"] += f" Refused with 400: {said.refuses}"
        made["x-refuses"] = said.refuses
    if said.deprecated:
        made["deprecated"] = True
    return made


def _needs_body(said: Says) -> bool:
    """An object without required members may be left out: nothing is then asked for."""
    empty_will_do = is_typeddict(said.body) and not said.body.__required_keys__
    return not (said.optional_body or empty_will_do)


def _schema(shape: Any, shapes: Shapes, *, taken: bool) -> dict[str, Any]:
    return dict(BINARY) if shape is bytes else shapes.schema(shape, "taken" if taken else "given")


def _in_path(route: Route, shapes: Shapes) -> list[dict[str, Any]]:
    given = says(route).path
    declared = {} if given is None else {name: shape for name, shape, _required in members(given)}
    found = []
    for name in PARAMETER.findall(route.path):
        usual = RowNumber if name == "id" else Guid if name.endswith("guid") else Name
        schema = shapes.schema(declared.get(name, usual), "taken")
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    return found


def _named(said: Says, shapes: Shapes) -> list[dict[str, Any]]:
    found = []
    for place, shape in (("query", said.query), ("header", said.headers)):
        for name, hint, required in members(shape) if shape is not None else ():
            shown = name.replace("_", "-") if place == "header" else name
            schema = shapes.schema(hint, "taken")
            found.append({"name": shown, "in": place, "required": required, "schema": schema})
    return found


def _responses(route: Route, shapes: Shapes) -> dict[str, Any]:
    said = says(route)
    found: dict[str, Any] = {}
    for status, shape in ((said.status, said.reply), *said.also):
        found[str(status)] = {"description": HTTPStatus(status).phrase}
        if shape is not None:
            schema = _schema(shape, shapes, taken=False)
            found[str(status)]["content"] = {said.reply_type: {"schema": schema}}
    for status in said.plain_fails:
        text = {"text/plain": {"schema": {"type": "string"}}}
        found[str(status)] = {"description": HTTPStatus(status).phrase, "content": text}
    for status in refusals(route):
        found[str(status)] = {"$ref": f"#/components/responses/{_phrase(status)}"}
    return dict(sorted(found.items()))


def _links(route: Route, routes: Sequence[Route]) -> dict[str, Any]:
    """What can be asked next about the thing a POST made, by the member of the reply that names it."""
    reply = says(route).reply
    if route.method != "POST" or not is_typeddict(reply):
        return {}
    found = {}
    for other in routes:
        last = PARAMETER.findall(other.path)[-1:]
        if last and other.path == f"{route.path}/{{{last[0]}}}" and last[0] in reply.__annotations__:
            named = {name: f"$request.path.{name}" for name in PARAMETER.findall(route.path)}
            named[last[0]] = f"$response.body#/{last[0]}"
            found[name_of(other)] = {"operationId": name_of(other), "parameters": named}
    return found


def _phrase(status: int) -> str:
    return re.sub(r"\W", "", HTTPStatus(status).phrase.title())


def _refusal(status: int, error: dict[str, Any]) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {"application/json": {"schema": error}}}


def _schemes() -> dict[str, Any]:
    return {
        "key": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "An API key: `Authorization: Key <key>`. It wins over a cookie.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token of a signed-in tool (RFC 6750); "
            "/.well-known/oauth-authorization-server says where to get one.",
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Auth-Token",
            "description": "The name of a claimed token. With it go Date, X-Content-Checksum (base64 of the body's "
            "MD5) and X-Auth-Signature: base64 of RSA-SHA1 over method, path, date and checksum, one a line.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "tabard_session",
            "description": "A browser's sign-in. On https the cookie's name begins with `__Host-`.",
        },
        "page": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "The token of our own pages; a cookie needs it to change something.",
        },
    }


def _ways_in(route: Route) -> list[dict[str, Any]]:
    by_cookie: dict[str, Any] = {"session": []}
    tools: list[dict[str, Any]] = [{"key": []}, {"bearer": []}, {"signature": []}]
    return [*tools, by_cookie if route.method in SAFE_METHODS else by_cookie | {"page": []}]
