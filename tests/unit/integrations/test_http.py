import asyncio
import gzip
import ssl
import zlib

import httpx
import pytest

from integrations.contract import Secret
from integrations.errors import AddressRefused, Malformed, Passing
from integrations.http import MAX_BODY, OutboundClient, PinnedTransport, Reply

URL = "https://idp.example.com/token"


class Streamed(httpx.AsyncByteStream):
    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    async def __aiter__(self):
        for chunk in self.chunks:
            yield chunk


class Inner(httpx.AsyncBaseTransport):
    """The network under the pinned transport: some addresses refuse connections."""

    def __init__(self, *dead: str) -> None:
        self.dead = dead
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host in self.dead:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json={"ok": True})


def client_over(*addresses: str, allow_local: bool = False, dead: tuple[str, ...] = ()) -> tuple[OutboundClient, Inner]:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    inner = Inner(*dead)
    pinned = PinnedTransport(allow_local=allow_local, resolve=resolve, inner=inner)
    return OutboundClient(allow_local=allow_local, transport=pinned), inner


async def test_a_form_is_posted_with_its_secrets_and_without_cookies(provider):
    provider.says(200, json={}, headers={"Set-Cookie": "a=b; Path=/"})
    for _ in range(2):
        await provider.client.post_form(URL, {"a": "b c", "s": Secret("x&y")}, auth=Secret("Basic zzz"))
    request = provider.requests[-1]
    assert request.content == b"a=b+c&s=x%26y"
    assert request.headers["authorization"] == "Basic zzz"
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert "cookie" not in request.headers


async def test_a_bearer_token_goes_in_the_header(provider):
    provider.says(200, json={"sub": "alice"})
    reply = await provider.client.get_json("https://idp.example.com/me", Secret("tok"))
    assert provider.requests[0].headers["authorization"] == "Bearer tok"
    assert provider.requests[0].url == "https://idp.example.com/me"
    assert reply.status == 200


async def test_a_json_document_can_be_deleted(provider):
    provider.says(204)
    await provider.client.delete_json(URL, {"access_token": Secret("tok")}, auth=Secret("Basic zzz"))
    assert (provider.requests[0].method, provider.requests[0].content) == ("DELETE", b'{"access_token": "tok"}')


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(provider, status):
    provider.says(status, headers={"Location": "https://evil.example.com/"})
    assert (await provider.client.post_form(URL, {})).status == status
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ConnectTimeout("https://secret?x=CANARY"), "unreachable"),
        (httpx.ReadTimeout("CANARY"), "timeout"),
        (httpx.ConnectError("CANARY"), "unreachable"),
        (httpx.RemoteProtocolError("CANARY"), "interrupted"),
        (httpx.ReadError("CANARY"), "interrupted"),
    ],
)
async def test_network_trouble_is_passing_and_in_our_words(provider, error, code):
    provider.fails(error)
    with pytest.raises(Passing) as caught:
        await provider.client.post_form(URL, {})
    assert caught.value.code == code
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_bad_certificate_is_named(provider):
    error = httpx.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError("CANARY")
    provider.fails(error)
    with pytest.raises(Passing, match="certificate") as caught:
        await provider.client.post_form(URL, {})
    assert caught.value.code == "tls"


async def test_the_whole_call_has_a_deadline():
    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = OutboundClient(allow_local=False, transport=httpx.MockTransport(never), total_seconds=0.01)
    with pytest.raises(Passing) as caught:
        await client.post_form(URL, {})
    assert caught.value.code == "timeout"
    await client.aclose()


async def body_of(status: int, stream: httpx.AsyncByteStream, encoding: str = "") -> Reply:
    headers = {"Content-Encoding": encoding} if encoding else {}
    transport = httpx.MockTransport(lambda request: httpx.Response(status, headers=headers, stream=stream))
    client = OutboundClient(allow_local=False, transport=transport)
    try:
        return await client.post_form(URL, {})
    finally:
        await client.aclose()


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [(b"hello", ""), (gzip.compress(b"hello", mtime=0), "gzip"), (zlib.compress(b"hello"), "deflate")],
)
async def test_bodies_are_unpacked(packed, encoding):
    halves = Streamed(packed[:3], packed[3:])
    assert (await body_of(200, halves, encoding)).body == b"hello"


@pytest.mark.parametrize(
    ("stream", "encoding"),
    [
        (Streamed(*[b"x" * 65536] * 5), ""),
        (Streamed(gzip.compress(b"x" * (MAX_BODY + 1))), "gzip"),
        (Streamed(gzip.compress(b"hello", mtime=0)[:-4]), "gzip"),
        (Streamed(b"not gzip"), "gzip"),
        (Streamed(b"hello"), "br"),
    ],
    ids=["long", "bomb", "truncated", "not gzip", "brotli"],
)
async def test_unusable_bodies_are_malformed_successes_and_empty_failures(stream, encoding):
    with pytest.raises(Malformed):
        await body_of(200, stream, encoding)
    assert (await body_of(503, stream, encoding)).body == b""


