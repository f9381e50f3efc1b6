"""The one client that talks to providers: short deadlines, small answers, and only addresses we checked.

It follows no redirect, keeps no cookie, reads no proxy variable, and connects to exactly the address whose
policy it checked, while TLS and the Host header keep the host's name (security O-14, O-16).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final
from urllib.parse import urlencode

import httpx

from integrations.addresses import refusal
from integrations.contract import Secret
from integrations.endpoints import check_address, check_endpoint
from integrations.errors import AddressRefused, Malformed, Passing

__all__ = ["AddressRefused", "OutboundClient", "PinnedTransport", "Reply", "check_endpoint"]

MAX_BODY: Final = 256 * 1024
TOTAL_SECONDS: Final = 10.0
MOST_REDIRECTS: Final = 3
_TIMEOUT: Final = httpx.Timeout(connect=2.0, read=5.0, write=5.0, pool=2.0)
_FORM: Final = "application/x-www-form-urlencoded"

Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True)
class Reply:
    """A provider's answer. Header names are lower case. The body stays out of repr: it may hold tokens."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class PinnedTransport(httpx.AsyncBaseTransport):
    """Resolves a name once, refuses if any of its addresses is forbidden, and connects to those addresses.

    Connections are not kept: the wrapped pool knows them by address, and a connection made for one name
    must never serve another name that happens to share the address.
    """

    def __init__(self, *, allow_local: bool, resolve: Resolve, inner: httpx.AsyncBaseTransport) -> None:
        self._allow_local = allow_local
        self._resolve = resolve
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send to the first address that connects. Raises AddressRefused, Passing, httpx.TransportError."""
        host = request.url.host
        addresses = await self.checked(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        failure: httpx.TransportError | None = None
        for address in addresses:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error  # nothing was sent yet, so the next address may be tried
        raise failure or httpx.ConnectError("the name has no address")

    async def checked(self, host: str, port: int) -> list[str]:
        """The addresses of a host. Raises AddressRefused when any of them is forbidden, Passing when it has none."""
        try:
            addresses = [str(ipaddress.ip_address(host))]
        except ValueError:
            addresses = await self._resolve(host, port)
        for address in addresses:
            if reason := refusal(address, allow_local=self._allow_local):
                raise AddressRefused(
                    f"The host name of this provider points at {reason}, so nothing was sent. "
                    "An administrator should check the integration's addresses."
                )
        return addresses

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._inner.aclose()


async def _nowhere(_host: str, _port: int) -> list[str]:
    """In place of a resolver, where a test's transport stands for the network."""
    return []


class _Resolver:
    """Name look-ups on threads of their own, so that a slow DNS server holds up nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")

    async def __call__(self, host: str, port: int) -> list[str]:
        """The host's IP addresses in the system's order. Raises Passing when it has none."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except (OSError, UnicodeError):
            raise Passing("The provider's host name could not be resolved.", code="dns") from None
        return list(dict.fromkeys(found))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@cache
