"""The authorization code grant with PKCE: where to send a viewer, and redeeming what comes back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from integrations.contract import ClientConfig, Secret, TokenSet
from integrations.endpoints import RESERVED_PARAMETERS
from integrations.errors import ClientRejected
from integrations.grants.client_auth import Fields
from integrations.grants.id_token import IdTokenRefused, claims_of, nonce_of, other_sign_in
from integrations.grants.token_reply import request_tokens
from integrations.http import OutboundClient


@dataclass(frozen=True)
class Begun:
    """A consent that can start: where to send the browser, and the verifier that stays on the server."""

    url: str
    verifier: Secret


def begin(config: ClientConfig, *, redirect_uri: str, state: str, renewing: bool = False) -> Begun:
    """Build the authorization request (RFC 6749 section 4.1.1, PKCE S256 of RFC 7636).

    ``renewing`` says that we still hold a refresh token, so parameters that force a first consent stay out.
    The verifier is fresh each time, 86 characters; it is used only if ``config.use_pkce``. Extra parameters
    and the endpoint's own query never override ours (security O-40). Raises ClientRejected without an
    authorization endpoint.
    """
    if not config.authorization_uri:
        raise ClientRejected(
            "This integration has no authorization address. An administrator should add it.",
            code="no_authorization_uri",
        )
    verifier = secrets.token_urlsafe(64)
    ours = {
        "response_type": "code",
        "client_id": config.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    if config.scopes:
        ours["scope"] = config.scope_separator.join(config.scopes)
    if "openid" in config.scopes:
        ours["nonce"] = nonce_of(Secret(verifier))
    if config.use_pkce:
        ours["code_challenge"] = str(create_s256_code_challenge(verifier))
        ours["code_challenge_method"] = "S256"
    endpoint = urlsplit(config.authorization_uri)
    extras = {
        **dict(parse_qsl(endpoint.query, keep_blank_values=True)),
        **config.extra_authorize,
        **({} if renewing else config.first_consent),
    }
    allowed = {key: value for key, value in extras.items() if key.lower() not in RESERVED_PARAMETERS}
    return Begun(endpoint._replace(query=urlencode({**allowed, **ours})).geturl(), Secret(verifier))


async def redeem(
    client: OutboundClient, config: ClientConfig, *, redirect_uri: str, code: str, verifier: Secret
) -> TokenSet:
    """Trade a code for tokens (RFC 6749 section 4.1.3). Raises the errors of ``integrations.errors``."""
    fields: Fields = {"grant_type": "authorization_code", "code": Secret(code), "redirect_uri": redirect_uri}
    if config.use_pkce:
        fields["code_verifier"] = verifier
    return _checked(config, await request_tokens(client, config, fields), verifier)


def _checked(config: ClientConfig, tokens: TokenSet, verifier: Secret) -> TokenSet:
    """The tokens with their id_token checked (security O-43); what is no proof of an account is left out.

    Where the integration names an issuer, an id_token that is wrong in any respect fails the sign-in. Elsewhere
    only one that belongs to another sign-in does, and from one that is odd otherwise no account is taken.
    """
    if tokens.id_token is None:
        return tokens
    nonce = nonce_of(verifier) if "openid" in config.scopes else None
    try:
        claims_of(config, tokens.id_token, nonce=nonce)
    except IdTokenRefused:
        if config.issuer is not None or (nonce is not None and other_sign_in(tokens.id_token, nonce)):
            raise
        return replace(tokens, subject=None, id_token=None)
    return tokens