async def test_a_reply_does_not_show_what_it_holds():
    assert "CANARY" not in repr(Reply(200, {"x": "CANARY"}, b"CANARY"))


async def test_the_connection_goes_to_the_checked_address_in_the_name_of_the_host():
    client, inner = client_over("93.184.216.34")
    await client.post_form("https://idp.example.com:8443/token?x=1", {"a": "b"})
    request = inner.requests[0]
    assert str(request.url) == "https://93.184.216.34:8443/token?x=1"
    assert request.headers["host"] == "idp.example.com:8443"
    assert request.extensions["sni_hostname"] == "idp.example.com"
    await client.aclose()


async def test_the_next_address_is_tried_when_one_refuses():
    client, inner = client_over("93.184.216.34", "2606:4700::1111", dead=("93.184.216.34",))
    assert (await client.post_form(URL, {})).status == 200
    assert [request.url.host for request in inner.requests] == ["93.184.216.34", "2606:4700::1111"]
    await client.aclose()


@pytest.mark.parametrize("dead", [("93.184.216.34",), ()], ids=["refused", "no address"])
async def test_no_address_that_answers_is_passing(dead):
    client, _ = client_over(*dead, dead=dead)
    with pytest.raises(Passing) as caught:
        await client.post_form(URL, {})
    assert caught.value.code == "unreachable"
    await client.aclose()


@pytest.mark.parametrize("bad", ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "0.0.0.0", "::"])
@pytest.mark.parametrize("allow_local", [True, False])
async def test_one_forbidden_address_among_good_ones_refuses_the_call(bad, allow_local):
    client, inner = client_over("93.184.216.34", bad, allow_local=allow_local)
    with pytest.raises(AddressRefused, match="nothing was sent"):
        await client.post_form(URL, {})
    assert inner.requests == []
    await client.aclose()


async def test_a_name_that_flips_to_loopback_is_refused_at_the_next_call():
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])

    async def resolve(host: str, port: int) -> list[str]:
        return next(answers)

    inner = Inner()
    pinned = PinnedTransport(allow_local=False, resolve=resolve, inner=inner)
    client = OutboundClient(allow_local=False, transport=pinned)
    await client.post_form(URL, {})
    with pytest.raises(AddressRefused):
        await client.post_form(URL, {})
    assert len(inner.requests) == 1
    await client.aclose()


async def test_loopback_and_plain_http_need_the_switch():
    client, inner = client_over("127.0.0.1", allow_local=True)
    assert (await client.post_form("http://localhost:9/token", {})).status == 200
    assert inner.requests[0].url.host == "127.0.0.1"
    await client.aclose()
    client, inner = client_over("127.0.0.1")
    for url in ["http://localhost:9/token", "http://idp.example.com/token", URL]:
        with pytest.raises(AddressRefused):
            await client.post_form(url, {})
    assert inner.requests == []
    await client.aclose()


async def test_the_system_resolver_answers_for_the_loopback_name_and_fails_readably():
    client = OutboundClient(allow_local=False)
    with pytest.raises(Passing, match="could not be resolved"):
        await client._resolver("a..b", 443)
    assert await client._resolver("127.0.0.1", 443) == ["127.0.0.1"]
    await client.aclose()


async def test_a_download_is_read_piece_by_piece_from_checked_addresses(provider):
    provider.says(302, headers={"Location": "/elsewhere?token=x"})
    provider.says(200, stream=Streamed(b"a" * 300_000, b"b"))
    async with provider.client.download("https://files.example.com/x", seconds=5) as chunks:
        assert b"".join([chunk async for chunk in chunks]) == b"a" * 300_000 + b"b"
    assert str(provider.requests[-1].url) == "https://files.example.com/elsewhere?token=x"
    with pytest.raises(AddressRefused):
        async with provider.client.download("https://127.0.0.1/x", seconds=5):
            pass
    client, inner = client_over("169.254.169.254")
    with pytest.raises(AddressRefused):
        async with client.download("https://files.example.com/x", seconds=5):
            pass
    assert inner.requests == []


async def test_where_a_host_is_is_checked_like_our_own_calls():
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    strict, open_ = (OutboundClient(allow_local=allow, resolve=resolve) for allow in (False, True))
    with pytest.raises(AddressRefused):
        await strict.addresses("files.example.com", 443)
    assert await open_.addresses("files.example.com", 443) == ["127.0.0.1"]
    for client in (strict, open_):
        await client.aclose()
