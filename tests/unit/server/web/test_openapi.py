"""The OpenAPI document: what follows from a route, and what it says of itself."""

from typing import Annotated, Any, NotRequired

from openapi_spec_validator import validate
from typing_extensions import TypedDict

from server.web.described import Says, whole_number
from server.web.openapi import callers, document, name_of, refusals, summary
from server.web.routes import Route

TOOLS: list[dict[str, list[str]]] = [{"key": []}, {"bearer": []}, {"signature": []}]


async def endpoint(_request: Any, _caller: Any) -> Any:
    """Change a thing (connect-api.md 2.5, S-12).

    And more.
    """


class Thing(TypedDict):
    id: str


class Change(TypedDict, total=False):
    name: str


class Query(TypedDict):
    first: NotRequired[Annotated[int, whole_number()]]
    name: str


class Path(TypedDict):
    key: str


class Headers(TypedDict, total=False):
    X_Content_Checksum: str


def route(method: str = "GET", path: str = "/v1/things/{guid}", says: Says | None = None, **terms: Any) -> Route:
    return Route(method, path, endpoint, says=says or Says(reply=Thing), **terms)


def described(*routes: Route) -> dict[str, Any]:
    made = document(routes, version="1", server="http://localhost/__api__")
    validate(made)
    return made


def operation(one: Route) -> dict[str, Any]:
    found: dict[str, Any] = described(one)["paths"][one.path][one.method.lower()]
    return found


def test_the_statuses_that_follow_from_a_route():
    assert refusals(route()) == [400, 401, 403, 404, 503]
    assert refusals(route(path="/v1/things", role=None)) == [400, 503]
    assert refusals(route("POST", "/v1/things", role=None)) == [400, 403, 503]
    assert refusals(route("PUT", "/x", Says(body=Change, fails=(409,)))) == [400, 401, 403, 409, 413, 415, 503]
    assert refusals(route("GET", "/x", Says(reply=None, status=503))) == [400, 401, 403]


def test_who_may_call_is_said_in_words_and_for_programs():
    shown = operation(route("POST", role="publisher", content_key=True))
    assert shown["description"].startswith("Who may call it: Publishers and administrators. A running app too")
    assert (shown["x-least-role"], shown["x-content-key"]) == ("publisher", True)
    assert shown["security"] == [*TOOLS, {"session": [], "page": []}]
    assert operation(route())["security"] == [*TOOLS, {"session": []}]
    assert operation(route(role=None))["security"] == []
    assert callers(route(role=None)) == "Anyone; nobody needs to sign in."


def test_a_summary_is_the_docstrings_first_line_without_its_remark():
    assert summary(route()) == "Change a thing."
    assert summary(route(says=Says("Another."))) == "Another."


def test_parameters():
    says = Says(query=Query, path=Path, headers=Headers)
    shown = operation(route(path="/v1/things/{guid}/parts/{id}/{key}", says=says))["parameters"]
    assert [(p["name"], p["in"], p["required"]) for p in shown] == [
        ("guid", "path", True),
        ("id", "path", True),
        ("key", "path", True),
        ("first", "query", False),
        ("name", "query", True),
        ("X-Content-Checksum", "header", False),
    ]
    assert [p["schema"]["type"] for p in shown] == ["string", "integer", "string", "integer", "string", "string"]
    assert shown[0]["schema"]["format"] == "uuid"


def test_bodies_and_replies():
    says = Says(
        reply=bytes,
        reply_type="application/gzip",
        also=((204, None),),
        body=Change,
        optional_body=True,
        other_bodies=(("application/gzip", bytes),),
        plain_fails=(405,),
    )
    shown = operation(route("POST", says=says))
    assert shown["requestBody"]["required"] is False
    assert operation(route("PUT", says=Says(body=Change)))["requestBody"]["required"] is False
    assert operation(route("PUT", says=Says(body=Thing)))["requestBody"]["required"] is True
    assert operation(route("PUT", says=Says(body=list[Thing])))["requestBody"]["required"] is True
    assert sorted(shown["requestBody"]["content"]) == ["application/gzip", "application/json"]
    assert shown["responses"]["200"]["content"]["application/gzip"]["schema"]["format"] == "binary"
    assert "content" not in shown["responses"]["204"]
    assert "text/plain" in shown["responses"]["405"]["content"]
    assert shown["responses"]["404"] == {"$ref": "#/components/responses/NotFound"}


def test_refusals_have_one_shape_and_routes_an_area_and_a_name():
    made = described(route(), route("DELETE"), route(path="/v1/tags", says=Says(reply=list[Thing], deprecated=True)))
    refusal = made["components"]["responses"]["NotFound"]["content"]["application/json"]["schema"]
    assert refusal == {"$ref": "#/components/schemas/ErrorObject"}
    assert made["components"]["schemas"]["ErrorObject"]["required"] == ["code", "error", "payload"]
    assert made["tags"] == [{"name": "Tags"}, {"name": "Other"}]
    assert made["paths"]["/v1/tags"]["get"]["deprecated"] is True
    assert name_of(route("DELETE")) == "delete_v1_things_guid"


def test_what_says_nothing_is_described_as_far_as_it_can_be():
    made = described(Route("POST", "/v1/things", endpoint))["paths"]["/v1/things"]["post"]
    assert made["responses"]["200"]["content"]["application/json"]["schema"] == {}


def test_what_was_made_leads_to_what_can_be_asked_about_it():
    group, parts = "/v1/groups/{guid}", "/v1/groups/{guid}/parts"
    made = described(
        route("POST", parts),
        route("GET", f"{parts}/{{id}}"),
        route("DELETE", f"{parts}/{{id}}", Says(status=204)),
        route("GET", f"{parts}/{{id}}/more"),
        route("GET", group),
    )["paths"]
    assert made[parts]["post"]["responses"]["200"]["links"] == {
        name: {"operationId": name, "parameters": {"guid": "$request.path.guid", "id": "$response.body#/id"}}
        for name in ("delete_v1_groups_guid_parts_id", "get_v1_groups_guid_parts_id")
    }
    assert "links" not in made[group]["get"]["responses"]["200"]
