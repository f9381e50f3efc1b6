"""How long a token that was just received may be used: the least of what the provider says of it (O-28, T-38)."""

from __future__ import annotations

import base64
import binascii
import json
import math
from datetime import datetime
from typing import Any

from integrations.contract import TokenSet

MARGIN = 60.0
# A token of a short life is renewed in the last quarter of it.
SHARE = 0.25
# What an app may ask to have left at most, and the share of a token's life that this can be.
MOST_TTL = 3600.0
MOST_SHARE = 0.9
# A token that is younger than this is not renewed because an app asks for a new one.
QUIET = 10.0
LONGEST_READ = 16 * 1024


def margin(lifetime: float | None, min_ttl: float | None = None) -> float:
    """How many seconds before its end a token of this lifetime is renewed.

    An app may ask for more with `min_ttl`, up to an hour and to nine tenths of the lifetime: a token renewed for
    want of life that no token has would be renewed at each exchange.
    """
    least = MARGIN if lifetime is None else min(MARGIN, lifetime * SHARE)
    if min_ttl is None:
        return least
    most = MOST_TTL if lifetime is None else min(MOST_TTL, lifetime * MOST_SHARE)
    return max(least, min(min_ttl, most))


def enough(left: float, life: float | None, age: float, *, min_ttl: float | None, force: bool) -> bool:
    """Whether a token with `left` seconds of its `life`, received `age` seconds ago, may be given again.

    What an app asks for beyond the margin is not granted twice within `QUIET` seconds: another app's call has just
    had the token renewed.
    """
    if left <= margin(life):
        return False
    return 0 <= age < QUIET or (not force and left > margin(life, min_ttl))


def lifetime(tokens: TokenSet, asked_at: datetime) -> float | None:
    """Seconds from `asked_at` that the access token lives, None for one that does not end.

    Where the token is a JWT, the smaller of its own `exp` and `expires_in` counts. `exp` is in the provider's time:
    it is set right by the `Date` of the answer, or else taken as a span from `iat`. One that would have ended
    before it was asked for says only that a clock is wrong, and is not looked at.
    """
    said = tokens.expires_in
    claims = _claims(tokens.access_token.reveal())
    ends, begins = _number(claims.get("exp")), _number(claims.get("iat"))
    if ends is None:
        return said
    if tokens.skew is not None:
        span = ends - tokens.skew - asked_at.timestamp()
    elif begins is not None:
        span = ends - begins
    else:
        span = ends - asked_at.timestamp()
    if span <= 0:
        return said
    return span if said is None else min(said, span)


def _claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, read and not verified: it is the API that is called with it who verifies it."""
    if token.count(".") != 2 or len(token) > LONGEST_READ:
        return {}
    payload = token.split(".")[1]
    try:
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None
