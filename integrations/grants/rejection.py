"""Which answers mean which error: the table of security.md 7.3, kept in one place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from integrations.errors import ClientRejected, ConsentEnded, Passing
from integrations.http import Reply

_LONGEST_WAIT: Final = 24 * 3600.0

_AGAIN: Final = "Connect again to continue."
_ADMIN: Final = "An administrator should check the integration."
_PAIR: Final = f"The provider does not accept this integration's client ID and secret. {_ADMIN}"

CONSENT_ENDED: Final[Mapping[str, str]] = {
    "invalid_grant": f"The provider ended this connection, or it expired. {_AGAIN}",
    "bad_refresh_token": f"The provider ended this connection, or it expired. {_AGAIN}",
    "bad_verification_code": f"The provider says that this sign-in took too long or was used. {_AGAIN}",
    "interaction_required": f"The provider wants to see you again before it goes on. {_AGAIN}",
    "login_required": f"The provider wants you to sign in again. {_AGAIN}",
    "consent_required": f"The provider wants your consent again. {_AGAIN}",
    "account_selection_required": f"The provider wants you to choose an account again. {_AGAIN}",
    "unverified_user_email": f"The provider wants you to confirm your e-mail address there first. {_AGAIN}",
    "inactive_user": "Your account at the provider is not active. Connect again once it is.",
}

CLIENT_REJECTED: Final[Mapping[str, str]] = {
    "invalid_client": _PAIR,
    "invalid_client_id": f"The provider does not know this integration's client ID. {_ADMIN}",
    "invalid_client_credentials": f"The provider does not accept this integration's client secret. {_ADMIN}",
    "incorrect_client_credentials": _PAIR,
    "unauthorized_client": f"The provider does not let this integration's client ask in this way. {_ADMIN}",
    "unsupported_grant_type": f"The provider does not offer this kind of sign-in to the client. {_ADMIN}",
    "invalid_scope": f"The provider refuses one of the scopes that this integration asks for. {_ADMIN}",
    "invalid_resource": f"The provider does not know what this integration's scopes are for. {_ADMIN}",
    "invalid_target": f"The provider does not know what this integration asks a token for. {_ADMIN}",
    "disabled_client": f"This integration's client is disabled at the provider. {_ADMIN}",
    "deleted_client": f"This integration's client was deleted at the provider. {_ADMIN}",
    "inactive_org": f"The organisation at the provider is not active. {_ADMIN}",
    "redirect_uri_mismatch": f"This server's redirect address is not registered at the provider. {_ADMIN}",
}

# The refusals of which a second secret may make a success: the client's proof was wrong, and nothing else was read.
SECRET_REFUSED: Final = frozenset({"invalid_client", "invalid_client_credentials", "incorrect_client_credentials"})

PASSING: Final[Mapping[str, str]] = {
    "slow_down": "The provider asks us to slow down.",
    "rate_limit_exceeded": "The provider says we ask too often.",
    "temporarily_unavailable": "The provider is temporarily unavailable.",
    "server_error": "The provider had trouble of its own.",
}

# Databricks reports a dead refresh token as a bad request with these words.
_DEAD_REFRESH_TOKEN: Final = ("invalid_request", "refresh token is invalid")


def raise_for(reply: Reply, answer: Mapping[str, Any] | None) -> None:
    """Raise the error an answer means; return for a 200 without an ``error`` member.

    Only codes of our own tables are understood; no other text of the answer goes into a message.
    """
    wait = retry_after(reply.headers.get("retry-after"))
    if reply.status == 429:
        raise Passing("The provider says we ask too often.", wait, code="rate_limited")
    if reply.status >= 500:
        raise Passing("The provider had trouble of its own.", wait, code="server_error")
    code = answer.get("error") if answer is not None else None
    if reply.status == 200 and not code:
        return
    if isinstance(code, str):
        _raise_known(code.lower(), str((answer or {}).get("error_description") or ""), wait)
    if reply.status == 401:
        raise ClientRejected(CLIENT_REJECTED["invalid_client"])
    if 300 <= reply.status < 400:
        raise Passing(f"The provider answered with a redirect, which is never followed. {_ADMIN}", code="redirected")
    if reply.status == 200:
        raise Passing("The provider answered with an error we do not know.", wait, code="unknown_error")
    raise Passing(f"The provider answered with status {reply.status}.", wait, code=f"status_{reply.status}")


def _raise_known(code: str, description: str, wait: float | None) -> None:
    if code in CONSENT_ENDED:
        raise ConsentEnded(CONSENT_ENDED[code], code=code)
    if code in CLIENT_REJECTED:
        raise ClientRejected(CLIENT_REJECTED[code], code=code)
    if code in PASSING:
        raise Passing(PASSING[code], wait, code=code)
    if (code, description.strip(" .").lower()) == _DEAD_REFRESH_TOKEN:
        raise ConsentEnded(CONSENT_ENDED["invalid_grant"])


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds out of a Retry-After header, a number or an HTTP date (RFC 9110 10.2.3), at most a day."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError, IndexError, TypeError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_WAIT)
