"""One vendor's template: how it looks on the wire, what configs it accepts, which client it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from integrations.building import build
from integrations.contract import AuthType, ClientConfig
from integrations.entries import visible
from integrations.roles import role_problem
from integrations.schema import SECOND_SECRET, GuideStep, Mark, TemplateData
from integrations.scopes import in_words
from integrations.settling import Settled, settle

_ON_THE_WIRE = {"name", "label", "description", "order", "type", "values", "default"}
_ON_THE_WIRE |= {"validation", "validation_description", "secret", "multiline"}


class Template:
    """What we know about one vendor. Immutable."""

    def __init__(self, data: TemplateData) -> None:
        self._data = data
        self._options = {option.name: option for option in data.options}

    @property
    def key(self) -> str:
        """Its id in the API, for example ``snowflake``."""
        return self._data.key

    @property
    def name(self) -> str:
        """Its name for people, for example ``Snowflake``."""
        return self._data.name

    @property
    def description(self) -> str:
        """One sentence for the list of vendors."""
        return self._data.description

    @property
    def mark(self) -> Mark:
        """The vendor's monogram and colours."""
        return self._data.mark

    @property
    def data(self) -> TemplateData:
        """The whole file: sections, options and fields with what is not on the wire, for drawing a form."""
        return self._data

    @property
    def auth_types(self) -> tuple[AuthType, ...]:
        """The authentication types it offers, the default first."""
        if self._data.auth_type is not None:
            return (self._data.auth_type,)
        option = self._options["auth_type"]
        rest = [value for value in option.values if value != option.default]
        return cast(tuple[AuthType, ...], (option.default, *rest))

    @property
    def secret_names(self) -> frozenset[str]:
        """The config keys that are sealed at rest and never shown."""
        return frozenset(field.name for field in self._data.fields if field.secret)

    @property
    def takes_roles(self) -> bool:
        """Whether a connection can be made for one role of the vendor's."""
        return self._data.roles is not None

    def role_problem(self, role: str) -> str | None:
        """Why no connection can be made for this role, as a sentence, or None; "" stands for no role of its own."""
        return role_problem(self._data, role)

    def form(self) -> dict[str, Any]:
        """As ``wire``, for drawing a form: with a second secret, which entries are folded, and examples."""
        data = self._data
        options = [{**_entry(option), "folded": option.folded} for option in data.options]
        fields = [{**_entry(field), "folded": field.folded, "example": field.example} for field in data.fields]
        return {**self.wire(), "options": options, "fields": fields}

    def wire(self) -> dict[str, Any]:
        """The template as ``GET /v1/oauth/templates`` shows it."""
        data = self._data
        return {
            "id": data.key,
            "name": data.name,
            "description": data.description,
            "sections": [section.model_dump() for section in data.sections],
            "options": [_entry(option) for option in data.options],
            "fields": [_entry(field) for field in data.fields if field.name != SECOND_SECRET],
            "environment_variables": list(data.environment_variables),
        }

    def settle(self, config: Mapping[str, object], *, allow_local: bool) -> Settled:
        """Check a whole config and fill in its defaults; see ``settling.settle``. Raises ConfigProblems."""
        return settle(self._data, config, allow_local=allow_local)

    def client(self, config: Mapping[str, object], secrets: Mapping[str, str], role: str = "") -> ClientConfig:
        """The OAuth client that a settled config and its secrets describe; without an address where there is none.

        ``role`` is the vendor role to ask for, in place of one that the config's scopes name. Raises ValueError
        for one that cannot be asked for; ``role_problem`` says why.
        """
        if problem := self.role_problem(role):
            raise ValueError(problem)
        return build(self._data, config, secrets, role)

    def in_words(self, scope: str) -> str | None:
        """What a scope allows, as a sentence part for people ("Read your rows"), or None if we do not know it."""
        return in_words(self._data, scope)

    def example(self, auth_type: AuthType | None = None, **config: str) -> dict[str, str]:
        """A complete config made of the fields' examples, for tests and documents; ``config`` wins over them."""
        chosen = {option.name: option.default for option in self._data.options}
        if auth_type is not None and "auth_type" in chosen:
            config = {"auth_type": auth_type, **config}
        chosen |= config
        examples = {
            field.name: field.example or "example"
            for field in self._data.fields
            if (field.required or (field.example and not field.folded)) and visible(field.visibility_expression, chosen)
        }
        return {**examples, **config}

    def guide(self, callback_url: str, auth_type: AuthType = "Viewer") -> list[GuideStep]:
        """The steps of setting up the vendor's side, with this server's redirect address filled in."""
        return [
            step.model_copy(
                update={
                    "text": step.text.replace("{callback_url}", callback_url),
                    "code": step.code.replace("{callback_url}", callback_url),
                }
            )
            for step in self._data.guide
            if auth_type in step.auth_types
        ]


def _entry(entry: Any) -> dict[str, Any]:
    shown: dict[str, Any] = entry.model_dump(include=_ON_THE_WIRE)
    expression = entry.visibility_expression
    shown["visibility_expression"] = expression.wire() if expression else None
    return shown
