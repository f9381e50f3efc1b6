"""Tries an integration's client at its provider before it is saved, without anybody's consent; says how it went."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from integrations.contract import ClientConfig, Secret, fingerprint
from integrations.errors import ClientRejected, ConsentEnded, ProviderError
from integrations.grants.authorization_code import redeem
from integrations.grants.service import fetch
from integrations.http import OutboundClient
from integrations.template import Template


@dataclass(frozen=True)
class Tried:
    """How it went, as a sentence; `good` is None where the provider's answer does not tell."""

    good: bool | None
    words: str


def lifetime_in_words(seconds: float | None) -> str:
    """How long a token lives."""
    if seconds is None:
        return "without an end"
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"for {seconds:.0f} seconds"
    if minutes < 120:
        return f"for {minutes} {'minute' if minutes == 1 else 'minutes'}"
    return f"for {round(seconds / 3600)} hours"


def merged(
    template: Template,
    typed: Mapping[str, object],
    kept: Mapping[str, object],
    stored: Mapping[str, str],
    *,
    allow_local: bool,
) -> ClientConfig:
    """The client that a form describes: what was typed over what is kept, with the stored secrets for what was not.

    A stored secret goes nowhere but where it goes already: with another provider or client it must be typed again
    (T-52). Raises ConfigProblems.
    """
    given = {name: value for name, value in typed.items() if value or name not in template.secret_names}
    settled = template.settle({**kept, **stored, **given}, allow_local=allow_local)
    client = template.client(settled.config, settled.secrets)
    if stored and fingerprint(client) != fingerprint(template.client(kept, stored)):
        settled = template.settle({**kept, **given}, allow_local=allow_local)
        client = template.client(settled.config, settled.secrets)
    return client


async def tried(client: OutboundClient, config: ClientConfig, redirect_uri: str) -> Tried:
    """Ask the token endpoint: for a service account's token, or with a made-up code that it must refuse."""
    if not config.token_uri:
        return Tried(True, "There is no provider to ask: this server makes the tokens itself.")
    try:
        if config.auth_type == "Service Account":
            tokens = await fetch(client, config)
            scopes = f" and the scopes {' '.join(tokens.scopes)}" if tokens.scopes else ""
            return Tried(True, f"It gave a token that lives {lifetime_in_words(tokens.expires_in)}{scopes}.")
        code, verifier = secrets.token_urlsafe(24), Secret(secrets.token_urlsafe(48))
        await redeem(client, config, redirect_uri=redirect_uri, code=code, verifier=verifier)
    except ConsentEnded:
        return Tried(True, "The provider answers, and refused only the made-up sign-in code that it was sent.")
    except ClientRejected as error:
        return Tried(False, error.reason)
    except ProviderError as error:
        return Tried(
            None, f"{error.reason} That may be because of the made-up sign-in code: save it, and connect as you."
        )
    return Tried(None, "The provider took a sign-in code that was made up. Check the token address.")
