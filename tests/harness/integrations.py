"""Integrations at the sandbox provider, made and associated through the public API."""

from __future__ import annotations

from tests.harness.gateway import Gateway

VIEWER_SCOPES = "openid profile email sales.read offline_access"


def viewer_integration(
    gateway: Gateway,
    provider: str,
    *,
    name: str = "Sandbox",
    client_id: str = "tabard-viewer",
    client_secret: str = "sandbox-viewer-secret",
) -> str:
    """A viewer integration of the custom template; returns its GUID."""
    config = {
        "auth_mode": "Confidential",
        "authorization_uri": f"{provider}/authorize",
        "token_uri": f"{provider}/token",
        "revocation_uri": f"{provider}/revoke",
        "userinfo_uri": f"{provider}/userinfo",
        "client_id": client_id,
        "client_secret": client_secret,
        "scopes": VIEWER_SCOPES,
        "token_endpoint_auth_method": "client_secret_basic",
    }
    return _create(gateway, {"template": "custom", "name": name, "description": "Sample sales data", "config": config})


def service_integration(gateway: Gateway, provider: str, *, name: str = "Sandbox service account") -> str:
    """A service-account integration of the custom template; returns its GUID."""
    config = {
        "auth_type": "Service Account",
        "token_uri": f"{provider}/token",
        "client_id": "tabard-service",
        "client_secret": "sandbox-service-secret",
        "scopes": "sales.read",
        "token_endpoint_auth_method": "client_secret_basic",
    }
    return _create(gateway, {"template": "custom", "name": name, "description": "Totals only", "config": config})


def aws_integration(gateway: Gateway, provider: str, *, service: bool = False) -> str:
    """An integration of the AWS template at the sandbox's STS, for viewers or for content itself."""
    config = {"role_arn": "arn:aws:iam::123456789012:role/Analysts", "sts_endpoint": f"{provider}/sts"}
    if service:
        config |= {"auth_type": "Service Account"}
    else:
        config |= {
            "issuer": provider,
            "authorization_uri": f"{provider}/authorize",
            "token_uri": f"{provider}/token",
            "client_id": "tabard-viewer",
            "client_secret": "sandbox-viewer-secret",
        }
    return _create(gateway, {"template": "aws", "name": "Lake", "config": config})


def _create(gateway: Gateway, body: dict[str, object]) -> str:
    reply = gateway.api("POST", "/v1/oauth/integrations", json=body)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["guid"])


def associate(gateway: Gateway, content_guid: str, *integration_guids: str) -> None:
    """Replace the content's associations."""
    body = [{"oauth_integration_guid": guid} for guid in integration_guids]
    reply = gateway.api("PUT", f"/v1/content/{content_guid}/oauth/integrations/associations", json=body)
    assert reply.status_code == 200, reply.text
