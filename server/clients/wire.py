"""The two shapes Authlib's framework-neutral core needs, a request and a reply; and clients as the API shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import ToolClient
from server.web.described import Moment, RowId

# Authlib judges transport by the address of a request; that is the business of whoever runs us (settings.public_url).
NEUTRAL = "https://tabard.invalid/"
LONGEST = 2048
# What may stand in an error_description (RFC 6749 section 5.2), since Authlib repeats parameters there and raises
# ValueError for others. A state is repeated to the client only, whatever printable text it is.
PLAIN = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")
Pairs = Iterable[tuple[str, str]]


class Malformed(Exception):
    """Parameters that cannot be used; the text names the fix and repeats nothing."""


class Payload(OAuth2Payload):  # type: ignore[misc]
    """Parameters, each at most once (RFC 6749 sections 3.1 and 3.2)."""

    def __init__(self, pairs: Pairs) -> None:
        pairs = tuple(pairs)
        self._data = dict(pairs)
        if len(self._data) != len(pairs):
            raise Malformed("A parameter was sent twice.")
        for name, value in pairs:
            fits = value.isprintable() if name == "state" else PLAIN.fullmatch(value) is not None
            if len(value) > LONGEST or not fits or PLAIN.fullmatch(name) is None:
                raise Malformed("A parameter is too long, or holds characters that it may not hold.")

    @property
    def data(self) -> dict[str, str]:
        """The parameters."""
        return self._data

    @property
    def datalist(self) -> dict[str, list[str]]:
        """The same, each as a list of one."""
        return {name: [value] for name, value in self._data.items()}


class Asked(OAuth2Request):  # type: ignore[misc]
    """One request to an endpoint; its parameters come from the query or the form, whichever counts there."""

    def __init__(self, method: str, payload: Payload, *, address: str = "") -> None:
        super().__init__(method, NEUTRAL)
        self.payload = payload
        self.address = address

    @property
    def args(self) -> dict[str, str]:
        """The parameters."""
        return dict(self.payload.data)

    @property
    def form(self) -> dict[str, str]:
        """The parameters."""
        return dict(self.payload.data)


class Reply:
    """Status, body and headers of an answer; `location` may be changed by Authlib's RFC 9207 extension."""

    def __init__(self, status: int, body: Any, headers: Iterable[tuple[str, str]] = ()) -> None:
        self.status, self.body, self.headers = status, body, dict(headers)

    @property
    def location(self) -> str | None:
        """Where the browser is sent, if anywhere."""
        return self.headers.get("Location")

    @location.setter
    def location(self, value: str) -> None:
        self.headers["Location"] = value


def refusal(error: str, description: str, status: int = 400) -> Reply:
    """An error of the token endpoint and its like (RFC 6749 section 5.2)."""
    return Reply(status, {"error": error, "error_description": description})


class ClientObject(TypedDict):
    """A registered tool (connect-api.md 1.7)."""

    id: RowId
    client_id: str
    client_name: str
    redirect_uris: list[str]
    created_at: Moment
    last_used_at: Moment | None


def client_object(row: ToolClient) -> ClientObject:
    """A row as the API shows it."""
    return {
        "id": str(row.id),
        "client_id": row.client_id,
        "client_name": row.client_name,
        "redirect_uris": row.redirect_uris,
        "created_at": wire(row.created_time) or "",
        "last_used_at": wire(row.last_used_time),
    }
