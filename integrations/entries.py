"""The entries of a template's form: sections, options and texts, and when each of them counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
# What a field's value must be, beyond its regular expression.
Check = Literal[
    "text",
    "endpoint",
    "host",
    "tenant",
    "identifier",
    "scopes",
    "parameters",
    "seconds",
    "hosts",
    "private_key",
    "certificate",
]
# The checks after which a value may be part of an address.
FIT_FOR_ADDRESSES: Final = frozenset({"host", "tenant", "identifier", "endpoint"})
SentTo = Literal["authorize", "token", "service"]


# A part of a template file: nothing unknown, nothing converted, nothing changed later.
STRICT: Final = ConfigDict(extra="forbid", frozen=True, strict=True)


class Visibility(BaseModel):
    """A leaf ``{name, value}`` (that key has that value) or a node ``{operator, operands}``."""

    model_config = STRICT

    name: Name | None = None
    value: str | None = None
    operator: Literal["and", "or", "not"] | None = None
    operands: list[Visibility] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        leaf = self.name is not None and self.value is not None
        node = self.operator is not None and bool(self.operands)
        if leaf == node or (self.name is None) != (self.value is None):
            raise ValueError("must be either {name, value} or {operator, operands}")
        if self.operator == "not" and len(self.operands or ()) != 1:
            raise ValueError("the operator not takes one operand")
        return self

    def wire(self) -> dict[str, Any]:
        """The expression as the API shows it."""
        return self.model_dump(exclude_none=True)

    def names(self) -> set[str]:
        """The config keys it looks at."""
        return {self.name} if self.name else {name for each in self.operands or () for name in each.names()}


class Section(BaseModel):
    """A heading of the form."""

    model_config = STRICT

    id: int
    order: int
    name: Text
    description: str = ""


class Entry(BaseModel):
    """What options and texts share."""

    model_config = STRICT

    name: Name
    label: Text
    description: str = ""
    order: int
    section: int = 1
    visibility_expression: Visibility | None = None
    folded: bool = False


class Option(Entry):
    """A choice: a switch, or one of several values. One that is named like a quirk sets that quirk."""

    type: Literal["bool", "select"]
    values: list[str] = []
    default: str

    @model_validator(mode="after")
    def _default_is_a_value(self) -> Self:
        if self.default not in self.allowed:
            raise ValueError(f"the default must be one of {self.allowed}")
        return self

    @property
    def allowed(self) -> list[str]:
        """The values it may have, as the wire spells them."""
        return ["true", "false"] if self.type == "bool" else self.values


class TextField(Entry):
    """A text to fill in. ``host_suffixes`` are the vendor's own domains, the only ones a host may be in.

    A ``folded`` entry stays out of sight until it is wanted. ``example`` is a value of the right form, for the form
    and for tests. A value with ``sent_to`` goes along with those requests: under the name ``sent_as``, or, where its
    check is ``parameters``, as the lines ``name=value`` that it is.
    """

    default: str = ""
    validation: str = ""
    validation_description: str = ""
    secret: bool = False
    multiline: bool = False
    required: bool = False
    check: Check = "text"
    host_suffixes: list[str] = []
    example: str = ""
    sent_as: str = ""
    sent_to: list[SentTo] = []

    @model_validator(mode="after")
    def _expression_compiles(self) -> Self:
        try:
            re.compile(self.validation)
        except re.error as error:
            raise ValueError(f"validation is not a regular expression: {error}") from None
        return self


def visible(expression: Visibility | None, config: Mapping[str, object]) -> bool:
    """Whether a form entry with this expression counts under this config; booleans compare as true/false."""
    if expression is None:
        return True
    if expression.operator is None:
        value = config.get(expression.name or "", "")
        return (str(value).lower() if isinstance(value, bool) else value) == expression.value
    answers = [visible(operand, config) for operand in expression.operands or ()]
    if expression.operator == "not":
        return not answers[0]
    return all(answers) if expression.operator == "and" else any(answers)
