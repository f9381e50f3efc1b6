"""The shape of a template file: what it may say, checked strictly when it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, field_validator, model_validator

from integrations.contract import (
    AuthType,
    ClientAuthMethod,
    HandedOn,
    RefreshStyle,
    ResponseStyle,
    RevocationStyle,
    ServiceGrant,
)
from integrations.entries import (
    FIT_FOR_ADDRESSES,
    STRICT,
    Entry,
    Name,
    Option,
    Section,
    Text,
    TextField,
    Visibility,
)

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

TemplateKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
OTHER_GROUP = "Anything else"
SECOND_SECRET = "second_client_secret"  # noqa: S105 - the name of a field
_OF_A_CLIENT = {"auth_type", "auth_mode", "client_id", "client_secret", "scopes"}


class Roles(BaseModel):
    """How a vendor takes the role that a connection is made for: as one more scope.

    ``scope`` is that scope with ``{role}`` in it; ``encoded_scope``, if the vendor has it, the one for names with
    characters that must be percent-encoded. ``pattern`` is what names look like (empty: any), ``blocked`` those that
    the vendor never gives out, compared without regard to case; ``refused_scopes`` scopes it does not know.
    """

    model_config = STRICT

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


class Mark(BaseModel):
    """How pages draw the vendor: an icon on a tile, or two letters on a colour with the colour of the letters."""

    model_config = STRICT

    monogram: Annotated[str, StringConstraints(min_length=1, max_length=2)]
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
    tile: Literal["ice", "brick", "sky", "slate", "gold", "violet"] = "violet"
    icon: TemplateKey = "plug"
    ink: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")] = "#FFFFFF"


class Endpoints(BaseModel):
    """Address patterns; ``{field}`` stands for a checked value of that field."""

    model_config = STRICT

    issuer: str | None = None
    authorization_uri: Text
    token_uri: Text
    revocation_uri: str | None = None
    userinfo_uri: str | None = None
    trade_uri: str | None = None
    jwks_uri: str | None = None

    def patterns(self) -> dict[str, str]:
        """Every pattern by its name, absent ones left out."""
        return {key: str(value) for key, value in self.model_dump(exclude_none=True).items()}


class Quirks(BaseModel):
    """Where a vendor differs from plain OAuth 2.0; the meaning of each is in ``contract.ClientConfig``.

    ``service_account_drops`` are scopes that make no sense without a viewer;
    ``service_account_scope_suffix`` is what each remaining scope must end with then. ``scope_resource`` is put before
    scopes that name no resource of their own, but for those that OpenID Connect defines; under ``one_resource`` all
    must be of one resource.
    """

    model_config = STRICT

    client_auth_method: ClientAuthMethod = "client_secret_basic"
    assertion_alg: str = ""
    use_pkce: bool = True
    issuer_in_response: bool = False
    issuer_aliases: list[str] = []
    scope_separator: Literal["space", "comma"] = "space"
    scope_resource: str = ""
    one_resource: bool = False
    extra_authorize: dict[str, str] = {}
    first_consent: dict[str, str] = {}
    extra_token: dict[str, str] = {}
    send_scope_on_refresh: bool = False
    refresh_style: RefreshStyle = "rotate"
    service_grant: ServiceGrant = "client_credentials"
    send_scope_on_client_credentials: bool = True
    compares_scopes: bool = True
    response_style: ResponseStyle = "json"
    revocation_style: RevocationStyle = "rfc7009"
    default_lifetime: float | None = Field(default=3600.0, ge=0)
    expires: bool = True
    kept_extras: list[str] = []
    subject_members: list[str] = []
    handed_on: HandedOn = "access_token"
    service_account_drops: list[str] = []
    service_account_scope_suffix: str = ""


class GuideStep(BaseModel):
    """One step of setting up the vendor's side. ``{callback_url}`` is this server's redirect address."""

    model_config = STRICT

    title: Text
    text: Text
    code: str = ""
    language: str = ""
    auth_types: list[AuthType] = ["Viewer"]


class Variant(BaseModel):
    """Endpoints and quirks that count in place of the others while ``when`` holds; the last one that holds wins."""

    model_config = STRICT

    when: Visibility
    endpoints: dict[Name, str] = {}
    quirks: dict[Name, Any] = {}


class Discovery(BaseModel):
    """What is read from the issuer's metadata (OpenID Connect Discovery, RFC 8414) when the config is saved.

    ``issuer`` is the field that names it, ``pins`` which field or option each member of the document fills, and
    ``other_hosts`` the field in which an administrator confirms hosts beside the issuer's own.
    """

    model_config = STRICT

    issuer: Name
    other_hosts: Name
    pins: dict[Name, str]


class TemplateData(BaseModel):
    """A whole template file.

    One with ``auth_type`` has that type alone and no client: this server itself issues what is asked for.
    ``minted`` says that what it issues is a token that this server signs for an outside system, without consent;
    ``group`` is the heading it stands under among the vendors; ``lasting_scope`` what to ask for so that connections
    last. ``issues`` says which kind of credential an app gets in the end.
    """

    model_config = STRICT

    key: TemplateKey
    name: Text
    description: Text
    order: int
    group: Text = OTHER_GROUP
    lasting_scope: str = "offline_access"
    environment_variables: list[str] = []
    auth_type: AuthType | None = None
    minted: bool = False
    issues: Literal["access_token", "aws_credentials"] = "access_token"
    mark: Mark
    endpoints: Endpoints | None = None
    quirks: Quirks = Quirks()
    roles: Roles | None = None
    variants: list[Variant] = []
    discovery: Discovery | None = None
    scope_words: dict[str, str] = {}
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
        entries: list[Entry] = [*self.options, *self.fields]
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
        self._check_names(set(names))
        for layer in [self.patterns(), *(self.patterns([variant]) for variant in self.variants)]:
            self._check_patterns(layer)
        for variant in self.variants:
            self.quirks_under([variant])
        return self

    def _check_names(self, names: set[str]) -> None:
        used = {name for variant in self.variants for name in variant.when.names()}
        if self.discovery:
            used |= {self.discovery.issuer, self.discovery.other_hosts, *self.discovery.pins}
        if used - names:
            raise ValueError(f"variants or discovery name unknown keys: {', '.join(sorted(used - names))}")

    def _check_patterns(self, patterns: Mapping[str, str]) -> None:
        fit = {entry.name for entry in self.fields if entry.check in FIT_FOR_ADDRESSES}
        fit |= {option.name for option in self.options}
        for key, pattern in patterns.items():
            for name in PLACEHOLDER.findall(pattern):
                if name not in fit:
                    raise ValueError(f"endpoints.{key}: {{{name}}} must be a field with a check that fits an address")

    def patterns(self, variants: Iterable[Variant] = ()) -> dict[str, str]:
        """Every endpoint's pattern by its name; none where there is no client. An empty one counts as absent."""
        if self.endpoints is None:
            return {}
        found = self.endpoints.patterns()
        for variant in variants:
            found |= variant.endpoints
        unknown = found.keys() - Endpoints.model_fields.keys()
        if unknown:
            raise ValueError(f"variants: endpoints has unknown keys: {', '.join(sorted(unknown))}")
        return {key: pattern for key, pattern in found.items() if pattern}

    def quirks_under(self, variants: Iterable[Variant]) -> Quirks:
        """The quirks with those of these variants laid over. Raises ValidationError."""
        changes: dict[str, Any] = {}
        for variant in variants:
            changes |= variant.quirks
        return Quirks.model_validate({**self.quirks.model_dump(), **changes}) if changes else self.quirks
