"""Shapes become JSON Schemas: named ones once, those we give closed, those we take open."""

from typing import Annotated, Any, NotRequired

import pytest
from typing_extensions import TypedDict

from server.web.described import PageOf, RowId, text
from server.web.schemas import Indescribable, Shapes, members


class Part(TypedDict):
    """A part of something."""

    id: RowId
    title: str | None


class Wanted(TypedDict):
    name: Annotated[str, text(8, least=3)]
    note: NotRequired[str]


class Unknown:
    pass


def test_what_we_give_is_closed_and_what_we_take_is_not():
    shapes = Shapes()
    many, one, taken = shapes.schema(list[Part], "given"), shapes.schema(Part, "given"), shapes.schema(Wanted, "taken")
    named = shapes.components()
    assert many == {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}
    assert one == {"$ref": "#/components/schemas/Part"}
    assert taken == {"$ref": "#/components/schemas/Wanted"}
    assert named["Part"] == {
        "type": "object",
        "description": "A part of something.",
        "properties": {
            "id": {"type": "string", "pattern": "^[0-9]{1,10}$"},
            "title": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["id", "title"],
        "additionalProperties": False,
    }
    assert "additionalProperties" not in named["Wanted"]
    assert named["Wanted"]["required"] == ["name"]
    assert named["Wanted"]["properties"]["name"]["minLength"] == 3


def test_a_page_of_something_has_a_name_of_its_own():
    shapes = Shapes()
    shapes.schema(PageOf[Part], "given")
    assert list(shapes.components()) == ["PageOf_Part_", "Part"]


def test_what_cannot_be_described_is_named():
    shapes = Shapes()
    shapes.schema(Unknown, "given")
    with pytest.raises(Indescribable, match="Unknown"):
        shapes.components()
    with pytest.raises(Indescribable, match="Any"):
        list(members(Any))


def test_members():
    assert [(name, required) for name, _type, required in members(Wanted)] == [("name", True), ("note", False)]
    assert next(hint for name, hint, _required in members(Wanted) if name == "note") is str
