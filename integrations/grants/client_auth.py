"""How our client proves itself at a token or revocation endpoint (RFC 6749 2.3.1, RFC 7523, security O-18)."""

from __future__ import annotations

import base64
from dataclasses import replace
from urllib.parse import quote_plus

from integrations.contract import ClientConfig, Secret
from integrations.errors import ClientRejected
from integrations.grants.assertions import ASSERTION_TYPE, client_assertion

Fields = dict[str, str | Secret]


def basic(client_id: str, client_secret: Secret) -> Secret:
    """The Authorization header value, with id and secret form-encoded before they are joined."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret.reveal())}"
    return Secret("Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii"))


def with_second(config: ClientConfig) -> ClientConfig:
    """The same client with its second secret in place of the first."""
    return replace(config, client_secret=config.second_secret, second_secret=None)


def authenticated(config: ClientConfig, fields: Fields) -> tuple[Fields, Secret | None]:
    """The fields to send and the Authorization value, if any; exactly one method is ever used.

    Raises ClientRejected when the method needs a secret that the integration does not have.
    """
    if config.client_auth_method == "none":
        return {**fields, "client_id": config.client_id}, None
    if config.client_auth_method == "private_key_jwt":
        assertion = client_assertion(config)
        proof: Fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return {**fields, "client_id": config.client_id, **proof}, None
    if not config.client_secret:
        raise ClientRejected(
            "This integration has no client secret. An administrator should enter it again.",
            code="missing_secret",
        )
    if config.client_auth_method == "client_secret_post":
        return {**fields, "client_id": config.client_id, "client_secret": config.client_secret}, None
    return fields, basic(config.client_id, config.client_secret)
