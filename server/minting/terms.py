"""What an external OAuth integration says about its tokens: its settled config, typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

TEMPLATE: Final = "external-oauth"
PREFIX: Final = "/__oauth__/issuers"
# `session:role-any`, in a mapping and as a role that somebody chose.
ANY: Final = "*"
DEFAULT_LIFETIME: Final = 600
# The longest lifetime that the template allows, in seconds: so long an old key stays published.
LONGEST_LIFETIME: Final = 3600
_SPACE: Final = "space"


@dataclass(frozen=True)
class Terms:
    """How the tokens of one integration look. `scope_delimiter` joins scopes only where `scope_claim` is `scope`."""

    issuer: str
    audiences: tuple[str, ...]
    lifetime: int
    not_before: bool
    scope_claim: str
    scope_delimiter: str
    user_claim: str
    user_attribute: str
    extra_scopes: tuple[str, ...]
    any_role_mode: str
    warehouse_attribute: str
    key_bits: int


def issuer_of(origin: str, guid: str) -> str:
    """The `iss` of an integration's tokens: an address of this server that never changes."""
    return f"{origin}{PREFIX}/{guid}"


def terms_of(config: Mapping[str, object], issuer: str) -> Terms:
    """The terms of a settled config of the template `external-oauth`; what an older one lacks has its default."""

    def said(name: str, default: str) -> str:
        return str(config.get(name) or default)

    delimiter = said("scope_delimiter", ",")
    return Terms(
        issuer=issuer,
        audiences=tuple(dict.fromkeys(re.split(r"[\s,]+", said("audiences", "").strip()))),
        lifetime=int(said("lifetime", str(DEFAULT_LIFETIME))),
        not_before=config.get("not_before") is True,
        scope_claim=said("scope_attribute", "scp"),
        scope_delimiter=" " if delimiter == _SPACE else delimiter,
        user_claim=said("user_claim", "upn"),
        user_attribute=said("user_attribute", "username"),
        extra_scopes=tuple(dict.fromkeys(said("scopes", "").split())),
        any_role_mode=said("any_role_mode", "DISABLE"),
        warehouse_attribute=said("warehouse_attribute", "login_name"),
        key_bits=int(said("key_size", "2048")),
    )
