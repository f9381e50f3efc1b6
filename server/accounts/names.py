"""User names and e-mail addresses: what is allowed, and when two names are the same (security.md S-16)."""

from __future__ import annotations

import re
import unicodedata

from server.web.errors import ApiError, invalid

INVALID_USER_NAME = 7
LOCAL = re.compile(r"^[^\s/\\\"'<>@,;:?#%&|`]+(@[A-Za-z0-9.-]+)?$")


def username_key(name: str) -> str:
    """The form in which names are compared: NFKC, then casefold."""
    return unicodedata.normalize("NFKC", name).casefold()


def checked_username(name: str) -> str:
    """`name`, if an account may carry it. Raises ApiError 400, code 7."""
    if not 1 <= len(name) <= 64:
        raise ApiError(400, INVALID_USER_NAME, "A user name has 1 to 64 characters.")
    if any(unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Co", "Cn") for ch in name) or not LOCAL.fullmatch(name):
        raise ApiError(
            400,
            INVALID_USER_NAME,
            "A user name may hold letters, digits and . _ - + and one @domain, but no spaces.",
        )
    return name


def checked_email(address: str) -> str:
    """`address`, if it looks like an e-mail address or is empty. Raises ApiError 400."""
    if address and (len(address) > 254 or not re.fullmatch(r"[^\s@<>\"]+@[^\s@<>\"]+", address)):
        raise invalid("email must look like name@example.org.")
    return address
