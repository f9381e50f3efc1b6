"""For which integrations nobody needs to be asked, and what becomes of tokens at a vendor, in words."""

from __future__ import annotations

from integrations.contract import ClientConfig
from server.db.models import Integration

VENDOR_WORDS = {
    "told": "The vendor is being told, until it has answered.",
    "no_endpoint": "This vendor offers no way to end access from here; what was given out ends by itself. "
    "To end it sooner, take the access away at the vendor.",
    "changed": "The integration was changed since, and its tokens go to no other address. "
    "To end them sooner, take the access away at the vendor.",
    "unreadable": "The stored tokens could not be opened, so the vendor cannot be told. "
    "To end them sooner, take the access away at the vendor.",
    "nothing": "There was nothing at the vendor to end.",
}


def always_asks(integration: Integration, client: ClientConfig | None) -> str | None:
    """Why people are always asked at this integration, as a sentence; None where they need not be (seed 003).

    A public client has no secret, so whoever knows its ID could pose as it: there the explanation stays.
    """
    if integration.auth_type != "Viewer":
        return "Nobody signs in to this integration, so nobody is asked."
    if client is None:
        return "Its settings cannot be used; check the integration first."
    if client.client_auth_method == "none":
        return "This integration's client is public, without a secret: people are always asked. Use a confidential one."
    return None
