"""The form an OAuth endpoint's URL must have when it is saved and each time it is used (security O-15)."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from integrations.addresses import is_loopback_host, refusal

MAX_LENGTH: Final = 2048

# What only we may say to a provider: neither an endpoint's query nor an extra parameter may say it (O-40).
RESERVED_PARAMETERS: Final = frozenset(
    {
        "assertion",
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "grant_type",
        "nonce",
        "password",
        "redirect_uri",
        "refresh_token",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
        "token",
        "username",
    }
)

_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_NUMERIC: Final = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)")
_LOCAL_SWITCH: Final = "set TABARD_OAUTH_ALLOW_LOCAL_PROVIDERS=true to allow that on a test server"


def host_problem(host: str) -> str | None:
    """What is wrong with a host name or IP literal (without brackets), as a predicate, or None."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return None
    name = host.removesuffix(".")
    labels = name.split(".")
    if not name or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return "must name a host in plain letters, digits, dots and hyphens"
    # inet_aton still reads 2130706433, 0x7f.1 and the like as addresses; nobody means a host by them.
    if _NUMERIC.fullmatch(labels[-1]):
        return "must name a host, or write an IP address in its usual form"
    return None


def check_endpoint(url: str, *, allow_local: bool) -> str | None:
    """What is wrong with an endpoint's URL, or None.

    The answer is a predicate that names the fix: ``f"The config key token_uri {check_endpoint(...)}"``.
    Plain http passes only with ``allow_local``, for loopback hosts and for one-word names such as a compose
    service. The address behind a name is checked again at every connection, by the outbound client.
    """
    return check_address(url, allow_local=allow_local) or _query_problem(urlsplit(url).query)


def check_address(url: str, *, allow_local: bool) -> str | None:
    """As check_endpoint, for what is only fetched: its query may say anything, as signed addresses do."""
    if problem := _text_problem(url):
        return problem
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "must be a complete address such as https://provider.example.com/token"
    if parts.scheme not in {"https", "http"} or not host:
        return "must be a complete address that starts with https://"
    if "@" in parts.netloc:
        return "must not carry a user name or password before the host; remove everything up to the @"
    return host_problem(host) or _place_problem(parts.scheme, host, allow_local=allow_local)


def _text_problem(url: str) -> str | None:
    """What is wrong with the characters alone, before any parser can smooth it over."""
    if not url:
        return "must not be empty"
    if len(url) > MAX_LENGTH:
        return f"must be at most {MAX_LENGTH} characters long"
    if not url.isascii() or any(character <= " " or character in '\\"<>^`{|}\x7f' for character in url):
        return "must contain only the characters of a URL: no spaces, line breaks or backslashes"
    if "#" in url:
        return "must not have a fragment; remove the # and what follows it"
    return None


def _query_problem(query: str) -> str | None:
    names = {key.lower() for key, _ in parse_qsl(query, keep_blank_values=True)}
    taken = ", ".join(sorted(names & RESERVED_PARAMETERS))
    return f"must not set {taken} in its query; each request sets that itself" if taken else None


def _is_one_word(host: str) -> bool:
    return not set(".:") & set(host)


def _place_problem(scheme: str, host: str, *, allow_local: bool) -> str | None:
    """What is wrong with where the URL points, as far as its form tells."""
    loopback = is_loopback_host(host)
    if loopback and not allow_local:
        return f"must not point at this machine itself; {_LOCAL_SWITCH}"
    if scheme == "http" and not (allow_local and (loopback or _is_one_word(host))):
        return "must use https, so that secrets are not sent in the clear; write https:// instead of http://"
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if reason := refusal(host, allow_local=allow_local):
        return f"must not point at {reason}; use the provider's host name"
    return None
