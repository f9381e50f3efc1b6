"""Owns the two shapes Authlib's framework-neutral server needs: a request and a reply."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MAX_FORM_BYTES: Final = 64 * 1024
_NEUTRAL_URI: Final = "https://sandbox.invalid/"


class FormError(ValueError):
    """A form that cannot be read; the text is safe to show."""


class Payload(OAuth2Payload):  # type: ignore[misc]
    """Parameters in the order they came, so that a repeated one is noticed."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        """Take decoded pairs."""
        self._data: dict[str, str] = {}
        self._lists: dict[str, list[str]] = {}
        for name, value in pairs:
            self._data.setdefault(name, value)
            self._lists.setdefault(name, []).append(value)

    @property
    def data(self) -> dict[str, str]:
        """Return the first value of each parameter."""
        return self._data

    @property
    def datalist(self) -> dict[str, list[str]]:
        """Return every value of each parameter."""
        return self._lists

    @property
    def repeated(self) -> list[str]:
        """Return the names given more than once (RFC 6749 section 3.2 forbids it)."""
        return [name for name, values in self._lists.items() if len(values) > 1]


class WireRequest(OAuth2Request):  # type: ignore[misc]
    """One request to the authorization or token endpoint."""

    def __init__(self, method: str, pairs: list[tuple[str, str]], headers: Mapping[str, str]) -> None:
        """Take the parameters that count: the query at the authorization endpoint, elsewhere the form."""
        # Authlib refuses plain http except on loopback; the sandbox is also reached by a service name
        # inside a private network, and never judges transport by this value.
        super().__init__(method, _NEUTRAL_URI, headers=headers)
        self.payload = Payload(pairs)
        self.given: Mapping[str, str] = {}
        """What the path of the request says, such as a tenant."""
        self.granted: str | None = None
        """The scopes that a person left ticked, where people can tick."""
        self.first = False
        """A person's first consent for this client, as the consent page found out."""

    @property
    def args(self) -> dict[str, str]:
        """Return the parameters."""
        return dict(self.payload.data)

    @property
    def form(self) -> dict[str, str]:
        """Return the parameters."""
        return dict(self.payload.data)


class Reply:
    """An answer before it becomes Starlette's; `location` can be changed by Authlib's RFC 9207 extension."""

    def __init__(self, status: int, body: Any, headers: list[tuple[str, str]]) -> None:
        """Take Authlib's three parts."""
        self.status = status
        self.body = body
        self.headers = dict(headers)

    @property
    def location(self) -> str | None:
        """Return where the browser is sent, if anywhere."""
        return self.headers.get("Location")

    @location.setter
    def location(self, value: str) -> None:
        """Send the browser elsewhere."""
        self.headers["Location"] = value

    def response(self) -> Response:
        """Return the Starlette response."""
        if not isinstance(self.body, dict):
            return Response(self.body, self.status, self.headers)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-type"}
        return JSONResponse(self.body, self.status, headers)


async def read_form(request: Request) -> list[tuple[str, str]]:
    """Return the pairs of a urlencoded body; raise FormError when it is too big or not one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError("Send the parameters as application/x-www-form-urlencoded.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise FormError("The form is too big.")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError as error:
        raise FormError("The form is not valid UTF-8, or has too many fields.") from error
