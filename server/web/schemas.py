"""Turns the shapes that routes name into JSON Schemas with named components (JSON Schema 2020-12, as OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NotRequired, Required, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from typing_extensions import is_typeddict

Use = Literal["taken", "given"]
Mode = Literal["validation", "serialization"]
MODES: dict[Use, Mode] = {"taken": "validation", "given": "serialization"}
REFERENCE = "#/components/schemas/{model}"


class Indescribable(Exception):
    """A shape that pydantic cannot describe."""


class _Generator(GenerateJsonSchema):
    """pydantic's generator, without titles that repeat names, and with the objects that we give closed."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def typed_dict_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().typed_dict_schema(schema)
        found.pop("title", None)
        if self.mode == "serialization":
            found.setdefault("additionalProperties", False)
        return found


class Shapes:
    """Collects shapes, and describes them together: a shape that is used twice becomes one component."""

    def __init__(self) -> None:
        self._wanted: list[tuple[Any, Mode, JsonSchemaValue]] = []

    def schema(self, shape: Any, use: Use) -> JsonSchemaValue:
        """The schema of `shape`, which we take or give; it is empty until `components` was called."""
        schema: JsonSchemaValue = {}
        self._wanted.append((shape, MODES[use], schema))
        return schema

    def components(self) -> dict[str, JsonSchemaValue]:
        """Fill in the schemas; returns the components that they refer to. Raises Indescribable, naming the shape."""
        inputs: list[tuple[int, Mode, TypeAdapter[Any]]] = []
        for index, (shape, mode, _schema) in enumerate(self._wanted):
            try:
                inputs.append((index, mode, TypeAdapter(shape)))
            except (PydanticUserError, NameError) as error:
                raise Indescribable(f"{shape!r}: {error}") from None
        found, rest = TypeAdapter.json_schemas(inputs, schema_generator=_Generator, ref_template=REFERENCE)
        for index, (_shape, mode, schema) in enumerate(self._wanted):
            schema.update(found[index, mode])
        named: dict[str, JsonSchemaValue] = rest.get("$defs", {})
        return dict(sorted(named.items()))


def members(shape: Any) -> Iterator[tuple[str, Any, bool]]:
    """Name, type and whether it is required of each key of a TypedDict. Raises Indescribable for other types."""
    if not is_typeddict(shape):
        raise Indescribable(f"{shape!r} is not a TypedDict.")
    for name, declared in get_type_hints(shape, include_extras=True).items():
        wrapped = get_origin(declared) in (Required, NotRequired)
        yield name, get_args(declared)[0] if wrapped else declared, name in shape.__required_keys__
