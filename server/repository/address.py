"""Which repository addresses may be fetched from, and where their hosts are (security.md O-15, O-16)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from integrations.endpoints import check_address
from integrations.errors import ProviderError
from integrations.http import OutboundClient
from runners.repositories.location import Location, checked_branch, checked_directory
from server.web.body import Fields
from server.web.errors import ApiError, invalid

UNSUPPORTED_PROTOCOL = 164


def checked_repository(url: str, *, allow_local: bool) -> str:
    """An address to fetch from: https, or with `allow_local` also file: and this machine. Raises ApiError 400."""
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise invalid("repository must not carry a user name or password; only repositories that anyone may read work.")
    if scheme == "file" and allow_local:
        return _checked_file(url)
    if scheme not in ("https", "http"):
        raise ApiError(400, UNSUPPORTED_PROTOCOL, "repository must be an address that starts with https://.")
    problem = check_address(url, allow_local=allow_local)
    if problem is None and urlsplit(url).query:
        problem = "must not have a query; remove the ? and what follows it"
    if problem is not None:
        raise invalid(f"repository {problem}.")
    return url


def _checked_file(url: str) -> str:
    path = url.removeprefix("file://")
    if not path.startswith("/") or ".." in unquote(path).split("/"):
        raise invalid("repository must be file:// and an absolute path.")
    return url


def changes_from(given: Fields, *, allow_local: bool) -> dict[str, Any]:
    """What a request says of a repository, in plain form; null counts as not said. Raises ApiError 400."""
    fields: dict[str, Any] = {}
    if given.data.get("repository") is not None:
        fields["repository"] = checked_repository(given.text("repository", limit=2048), allow_local=allow_local)
    if given.data.get("branch") is not None:
        fields["branch"] = _plain("branch", given.text("branch"), checked_branch)
    if given.data.get("directory") is not None:
        fields["directory"] = _plain("directory", given.text("directory"), checked_directory)
    if given.data.get("polling") is not None:
        fields["polling"] = given.flag("polling", False)
    return fields


def _plain(name: str, text: str, check: Any) -> str:
    try:
        return str(check(text))
    except ValueError as problem:
        raise invalid(f"{name} {problem}.") from None


async def pins(client: OutboundClient, location: Location) -> tuple[str, ...]:
    """Where git shall connect to instead of asking a resolver again, checked like our own calls.

    Entries of curl's --resolve. Raises ApiError 400 where the host's addresses are refused or there are none.
    """
    parts = urlsplit(location.repository)
    if parts.scheme == "file" or parts.hostname is None:
        return ()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await client.addresses(parts.hostname, port)
    except ProviderError as problem:
        reason = "Its host cannot be found." if problem.code == "dns" else problem.reason
        raise invalid(f"The repository cannot be fetched. {reason}") from None
    shown = ",".join(f"[{address}]" if ":" in address else address for address in found)
    return (f"{parts.hostname}:{port}:{shown}",)
