"""Says in words what a JSON Schema allows, for people who read about the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dashboard.views.reference import Member, Piece, Shape

NAMED = "#/components/schemas/"
FORMATS = {"uuid": "GUID", "date-time": "time", "binary": "bytes"}
TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}
Schema = Mapping[str, Any]


def anchor(name: str) -> str:
    """Where the shape of this name is described on a page."""
    return f"shape-{name}"


def kind(schema: Schema) -> tuple[Piece, ...]:
    """What sort of value it is: "list of ", "TagObject" (a link), " or null"."""
    return tuple(_kind(schema))


def _kind(schema: Schema) -> Iterator[Piece]:
    choices = schema.get("anyOf") or schema.get("oneOf")
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(NAMED)
        yield Piece(text=name, href=f"#{anchor(name)}")
    elif choices:
        for number, choice in enumerate(choices):
            if number:
                yield Piece(text=" or ")
            yield from _kind(choice)
    elif "const" in schema:
        yield Piece(text=_value(schema["const"]))
    elif "enum" in schema:
        yield Piece(text=" or ".join(_value(value) for value in schema["enum"]))
    elif schema.get("type") == "array":
        yield Piece(text="list of ")
        yield from _kind(schema.get("items") or {})
    elif schema.get("type") == "object":
        yield Piece(text="object")
        more = schema.get("additionalProperties")
        if isinstance(more, Mapping) and more:
            yield Piece(text=" of ")
            yield from _kind(more)
    else:
        yield Piece(text=FORMATS.get(schema.get("format", "")) or TYPES.get(schema.get("type", ""), "any value"))


def _value(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def rule(schema: Schema) -> str:
    """What bounds it: "at most 256 characters", "from 1 to 500"."""
    found = []
    low, high = schema.get("minimum"), schema.get("maximum")
    least, most = schema.get("minLength"), schema.get("maxLength")
    if low is not None and high is not None:
        found.append(f"from {low:,} to {high:,}")
    elif low is not None or high is not None:
        found.append(f"from {low:,}" if low is not None else f"up to {high:,}")
    if least:
        found.append(f"at least {least:,} character{'s' if least > 1 else ''}")
    if most is not None:
        found.append(f"at most {most:,} characters")
    if schema.get("maxItems") is not None:
        found.append(f"at most {schema['maxItems']:,} items")
    if "default" in schema:
        found.append(f"{_value(schema['default'])} where it is left out")
    inner = [rule(choice) for choice in schema.get("anyOf", ())]
    return "; ".join([*found, *(text for text in inner if text)])


def about(schema: Schema) -> str:
    """The first paragraph of what it means."""
    return " ".join(str(schema.get("description", "")).split("\n\n")[0].split())


def members(schema: Schema) -> tuple[Member, ...]:
    """The members of an object, in the order they are declared."""
    required = schema.get("required", ())
    return tuple(
        Member(name=name, kind=kind(of), required=name in required, rule=rule(of), about=about(of))
        for name, of in schema.get("properties", {}).items()
    )


def shape(name: str, schema: Schema) -> Shape:
    """A named shape."""
    found = members(schema)
    return Shape(name=name, anchor=anchor(name), about=about(schema), members=found, kind=() if found else kind(schema))


def named_in(schema: Any, components: Mapping[str, Schema]) -> set[str]:
    """The names of all shapes that a schema is made of, however deep."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            reference = item.get("$ref")
            if isinstance(reference, str) and reference.startswith(NAMED):
                name = reference.removeprefix(NAMED)
                if name not in found:
                    found.add(name)
                    waiting.append(components[name])
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return found
