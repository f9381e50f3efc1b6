"""Reads an issuer's metadata, and fills a config with what it says (OpenID Connect Discovery 1.0, RFC 8414).

It is read while an administrator saves, and kept from then on: nothing that the issuer publishes later moves a
token anywhere. The decisions are pure functions; ``read_metadata`` alone uses the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from integrations.endpoints import check_endpoint
from integrations.entries import visible
from integrations.errors import ProviderError
from integrations.grants.token_reply import read_object
from integrations.http import OutboundClient
from integrations.schema import Discovery, TemplateData
from integrations.settling import ConfigProblems, Problem

Config = Mapping[str, object]
_NOT_READ: Final = "The config key {} cannot be used: {}"


def issuer_to_read(data: TemplateData, stored: Config, given: Config) -> str | None:
    """The issuer whose metadata is needed before ``given`` can be laid over ``stored``, or None.

    It is needed when an address that the config must have is missing: at first, when the issuer changes (then the
    addresses of the one before no longer count), or when an administrator has emptied it.
    """
    if data.discovery is None:
        return None
    config = _merged(data, data.discovery, stored, given)
    issuer = config.get(data.discovery.issuer)
    if not isinstance(issuer, str) or not issuer.strip():
        return None
    chosen = {option.name: option.default for option in data.options} | {
        key: value for key, value in config.items() if value not in ("", None)
    }
    missing = any(
        field.required and not config.get(field.name) and visible(field.visibility_expression, chosen)
        for field in data.fields
        if field.name in data.discovery.pins
    )
    return issuer.strip() if missing else None


def metadata_addresses(issuer: str) -> tuple[str, ...]:
    """Where an issuer's metadata may be: at its end (Discovery 4.1), or before its path (RFC 8414 section 3.1)."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    return (
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
    )


async def read_metadata(client: OutboundClient, data: TemplateData, issuer: str) -> Mapping[str, Any]:
    """The issuer's metadata, which must name that very issuer (Discovery 4.3). Raises ConfigProblems."""
    name = data.discovery.issuer if data.discovery else "issuer"
    if problem := check_endpoint(issuer, allow_local=True):
        raise ConfigProblems([Problem(name, f"The config key {name} {problem}")])
    for address in metadata_addresses(issuer):
        try:
            reply = await client.get_document(address)
        except ProviderError as error:
            raise _unread(name, error.reason) from None
        document = read_object(reply) if reply.status == 200 else None
        if document is None:
            continue
        if document.get("issuer") != issuer:
            raise _unread(name, _another(issuer, document.get("issuer")))
        return document
    raise _unread(name, "there is no metadata at its /.well-known/openid-configuration. Use the Custom template.")


def pinned(
    data: TemplateData, metadata: Mapping[str, Any], stored: Config, given: Config, *, allow_local: bool
) -> dict[str, object]:
    """``given`` with what the metadata says for each pin that has no value. Raises ConfigProblems.

    Addresses on a host that is neither the issuer's nor confirmed are refused: metadata decides where secrets go.
    """
    found = data.discovery
    assert found is not None
    config = _merged(data, found, stored, given)
    filled: dict[str, object] = {}
    problems: list[Problem] = []
    strange: set[str] = set()
    options = {option.name: option for option in data.options}
    for pin, member in found.pins.items():
        said = metadata.get(member)
        if pin in options and options[pin].type == "select":
            filled |= _method(pin, said, options[pin].allowed, config, problems)
        elif pin in options:
            filled[pin] = config.get(pin) or ("true" if said is True else "false")
        elif not config.get(pin) and isinstance(said, str) and said:
            if problem := check_endpoint(said, allow_local=allow_local):
                problems.append(Problem(found.issuer, f"The issuer's metadata names a {member} that {problem}"))
            strange.add((urlsplit(said).hostname or "").lower())
            filled[pin] = said
    strange -= _known_hosts(found, config)
    if strange and not problems:
        hosts = ", ".join(sorted(strange))
        problems.append(
            Problem(
                found.other_hosts,
                f"The config key {found.other_hosts} must confirm {hosts}: the issuer's metadata puts addresses on "
                "that host, and your client's secret and people's tokens would go there",
            )
        )
    if problems:
        raise ConfigProblems(problems)
    cleared = dict.fromkeys((pin for pin in found.pins if pin in stored and pin not in config), None)
    return {**given, **cleared, **filled}


def _merged(data: TemplateData, found: Discovery, stored: Config, given: Config) -> dict[str, object]:
    """Both configs in one, without pins that stem from another issuer than the one that is named now."""
    config = {**stored, **given}
    before = stored.get(found.issuer)
    if before is not None and str(config.get(found.issuer) or "").strip() != before:
        for pin in found.pins:
            if config.get(pin) == stored.get(pin):
                config.pop(pin, None)
    return config


def _known_hosts(found: Discovery, config: Config) -> set[str]:
    own = urlsplit(str(config.get(found.issuer) or "").strip()).hostname or ""
    confirmed = str(config.get(found.other_hosts) or "").replace(",", " ").lower().split()
    return {own.lower(), *confirmed}


def _method(pin: str, said: object, ours: list[str], config: Config, problems: list[Problem]) -> dict[str, object]:
    """How the client proves itself: as chosen if the issuer takes that, else the first way that both know."""
    both = [method for method in ours if isinstance(said, list) and method in said]
    chosen = config.get(pin)
    if chosen and both and chosen not in both:
        problems.append(
            Problem(pin, f"The config key {pin} must be one of ({', '.join(both)}), which the issuer takes")
        )
    return {pin: both[0]} if both and not chosen else {}


def _unread(name: str, why: str) -> ConfigProblems:
    return ConfigProblems([Problem(name, _NOT_READ.format(name, why))])


def _another(issuer: str, said: object) -> str:
    if isinstance(said, str) and said.rstrip("/") == issuer.rstrip("/"):
        return "its metadata writes it with or without a slash at the end, unlike you. Enter it exactly as it is there."
    return "its metadata names another issuer. Enter the issuer exactly as the provider shows it."
