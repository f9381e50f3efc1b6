"""Turns what an administrator typed into a complete, checked configuration, or says everything wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from integrations.checks import Asked, check
from integrations.contract import AuthType
from integrations.entries import Option, TextField, visible
from integrations.schema import SECOND_SECRET, TemplateData

_LONGEST_VALUE: Final = 4096


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a config: the key, and a sentence that names the fix and repeats no value."""

    field: str
    message: str


class ConfigProblems(ValueError):
    """Everything wrong with a config at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Settled:
    """A complete config: defaults filled in, switches as booleans, secrets kept apart."""

    config: dict[str, str | bool]
    secrets: dict[str, str] = field(repr=False)
    auth_type: AuthType


def settle(data: TemplateData, given: Mapping[str, object], *, allow_local: bool) -> Settled:
    """Check ``given`` against the template. Raises ConfigProblems.

    Empty values count as absent. Values of entries that the chosen options hide are checked for their type
    only and then left out: a public client keeps no secret, a service account no authorization address.
    """
    problems: list[Problem] = []
    values = _known(data, given, problems)
    chosen = _options(data, values, problems)
    wrong = {problem.field for problem in problems}
    config: dict[str, str | bool] = {
        option.name: chosen[option.name]
        for option in data.options
        if visible(option.visibility_expression, chosen) and not (option.folded and _is_default(option, chosen))
    }
    secrets: dict[str, str] = {}
    auth_type = cast(AuthType, data.auth_type or chosen["auth_type"])
    for entry in data.fields:
        if entry.name in wrong or not visible(entry.visibility_expression, {**values, **chosen}):
            continue
        value = values.get(entry.name) or entry.default
        asked = Asked(data, {**values, **chosen}, auth_type, allow_local)
        if message := _field_problem(entry, value, asked):
            problems.append(Problem(entry.name, f"The config key {entry.name} {message}"))
        elif value:
            (secrets if entry.secret else config)[entry.name] = value
    if problems:
        raise ConfigProblems(problems)
    if secrets.get(SECOND_SECRET) == secrets.get("client_secret"):
        secrets.pop(SECOND_SECRET, None)  # the rotation is over
    return Settled(config, secrets, auth_type)


def _is_default(option: Option, chosen: Mapping[str, str | bool]) -> bool:
    value = chosen[option.name]
    return option.default == (str(value).lower() if isinstance(value, bool) else value)


def _known(data: TemplateData, given: Mapping[str, object], problems: list[Problem]) -> dict[str, str]:
    """The given values as trimmed strings; unknown keys and wrong types become problems."""
    entries = {entry.name: entry for entry in [*data.options, *data.fields]}
    values: dict[str, str] = {}
    for key, value in given.items():
        entry = entries.get(key)
        if entry is None:
            shown = key if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", key) else "given"
            known = ", ".join(sorted(entries))
            problems.append(Problem(key, f"The config key {shown} is unknown; {data.name} takes ({known})"))
        elif value is None:
            continue
        elif isinstance(value, bool) and isinstance(entry, Option) and entry.type == "bool":
            values[key] = "true" if value else "false"
        elif isinstance(value, str):
            # A secret is taken as it is: a blank at its end may be part of it.
            values[key] = value if isinstance(entry, TextField) and entry.secret else value.strip()
        else:
            problems.append(Problem(key, f"The config key {key} must be a string"))
    return values


def _options(data: TemplateData, values: Mapping[str, str], problems: list[Problem]) -> dict[str, str | bool]:
    """Every option's value; what is not allowed becomes a problem, and its default stands in."""
    chosen: dict[str, str | bool] = {}
    for option in data.options:
        value = values.get(option.name) or option.default
        if option.type == "bool":
            value = value.lower()
        if value not in option.allowed:
            allowed = ", ".join(option.allowed)
            problems.append(Problem(option.name, f"The config key {option.name} must be one of ({allowed})"))
            value = option.default
        chosen[option.name] = (value == "true") if option.type == "bool" else value
    return chosen


def _field_problem(entry: TextField, value: str, asked: Asked) -> str | None:
    """What is wrong with one text, as a predicate, or None."""
    if not value:
        return "is required" if entry.required else None
    if len(value) > _LONGEST_VALUE:
        return f"must be at most {_LONGEST_VALUE} characters long"
    lines = value.splitlines() if entry.multiline else [value]
    if not all(line.isprintable() for line in lines):
        return "must not contain line breaks or control characters"
    if problem := check(entry, value, asked):
        return problem
    if entry.validation and not re.fullmatch(entry.validation, value):
        return entry.validation_description or "has a value of the wrong form"
    return None
