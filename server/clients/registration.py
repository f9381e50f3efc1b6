"""What a tool says of itself when it registers (RFC 7591), checked and cut to what this server keeps."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from server.clients import redirects
from server.db.models import ToolClient

GRANTS = ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code")
LONGEST_NAME = 80
MOST_ADDRESSES = 10
UNNAMED = "Unnamed tool"


class Refused(Exception):
    """A registration that cannot be: `error` is RFC 7591's word for it, the text names the fix."""

    def __init__(self, text: str, error: str = "invalid_client_metadata") -> None:
        super().__init__(text)
        self.error = error


def plain_name(value: str) -> str:
    """A name from a stranger, on one line and without characters that hide or turn others round."""
    kept = "".join(letter if letter.isprintable() else " " for letter in value[: 4 * LONGEST_NAME])
    return " ".join(kept.split())[:LONGEST_NAME].strip() or UNNAMED


def _texts(metadata: dict[str, Any], name: str, default: list[str]) -> list[str]:
    value = metadata.get(name)
    if value is None:
        return default
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Refused(f"{name} must be a list of texts.")
    return list(dict.fromkeys(value))


def read(metadata: Any, moment: datetime) -> ToolClient:
    """The client of a registration; unknown members are ignored (RFC 7591 section 2). Raises Refused."""
    if not isinstance(metadata, dict):
        raise Refused("The request body must be a JSON object.")
    if metadata.get("token_endpoint_auth_method", "none") != "none":
        raise Refused("Tools have no secret here: token_endpoint_auth_method must be none.")
    grants = [grant for grant in _texts(metadata, "grant_types", ["authorization_code"]) if grant in GRANTS]
    if not set(grants) - {"refresh_token"}:
        raise Refused("grant_types names nothing that this server gives.")
    if _texts(metadata, "response_types", ["code"]) not in (["code"], []):
        raise Refused("response_types must be code.")
    addresses = _texts(metadata, "redirect_uris", [])
    if len(addresses) > MOST_ADDRESSES:
        raise Refused(f"At most {MOST_ADDRESSES} redirect_uris can be registered.", "invalid_redirect_uri")
    if not all(redirects.registrable(each) for each in addresses):
        raise Refused(redirects.RULE, "invalid_redirect_uri")
    if "authorization_code" in grants and not addresses:
        raise Refused("redirect_uris is missing.", "invalid_redirect_uri")
    name = metadata.get("client_name", "")
    if not isinstance(name, str):
        raise Refused("client_name must be text.")
    return ToolClient(
        client_id=secrets.token_urlsafe(24),
        client_name=plain_name(name),
        redirect_uris=addresses,
        grant_types=grants,
        created_time=moment,
    )


def information(client: ToolClient) -> dict[str, Any]:
    """The reply to a registration (RFC 7591 section 3.2.1)."""
    return {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_time.timestamp()),
        "client_name": client.client_name,
        "redirect_uris": client.redirect_uris,
        "grant_types": client.grant_types,
        "response_types": ["code"] if "authorization_code" in client.grant_types else [],
        "token_endpoint_auth_method": "none",
    }