def _tls() -> ssl.SSLContext:
    """Certificates are always verified: against certifi's roots and the operator's own system store."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class OutboundClient:
    """Sends forms and bearer requests to providers.

    In: ``allow_local`` permits loopback addresses and plain http (never link-local or metadata addresses).
    ``transport`` replaces the network for tests, ``resolve`` the name look-up. Every method raises Passing
    (trouble that may pass), AddressRefused (policy) or Malformed (an unusable success), and nothing else.
    """

    def __init__(
        self,
        *,
        allow_local: bool,
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve | None = None,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._allow_local = allow_local
        self._total = total_seconds
        self._resolver = _Resolver() if resolve is None and transport is None else None
        chosen = resolve or self._resolver or _nowhere
        inner = transport
        if inner is None:
            limits = httpx.Limits(max_connections=200, max_keepalive_connections=0)
            inner = httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False, limits=limits)
        self._pinned = PinnedTransport(allow_local=allow_local, resolve=chosen, inner=inner)
        self._client = httpx.AsyncClient(
            transport=self._pinned if transport is None else transport,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
            timeout=_TIMEOUT,
            headers={"User-Agent": "tabard", "Accept-Encoding": "identity"},
        )

    async def post_form(
        self,
        url: str,
        fields: Mapping[str, str | Secret],
        *,
        auth: Secret | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """POST ``fields`` form-encoded; ``auth`` is a whole Authorization header value."""
        sent = {key: value.reveal() if isinstance(value, Secret) else value for key, value in fields.items()}
        body = urlencode(sent).encode("ascii")
        return await self._send("POST", url, body, {"Content-Type": _FORM, **(headers or {})}, auth)

    async def post_json(self, url: str, document: Mapping[str, str | Secret], *, auth: Secret) -> Reply:
        """POST a JSON body; ``auth`` is a whole Authorization header value."""
        sent = {key: value.reveal() if isinstance(value, Secret) else value for key, value in document.items()}
        body = json.dumps(sent).encode()
        return await self._send("POST", url, body, {"Content-Type": "application/json"}, auth)

    async def get_document(self, url: str) -> Reply:
        """GET what a provider publishes for everybody, such as its metadata, asking for JSON."""
        return await self._send("GET", url, None, {}, None)

    async def get_json(self, url: str, bearer: Secret) -> Reply:
        """GET with a bearer token (RFC 6750 section 2.1), asking for JSON; the body is not parsed here."""
        return await self._send("GET", url, None, {}, Secret(f"Bearer {bearer.reveal()}"))

    async def delete_json(self, url: str, document: Mapping[str, str | Secret], *, auth: Secret) -> Reply:
        """DELETE with a JSON body, which GitHub's revocation wants."""
        sent = {key: value.reveal() if isinstance(value, Secret) else value for key, value in document.items()}
        body = json.dumps(sent).encode()
        return await self._send("DELETE", url, body, {"Content-Type": "application/json"}, auth)

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses a host may be reached at now, checked like our own. Raises AddressRefused, Passing."""
        return await self._pinned.checked(host, port)

    @contextlib.asynccontextmanager
    async def download(self, url: str, *, seconds: float) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of a GET as it arrives, at most `seconds` long in all; the reader limits its size.

        Redirects are followed a few times, each to an address that is checked like the first.
        """
        try:
            async with asyncio.timeout(seconds), contextlib.AsyncExitStack() as stack:
                for _ in range(MOST_REDIRECTS + 1):
                    if problem := check_address(url, allow_local=self._allow_local):
                        raise AddressRefused(f"The address {problem}.")
                    response = await stack.enter_async_context(self._client.stream("GET", url))
                    if response.next_request is None:
                        break
                    url = str(response.next_request.url)
                else:
                    raise Passing("The address redirects too often.", code="redirects")
                if response.status_code != httpx.codes.OK:
                    raise Passing(f"The address answers with status {response.status_code}.", code="status")
                yield _once(response.content) if response.is_stream_consumed else response.aiter_raw()
        except (TimeoutError, httpx.TimeoutException):
            raise Passing("The address did not answer in time.", code="timeout") from None
        except httpx.HTTPError as error:
            raise _network_trouble(error) from None
        except (httpx.InvalidURL, UnicodeError):
            raise AddressRefused("The address is not one we can connect to.") from None

    async def aclose(self) -> None:
        """Close every connection and the resolver's threads."""
        await self._client.aclose()
        if self._resolver is not None:
            self._resolver.close()

    async def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], auth: Secret | None
    ) -> Reply:
        if problem := check_endpoint(url, allow_local=self._allow_local):
            raise AddressRefused(f"An address of this integration {problem}.")
        complete = {"Accept": "application/json", **headers}
        if auth is not None:
            complete["Authorization"] = auth.reveal()
        try:
            async with (
                asyncio.timeout(self._total),
                self._client.stream(method, url, content=body, headers=complete) as response,
            ):
                return await _read(response)
        except (httpx.ConnectTimeout, httpx.PoolTimeout):  # nothing was sent
            raise Passing("The provider could not be reached in time.", code="unreachable") from None
        except (TimeoutError, httpx.TimeoutException):
            raise Passing("The provider did not answer in time.", code="timeout") from None
        except httpx.HTTPError as error:
            raise _network_trouble(error) from None
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise AddressRefused("An address of this integration is not one we can connect to.") from None


async def _read(response: httpx.Response) -> Reply:
    """The answer with at most MAX_BODY bytes after decompression; a success that is longer is Malformed."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    try:
        if response.is_stream_consumed:  # an in-memory transport hands over the whole body, unpacked
            body = await _limited(_once(response.content), "")
        else:
            body = await _limited(response.aiter_raw(), headers.get("content-encoding", "").strip().lower())
    except Malformed:
        if response.status_code == httpx.codes.OK:
            raise
        body = b""  # an error's status says enough
    return Reply(response.status_code, headers, body)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _limited(chunks: AsyncIterator[bytes], encoding: str) -> bytes:
    """Read and decompress under one limit; httpx's own decoders would unpack a whole chunk first."""
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise Malformed("The provider compressed its answer in a way we did not ask for.")
    unpacker = None if encoding in {"", "identity"} else zlib.decompressobj(31 if "gzip" in encoding else 15)
    body = bytearray()
    try:
        async for chunk in chunks:
            body += unpacker.decompress(chunk, MAX_BODY + 1 - len(body)) if unpacker else chunk
            if len(body) > MAX_BODY:
                raise Malformed("The provider's answer is too long to be a token answer.")
    except httpx.TransportError:
        # A line that breaks behind a whole answer takes nothing of it away, and it may hold the only refresh token.
        if unpacker is not None or not _is_whole(body):
            raise
    except zlib.error:
        raise Malformed("The provider's answer is broken: it does not unpack.") from None
    if unpacker is not None and not unpacker.eof:
        raise Malformed("The provider's answer is broken: it ends too early.")
    return bytes(body)


def _is_whole(body: bytearray) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _network_trouble(error: httpx.HTTPError) -> Passing:
    """The same failure in our words: httpx's own text can name addresses."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Passing(
                "The secure connection to the provider failed: its certificate was not accepted.", code="tls"
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return Passing("The provider refused the connection or is not reachable.", code="unreachable")
    return Passing("The connection to the provider broke before its answer was complete.", code="interrupted")
