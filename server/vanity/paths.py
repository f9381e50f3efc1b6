"""Which paths content may have of its own, and how they are written (connect-api.md 2.2)."""

from __future__ import annotations

import re
from collections.abc import Collection

from server.web.errors import ApiError

PROHIBITED = 52
LONGEST = 200
PATH = re.compile(r"/(?:[A-Za-z0-9_-]+/)+")
# What Connect keeps to itself, so that content can move between the two, and what is served here in any case.
RESERVED = frozenset(
    {
        "connect", "apps", "users", "groups", "setpassword", "user-completion", "confirm", "recent", "reports",
        "plots", "unpublished", "settings", "metrics", "tokens", "help", "login", "logout", "welcome", "register",
        "resetpassword", "content", "static",
    }
)  # fmt: skip


def first_name(path: str) -> str:
    """The first name in a path, in lower case: `/A/b/` → `a`."""
    return path.lstrip("/").partition("/")[0].lower()


def is_reserved(path: str, served: Collection[str]) -> bool:
    """Whether a path is the server's own: `served` are the first names of what it serves, in lower case."""
    name = first_name(path)
    return not name or name.startswith("__") or name in RESERVED or name in served


def normal(path: str, served: Collection[str] = ()) -> str:
    """`path` with one slash at each end. Raises ApiError 400, code 52, for what no content may have."""
    found = f"/{path.strip('/')}/"
    if len(path) > LONGEST:
        raise ApiError(400, PROHIBITED, f"A path has at most {LONGEST} characters.")
    if not PATH.fullmatch(found):
        raise ApiError(400, PROHIBITED, "A path holds letters, digits, hyphens and underscores between its slashes.")
    if is_reserved(found, served):
        raise ApiError(400, PROHIBITED, "This path is the server's own; choose another.")
    return found


def ancestors(key: str) -> list[str]:
    """The paths above one: `/a/b/c/` → `/a/`, `/a/b/`."""
    names = key.strip("/").split("/")
    return ["/" + "/".join(names[:depth]) + "/" for depth in range(1, len(names))]
