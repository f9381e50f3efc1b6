"""One vendor's template: how it looks on the wire, what configs it accepts, which client it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from integrations.contract import AuthType, ClientAuthMethod, ClientConfig, Secret
from integrations.roles import role_problem, role_scope, without_role
from integrations.schema import PLACEHOLDER, SECOND_SECRET, GuideStep, Mark, TemplateData
from integrations.settling import Settled, origin, settle

_OFF_THE_WIRE = {"section", "required", "check", "folded", "host_suffixes", "visibility_expression"}


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
        """As ``wire``, with the entries that stay folded until they are wanted; those carry ``folded``."""
        folded = [{**_entry(field), "folded": True} for field in self._data.fields if field.folded]
        shown = self.wire()
        return {**shown, "fields": [*shown["fields"], *folded]}

    def wire(self) -> dict[str, Any]:
        """The template as ``GET /v1/oauth/templates`` shows it."""
        data = self._data
        return {
            "id": data.key,
            "name": data.name,
            "description": data.description,
            "sections": [section.model_dump() for section in data.sections],
            "options": [_entry(option) for option in data.options],
            "fields": [_entry(field) for field in data.fields if not field.folded],
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
        quirks = self._data.quirks
        if self._data.auth_type is not None:
            return ClientConfig(template=self.key, auth_type=self._data.auth_type, token_uri="", client_id="")
        auth_type = cast(AuthType, self._value(config, "auth_type"))
        endpoints = {key: self._address(pattern, config) for key, pattern in self._data.patterns().items()}
        secret, second = secrets.get("client_secret"), secrets.get(SECOND_SECRET)
        public = auth_type == "Viewer" and self._value(config, "auth_mode") == "Public"
        method = self._value(config, "token_endpoint_auth_method") or quirks.client_auth_method
        return ClientConfig(
            template=self.key,
            auth_type=auth_type,
            issuer=endpoints.get("issuer"),
            authorization_uri=endpoints.get("authorization_uri") if auth_type == "Viewer" else None,
            token_uri=endpoints["token_uri"] or "",
            revocation_uri=endpoints.get("revocation_uri"),
            revocation_style=quirks.revocation_style,
            userinfo_uri=endpoints.get("userinfo_uri"),
            client_id=str(config.get("client_id", "")),
            client_secret=Secret(secret) if secret and not public else None,
            second_secret=Secret(second) if second and not public else None,
            role=role,
            client_auth_method="none" if public else cast(ClientAuthMethod, method),
            scopes=self._scopes(config, auth_type, role),
            scope_separator=quirks.scope_separator,
            use_pkce=self._value(config, "use_pkce") != "false" and quirks.use_pkce,
            extra_authorize=dict(quirks.extra_authorize),
            first_consent=dict(quirks.first_consent),
            extra_token=dict(quirks.extra_token),
            send_scope_on_refresh=quirks.send_scope_on_refresh,
            send_scope_on_client_credentials=quirks.send_scope_on_client_credentials,
            compares_scopes=quirks.compares_scopes,
            response_style=quirks.response_style,
            default_lifetime=quirks.default_lifetime if quirks.expires else None,
            kept_extras=tuple(quirks.kept_extras),
            subject_members=tuple(quirks.subject_members),
        )

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

    def _value(self, config: Mapping[str, object], name: str) -> str:
        """An option as the wire spells it; its default if the config, perhaps an older one, has none."""
        value = config.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str) and value:
            return value
        return self._options[name].default if name in self._options else ""

    def _scopes(self, config: Mapping[str, object], auth_type: AuthType, role: str) -> tuple[str, ...]:
        scopes = str(config.get("scopes") or "").split()
        dropped = self._data.quirks.service_account_drops if auth_type == "Service Account" else []
        kept = list(dict.fromkeys(scope for scope in scopes if scope not in dropped))
        if role and self._data.roles is not None:
            kept = [*without_role(self._data.roles, kept), role_scope(self._data.roles, role)]
        return tuple(kept)

    def _address(self, pattern: str, config: Mapping[str, object]) -> str | None:
        """The pattern with checked values in it; None when it needs one that this config does not have."""
        checks = {field.name: field.check for field in self._data.fields}
        address = pattern
        for name in PLACEHOLDER.findall(pattern):
            value = str(config.get(name) or "")
            if not value:
                return None
            address = address.replace(f"{{{name}}}", origin(value) if checks[name] == "host" else value)
        return address


def _entry(entry: Any) -> dict[str, Any]:
    shown: dict[str, Any] = entry.model_dump(exclude=_OFF_THE_WIRE)
    expression = entry.visibility_expression
    shown["visibility_expression"] = expression.wire() if expression else None
    return shown
