"""The claims of a minted token: pure functions of who asks, for which role, under which terms (seed 002)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from server.minting.terms import ANY, Terms

# Claims of our own; the user claim may be none of them but `sub`.
RESERVED: Final = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti", "scp", "scope"})
TIMES: Final = ("iat", "nbf", "exp", "jti")


def role_scope(role: str) -> str:
    """The scope that a warehouse reads the role from; its case is the role's."""
    return "session:role-any" if role == ANY else f"session:role:{role}"


def lasting(terms: Terms, *, subject: str, login: str, role: str) -> dict[str, Any]:
    """The claims that do not depend on the moment: equal ones mean that a token made before may be given again.

    `subject` is the viewer's GUID, `login` what the warehouse knows her by. One audience is a string, as in the
    seed's example, several are a list.
    """
    scopes = list(dict.fromkeys([role_scope(role), *terms.extra_scopes]))
    carried: Any = scopes if terms.scope_claim == "scp" else terms.scope_delimiter.join(scopes)
    return {
        "iss": terms.issuer,
        "aud": terms.audiences[0] if len(terms.audiences) == 1 else list(terms.audiences),
        "sub": subject,
        terms.user_claim: login,
        terms.scope_claim: carried,
    }


def timed(terms: Terms, claims: Mapping[str, Any], *, moment: float, token_id: str) -> dict[str, Any]:
    """`claims` with the times and the name of one token; `moment` is in seconds since 1970."""
    issued = int(moment)
    times = {"iat": issued, "exp": issued + terms.lifetime, "jti": token_id}
    return {**claims, **times, **({"nbf": issued} if terms.not_before else {})}
