"""The vendors the sandbox can behave like, and the clients that are registered at each."""

from functools import cache
from typing import Any, Final

from integrations.sandbox.behaviour import Behaviour
from integrations.sandbox.settings import CALLBACK_PATH, ClientSettings, client_from
from integrations.sandbox.vendors.databricks import Databricks
from integrations.sandbox.vendors.entra import Entra
from integrations.sandbox.vendors.github import GitHub
from integrations.sandbox.vendors.google import Google
from integrations.sandbox.vendors.openid import Auth0, Keycloak, Okta
from integrations.sandbox.vendors.plain import Plain
from integrations.sandbox.vendors.salesforce import Salesforce
from integrations.sandbox.vendors.snowflake import Snowflake

VENDORS: Final[dict[str, type[Behaviour]]] = {
    each.key: each for each in (Snowflake, Databricks, Google, Entra, GitHub, Salesforce, Okta, Auth0, Keycloak, Plain)
}


def registered(vendor: type[Behaviour]) -> tuple[ClientSettings, ...]:
    """`tabard-<vendor>` with the secret `sandbox-<vendor>-secret`, and `tabard-<vendor>-public` without one."""
    return _registered(vendor.key)


@cache
def _registered(key: str) -> tuple[ClientSettings, ...]:
    vendor = VENDORS[key]
    plain: dict[str, Any] = {
        "vendor": vendor.key,
        "name": "Tabard",
        "redirect_uris": [f"http://localhost:3939{CALLBACK_PATH}"],
        "any_loopback_redirect": True,
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    }
    own = {"auth_methods": ["client_secret_basic", "client_secret_post"], **vendor.client}
    name = f"tabard-{vendor.key}"
    secret = client_from({**plain, **own, "client_id": name, "secret": f"sandbox-{vendor.key}-secret"})
    public = client_from(
        {
            **plain,
            **own,
            "client_id": f"{name}-public",
            "auth_methods": ["none"],
            "grant_types": plain["grant_types"][:2],
        }
    )
    classic = client_from(
        {
            **plain,
            **own,
            "client_id": f"{name}-classic",
            "secret": f"sandbox-{vendor.key}-secret",
            "access_lifetime": None,
            "issue_refresh": False,
        }
    )
    return (secret, public, classic) if vendor.key == "github" else (secret, public)
