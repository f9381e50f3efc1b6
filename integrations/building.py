"""Makes the OAuth client that a settled config describes: endpoints, scopes and quirks of one integration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from integrations.checks import origin
from integrations.contract import AuthType, ClientAuthMethod, ClientConfig, Secret
from integrations.entries import visible
from integrations.parameters import read_parameters
from integrations.roles import role_scope, without_role
from integrations.schema import PLACEHOLDER, SECOND_SECRET, Quirks, TemplateData, Variant
from integrations.scopes import with_resource

Config = Mapping[str, object]
# The wire has its own name for this one.
_QUIRK_OF: Final = {"token_endpoint_auth_method": "client_auth_method"}
SEPARATORS: Final = {"space": " ", "comma": ","}


def complete(data: TemplateData, config: Config) -> dict[str, object]:
    """The config, perhaps an older one, with the defaults of the options that it lacks."""
    return {option.name: option.default for option in data.options} | {
        key: value for key, value in config.items() if value not in ("", None)
    }


def build(data: TemplateData, given: Config, secrets: Mapping[str, str], role: str) -> ClientConfig:
    """The client; ``role`` has been checked. A template of a fixed kind has no address."""
    if data.auth_type is not None:
        return ClientConfig(template=data.key, auth_type=data.auth_type, token_uri="", client_id="")
    config = complete(data, given)
    holding = [variant for variant in data.variants if visible(variant.when, config)]
    quirks, endpoints = _quirks(data, config, holding), _endpoints(data, config, holding)
    auth_type = cast(AuthType, config["auth_type"])
    public = auth_type == "Viewer" and config.get("auth_mode") == "Public"
    method: ClientAuthMethod = "none" if public else quirks.client_auth_method
    keeps_secret = not public and method != "private_key_jwt"
    sent = _sent(data, config, auth_type)
    return ClientConfig(
        template=data.key,
        auth_type=auth_type,
        issuer=endpoints.get("issuer"),
        issuer_aliases=tuple(quirks.issuer_aliases),
        issuer_in_response=quirks.issuer_in_response,
        jwks_uri=endpoints.get("jwks_uri"),
        authorization_uri=endpoints.get("authorization_uri") if auth_type == "Viewer" else None,
        token_uri=endpoints.get("token_uri") or "",
        revocation_uri=endpoints.get("revocation_uri"),
        revocation_style=quirks.revocation_style,
        userinfo_uri=endpoints.get("userinfo_uri"),
        trade_uri=endpoints.get("trade_uri"),
        client_id=str(config.get("client_id", "")),
        client_secret=_secret(secrets, "client_secret") if keeps_secret else None,
        second_secret=_secret(secrets, SECOND_SECRET) if keeps_secret else None,
        private_key=_secret(secrets, "private_key"),
        key_id=str(config.get("key_id", "")),
        certificate=str(config.get("certificate", "")),
        assertion_alg=quirks.assertion_alg,
        role=role,
        client_auth_method=method,
        scopes=_scopes(data, config, quirks, auth_type, role),
        scope_separator=SEPARATORS[quirks.scope_separator],
        use_pkce=public or quirks.use_pkce,
        extra_authorize={**quirks.extra_authorize, **sent["authorize"]},
        first_consent=dict(quirks.first_consent),
        extra_token={**quirks.extra_token, **sent["token"]},
        send_scope_on_refresh=quirks.send_scope_on_refresh,
        refresh_style=quirks.refresh_style,
        fixed_lifetime=float(str(config["expires_in"])) if config.get("expires_in") else None,
        service_grant=quirks.service_grant,
        send_scope_on_client_credentials=quirks.send_scope_on_client_credentials,
        compares_scopes=quirks.compares_scopes,
        response_style=quirks.response_style,
        default_lifetime=quirks.default_lifetime if quirks.expires else None,
        kept_extras=tuple(quirks.kept_extras),
        subject_members=tuple(quirks.subject_members),
        handed_on=quirks.handed_on,
    )


def _secret(secrets: Mapping[str, str], name: str) -> Secret | None:
    return Secret(secrets[name]) if secrets.get(name) else None


def _quirks(data: TemplateData, config: Config, holding: list[Variant]) -> Quirks:
    """The template's quirks, those of the variants that hold, and those that options set."""
    quirks = data.quirks_under(holding)
    chosen = {
        _QUIRK_OF.get(option.name, option.name): value == "true" or value is True if option.type == "bool" else value
        for option in data.options
        if _QUIRK_OF.get(option.name, option.name) in Quirks.model_fields
        and visible(option.visibility_expression, config)
        and (value := config[option.name]) is not None
    }
    return quirks.model_copy(update=chosen)


def _endpoints(data: TemplateData, config: Config, holding: list[Variant]) -> dict[str, str]:
    """Every address with checked values in it, without those that need a value that this config lacks."""
    checks = {field.name: field.check for field in data.fields}
    found = {}
    for key, pattern in data.patterns(holding).items():
        address = pattern
        for name in PLACEHOLDER.findall(pattern):
            value = str(config.get(name) or "")
            if not value:
                break
            address = address.replace(f"{{{name}}}", origin(value) if checks.get(name) == "host" else value)
        else:
            found[key] = address
    return found


def _scopes(data: TemplateData, config: Config, quirks: Quirks, auth_type: AuthType, role: str) -> tuple[str, ...]:
    given = list(dict.fromkeys(str(config.get("scopes") or "").split()))
    if auth_type == "Service Account":
        # What makes no sense without a viewer goes, unless nothing would be left.
        given = [scope for scope in given if scope not in quirks.service_account_drops] or given
    scopes = with_resource(data, config, given)
    if role and data.roles is not None:
        scopes = [*without_role(data.roles, scopes), role_scope(data.roles, role)]
    return tuple(scopes)


def _sent(data: TemplateData, config: Config, auth_type: AuthType) -> dict[str, dict[str, str]]:
    """What fields add to the authorization and the token requests."""
    sent: dict[str, dict[str, str]] = {"authorize": {}, "token": {}}
    for field in data.fields:
        value = str(config.get(field.name) or "")
        if not value or not field.sent_to or not visible(field.visibility_expression, config):
            continue
        values = read_parameters(value)[0] if field.check == "parameters" else {field.sent_as: value}
        for place in field.sent_to:
            if place != "service":
                sent[place] |= values
            elif auth_type == "Service Account":
                sent["token"] |= values
    return sent
