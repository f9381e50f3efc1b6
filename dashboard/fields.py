"""Draws an integration form from template data, and reads it back.

The template is the wire shape (connect-api 3.1): `options` (select, bool) and `fields` (text, secret,
multiline), each with `order` and a `visibility_expression`. Inputs are named `config.<name>`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Config = Mapping[str, str | bool]
Control = Literal["text", "textarea", "password", "select", "checkbox", "fixed"]
"""`fixed` is an option with a single value: nothing to choose, so nothing to show."""
_PREFIX = "config."


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnField:
    """One input of the form, ready for the template: what it is, what it holds and what is wrong with it."""

    name: str
    label: str
    control: Control
    value: str = ""
    """What it holds; always empty for a secret, which is written and never read back."""
    description: str = ""
    choices: tuple[str, ...] = ()
    stored: bool = False
    """A secret is kept: leaving the field empty keeps it."""
    shown_when: str = ""
    """JSON of the visibility expression for the page's script; without a script every field shows."""
    problem: str = ""
    heading: str = ""
    """The part of the form that begins with this input, and a sentence about that part."""
    heading_text: str = ""
    folded: bool = False
    """Out of sight until it is wanted."""
    example: str = ""

    @property
    def input_name(self) -> str:
        return _PREFIX + self.name

    @property
    def id(self) -> str:
        """Fit for an HTML id whatever the template calls the field."""
        return "config-" + "".join(letter if letter.isalnum() else "-" for letter in self.name)

    @property
    def checked(self) -> bool:
        return self.value == "true"


def as_text(value: object) -> str:
    """A config value as a form field holds it; booleans become `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def visible(expression: Mapping[str, Any] | None, values: Config) -> bool:
    """Whether a field belongs on the form, given the other values. No expression: always.

    A leaf `{name, value}` holds when that config key has that value; `{operator, operands}` joins leaves by
    `and`, `or` or `not` (any case). Raises ValueError for another operator: a template mistake, not a
    person's.
    """
    if not expression:
        return True
    if "operator" not in expression:
        return as_text(values.get(expression["name"], "")) == as_text(expression["value"])
    held = [visible(operand, values) for operand in expression.get("operands", ())]
    match str(expression["operator"]).lower():
        case "and":
            return all(held)
        case "or":
            return any(held)
        case "not":
            return not any(held)
        case other:
            raise ValueError(f"visibility operator {other!r} is unknown; use and, or, not")


def _entries(template: Mapping[str, Any]) -> list[tuple[bool, Mapping[str, Any]]]:
    """Options and fields in the order the template gives them, each with whether it is an option."""
    both = [(True, option) for option in template.get("options") or ()]
    both += [(False, plain) for plain in template.get("fields") or ()]
    return sorted(both, key=lambda entry: entry[1].get("order") or 0)


def _control(is_option: bool, entry: Mapping[str, Any]) -> Control:
    if is_option:
        if entry.get("type") == "bool":
            return "checkbox"
        return "fixed" if len(entry.get("values") or ()) == 1 else "select"
    if entry.get("multiline"):
        return "textarea"
    return "password" if entry.get("secret") else "text"


def _folded(entry: Mapping[str, Any], values: Config, *, wanted: bool) -> bool:
    """Whether an entry stays out of sight: one that says so, until it holds something of its own."""
    default = as_text(entry.get("default"))
    return bool(entry.get("folded")) and not wanted and as_text(values.get(str(entry["name"]), default)) == default


def draw(
    template: Mapping[str, Any],
    values: Config,
    *,
    problems: Mapping[str, str] | None = None,
    stored_secrets: Iterable[str] = (),
    headings: Mapping[str, tuple[str, str]] | None = None,
) -> tuple[DrawnField, ...]:
    """The inputs of a template's form, in its order.

    `values` are what the form holds (typed, else stored); a name missing from them shows the template's
    default. `problems` is field name → sentence, `headings` the name of the first field of a
    part of the form → that part's title and sentence. A secret's value is never put on the page, not even one
    just typed.
    """
    found = []
    kept = frozenset(stored_secrets)
    for is_option, entry in _entries(template):
        name = str(entry["name"])
        control: Control = _control(is_option, entry)
        secret = bool(entry.get("secret"))
        expression = entry.get("visibility_expression")
        heading, heading_text = (headings or {}).get(name, ("", ""))
        found.append(
            DrawnField(
                name=name,
                label=str(entry.get("label") or name),
                control=control,
                value="" if secret else as_text(values.get(name, entry.get("default"))),
                description=str(entry.get("description") or ""),
                choices=tuple(as_text(choice) for choice in entry.get("values") or ()),
                stored=secret and name in kept,
                shown_when=json.dumps(expression, sort_keys=True) if expression else "",
                problem=(problems or {}).get(name, ""),
                heading=heading,
                heading_text=heading_text,
                folded=_folded(entry, values, wanted=name in kept or bool((problems or {}).get(name))),
                example=str(entry.get("example") or ""),
            )
        )
    return tuple(found)


def read(template: Mapping[str, Any], posted: Iterable[tuple[str, str]]) -> dict[str, str | bool]:
    """The config a posted form holds: only names the template knows, text trimmed, booleans as booleans.

    An empty secret is left out, which keeps the stored one; a field the page hid is not posted and is left
    out too. The last value of a name counts (a checkbox posts `false` and, when ticked, `true` after it).
    """
    typed = {name.removeprefix(_PREFIX): text for name, text in posted if name.startswith(_PREFIX)}
    config: dict[str, str | bool] = {}
    for is_option, entry in _entries(template):
        name = str(entry["name"])
        if name not in typed:
            continue
        text = typed[name].replace("\r\n", "\n").strip()
        if is_option and entry.get("type") == "bool":
            config[name] = text == "true"
        elif text or not entry.get("secret"):
            config[name] = text
    return config
