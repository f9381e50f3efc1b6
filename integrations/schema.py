"""The shape of a template file: what it may say, checked strictly when it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from integrations.contract import AuthType, ClientAuthMethod, ResponseStyle, RevocationStyle

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
TemplateKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
SECOND_SECRET = "second_client_secret"  # noqa: S105 - the name of a field
_OF_A_CLIENT = {"auth_type", "auth_mode", "client_id", "client_secret", "scopes"}
# What a field's value must be, beyond its regular expression.
Check = Literal["text", "endpoint", "host", "tenant", "identifier", "scopes"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Visibility(_Strict):
    """A leaf ``{name, value}`` (that key has that value) or a node ``{operator, operands}``."""

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


class Section(_Strict):
    """A heading of the form."""

    id: int
    order: int
    name: Text
    description: str = ""


class _Entry(_Strict):
    name: Name
    label: Text
    description: str = ""
    order: int
    section: int = 1
    visibility_expression: Visibility | None = None


class Option(_Entry):
    """A choice: a switch, or one of several values."""

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


class TextField(_Entry):
    """A text to fill in. ``host_suffixes`` are the vendor's own domains, the only ones a host may be in.

    A ``folded`` one stays out of sight until it is wanted, and out of the template that the API shows.
    """

    default: str = ""
    validation: str = ""
    validation_description: str = ""
    secret: bool = False
    multiline: bool = False
    required: bool = False
    check: Check = "text"
    folded: bool = False
    host_suffixes: list[str] = []

    @model_validator(mode="after")
    def _expression_compiles(self) -> Self:
        try:
            re.compile(self.validation)
        except re.error as error:
            raise ValueError(f"validation is not a regular expression: {error}") from None
        return self


class Roles(_Strict):
    """How a vendor takes the role that a connection is made for: as one more scope.

    ``scope`` is that scope with ``{role}`` in it; ``encoded_scope``, if the vendor has it, the one for names with
    characters that must be percent-encoded. ``pattern`` is what names look like (empty: any), ``blocked`` those that
    the vendor never gives out, compared without regard to case; ``refused_scopes`` scopes it does not know.
    """

    scope: Text
    encoded_scope: str = ""
    label: str = "Role"
    description: str = ""
    blocked: list[str] = []
    blocked_reason: str = ""
    refused_scopes: list[str] = []

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if not self.scope.endswith("{role}") or not self.encoded_scope.endswith(("{role}", "")):
            raise ValueError("a role's scope must end with {role}")
        return self


class Mark(_Strict):
    """How the dashboard draws the vendor: two letters on a colour, and the colour of the letters."""

    monogram: Annotated[str, StringConstraints(min_length=1, max_length=2)]
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
    ink: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")] = "#FFFFFF"


class Endpoints(_Strict):
    """Address patterns; ``{field}`` stands for a checked value of that field."""

    issuer: str | None = None
    authorization_uri: Text
    token_uri: Text
    revocation_uri: str | None = None
    userinfo_uri: str | None = None

    def patterns(self) -> dict[str, str]:
        """Every pattern by its name, absent ones left out."""
        return {key: str(value) for key, value in self.model_dump(exclude_none=True).items()}


class Quirks(_Strict):
    """Where a vendor differs from plain OAuth 2.0; the meaning of each is in ``contract.ClientConfig``.

    ``service_account_drops`` are scopes that make no sense without a viewer;
    ``service_account_scope_suffix`` is what each remaining scope must end with then.
    """

    client_auth_method: ClientAuthMethod = "client_secret_basic"
    use_pkce: bool = True
    scope_separator: str = " "
    extra_authorize: dict[str, str] = {}
    first_consent: dict[str, str] = {}
    extra_token: dict[str, str] = {}
    send_scope_on_refresh: bool = False
    send_scope_on_client_credentials: bool = True
    compares_scopes: bool = True
    response_style: ResponseStyle = "json"
    revocation_style: RevocationStyle = "rfc7009"
    default_lifetime: float | None = Field(default=3600.0, ge=0)
    expires: bool = True
    kept_extras: list[str] = []
    subject_members: list[str] = []
    service_account_drops: list[str] = []
    service_account_scope_suffix: str = ""


class GuideStep(_Strict):
    """One step of setting up the vendor's side. ``{callback_url}`` is this server's redirect address."""

    title: Text
    text: Text
    code: str = ""
    language: str = ""
    auth_types: list[AuthType] = ["Viewer"]


class TemplateData(_Strict):
    """A whole template file.

    One with ``auth_type`` has that type alone and no client: this server itself issues what is asked for.
    ``minted`` says that what it issues is a token that this server signs for an outside system, without consent;
    ``issues`` which kind of credential an app gets in the end.
    """

    key: TemplateKey
    name: Text
    description: Text
    order: int
    environment_variables: list[str] = []
    auth_type: AuthType | None = None
    minted: bool = False
    issues: Literal["access_token", "aws_credentials"] = "access_token"
    mark: Mark
    endpoints: Endpoints | None = None
    quirks: Quirks = Quirks()
    roles: Roles | None = None
    sections: list[Section] = Field(min_length=1)
    options: list[Option]
    fields: list[TextField] = []
    guide: list[GuideStep] = Field(min_length=1)

    @field_validator("fields")
    @classmethod
    def _with_a_second_secret(cls, fields: list[TextField]) -> list[TextField]:
        """Whoever keeps a client secret may keep a second one while it is being replaced."""
        first = next((field for field in fields if field.name == "client_secret"), None)
        if first is None or any(field.name == SECOND_SECRET for field in fields):
            return fields
        second = TextField(
            name=SECOND_SECRET,
            label=f"Second {first.label[:1].lower()}{first.label[1:]}",
            description="Tried when the provider refuses the first: enter the new one here before the old one ends.",
            order=first.order + 1,
            section=first.section,
            visibility_expression=first.visibility_expression,
            secret=True,
            folded=True,
        )
        return [*fields, second]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        entries: list[_Entry] = [*self.options, *self.fields]
        names = [entry.name for entry in entries]
        if len(set(names)) != len(names):
            raise ValueError("option and field names must be unique")
        if (self.auth_type is None) != (self.endpoints is not None):
            raise ValueError("there must be either endpoints or a fixed auth_type")
        if self.endpoints is not None and (missing := _OF_A_CLIENT - set(names)):
            raise ValueError(f"options and fields must include {', '.join(sorted(missing))}")
        sections = {section.id for section in self.sections}
        for entry in entries:
            if entry.section not in sections:
                raise ValueError(f"{entry.name}: section {entry.section} does not exist")
            if entry.visibility_expression and entry.visibility_expression.names() - set(names):
                raise ValueError(f"{entry.name}: visibility_expression names an unknown key")
        checks = {entry.name: entry.check for entry in self.fields}
        for key, pattern in self.patterns().items():
            for name in PLACEHOLDER.findall(pattern):
                if checks.get(name) not in {"host", "tenant", "identifier", "endpoint"}:
                    raise ValueError(f"endpoints.{key}: {{{name}}} must be a field with a check that fits an address")
        return self

    def patterns(self) -> dict[str, str]:
        """Every endpoint's pattern by its name; none where there is no client."""
        return self.endpoints.patterns() if self.endpoints else {}


def visible(expression: Visibility | None, config: Mapping[str, object]) -> bool:
    """Whether a form entry with this expression counts under this config; booleans compare as true/false."""
    if expression is None:
        return True
    if expression.operator is None:
        value = config.get(expression.name or "")
        return (str(value).lower() if isinstance(value, bool) else value) == expression.value
    answers = [visible(operand, config) for operand in expression.operands or ()]
    if expression.operator == "not":
        return not answers[0]
    return all(answers) if expression.operator == "and" else any(answers)
