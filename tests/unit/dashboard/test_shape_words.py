"""Schemas in words."""

from typing import Any

import pytest

from dashboard.shape_words import kind, members, named_in, rule, shape


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "format": "uuid"}, "GUID"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Tag"}}, "list of Tag"),
        ({"enum": ["a", "b"], "type": "string"}, '"a" or "b"'),
        ({"const": True}, "true"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "object of text"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({}, "any value"),
    ],
)
def test_kinds(schema: dict[str, Any], words: str):
    assert "".join(piece.text for piece in kind(schema)) == words


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"minimum": 1, "maximum": 500, "default": 20}, "from 1 to 500; 20 where it is left out"),
        ({"minimum": 0}, "from 0"),
        ({"maximum": 9}, "up to 9"),
        ({"minLength": 1, "maxLength": 256}, "at least 1 character; at most 256 characters"),
        ({"anyOf": [{"type": "string", "minLength": 3}, {"type": "null"}]}, "at least 3 characters"),
        ({"maxItems": 100}, "at most 100 items"),
        ({}, ""),
    ],
)
def test_rules(schema: dict[str, Any], words: str):
    assert rule(schema) == words


def test_shapes_and_what_they_are_made_of():
    tag = {
        "type": "object",
        "description": "A tag.\n\nMore.",
        "properties": {"id": {"type": "string"}, "parent": {"$ref": "#/components/schemas/Tag"}},
        "required": ["id"],
    }
    found = shape("Tag", tag)
    assert (found.anchor, found.about, [(m.name, m.required) for m in found.members]) == (
        "shape-Tag",
        "A tag.",
        [("id", True), ("parent", False)],
    )
    assert members(tag)[1].kind[0].href == "#shape-Tag"
    assert shape("Number", {"type": "integer"}).kind[0].text == "whole number"
    others = {"Tag": tag, "Page": {"items": [{"$ref": "#/components/schemas/Tag"}]}, "Other": {}}
    assert named_in({"a": [{"$ref": "#/components/schemas/Page"}]}, others) == {"Page", "Tag"}
