"""The token of an installed GitHub App: the app signs a JWT and trades it for a token of one installation."""

from __future__ import annotations

from datetime import UTC, datetime

from integrations.contract import ClientConfig, Secret, TokenSet
from integrations.errors import ClientRejected, Malformed, Passing
from integrations.grants.assertions import github_app_token
from integrations.grants.rejection import retry_after
from integrations.grants.token_reply import lifetime, read_object, readable_token, skew
from integrations.http import OutboundClient, Reply

_ADMIN = "An administrator should check the integration."
_REFUSED = {
    401: f"GitHub does not accept the app's client ID and private key. {_ADMIN}",
    403: f"GitHub refuses the app: the installation may be suspended. {_ADMIN}",
    404: f"GitHub knows no such installation of the app. {_ADMIN}",
    422: f"GitHub refuses what the app asks for. {_ADMIN}",
}


async def fetch(client: OutboundClient, config: ClientConfig) -> TokenSet:
    """A token of the installation; GitHub lets it live for an hour. Raises the errors of ``integrations.errors``."""
    signed = github_app_token(config)
    reply = await client.post_json(config.token_uri, {}, auth=Secret(f"Bearer {signed.reveal()}"))
    _check(reply)
    answer = read_object(reply) or {}
    access = readable_token(answer.get("token"))
    if access is None:
        raise Malformed("GitHub's answer holds no token.")
    ahead = skew(reply.headers.get("date"))
    return TokenSet(
        access_token=access,
        expires_in=lifetime(_seconds_until(answer.get("expires_at"), ahead or 0.0), 3600.0),
        skew=ahead,
    )


def _check(reply: Reply) -> None:
    wait = retry_after(reply.headers.get("retry-after"))
    limited = reply.status == 403 and (wait is not None or reply.headers.get("x-ratelimit-remaining") == "0")
    if reply.status == 429 or limited:
        raise Passing("GitHub says we ask too often.", wait, code="rate_limited")
    if reply.status in _REFUSED:
        raise ClientRejected(_REFUSED[reply.status], code="invalid_client" if reply.status == 401 else "refused_app")
    if reply.status not in {200, 201}:
        raise Passing(f"GitHub answered with status {reply.status}.", wait, code=f"status_{reply.status}")


def _seconds_until(moment: object, ahead: float) -> float | None:
    """Seconds until a time of the provider's, by its own clock, which is ``ahead`` of ours."""
    try:
        ends = datetime.fromisoformat(str(moment))
    except ValueError:
        return None
    if ends.tzinfo is None:
        return None
    return (ends - datetime.now(UTC)).total_seconds() - ahead
