"""A gateway of uvicorn and the proxy on loopback, with raw apps behind it and raw clients before it."""

import asyncio
import contextlib
import functools
import inspect
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
import uvloop

from server.proxy.contract import Destination, Head, Refusal, target_of
from server.proxy.failures import UpstreamFailed, UpstreamTimedOut
from server.proxy.forward import forward
from server.proxy.headers import HeaderPolicy
from server.proxy.registry import Registry
from server.proxy.sockets import socket_protocol
from server.proxy.strict import strict_protocol
from server.proxy.upstream import Limits, Upstream

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
POLICY = HeaderPolicy(frozenset({b"tabard_session"}))
TAGS = frozenset({"content:x", "viewer:alice"})
INJECT = ((b"Posit-Connect-User-Session-Token", b"handle"),)


def on_loops(*names: str) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Run a test once on each of the named loops: "uvloop", which the gateway runs on, and "asyncio"."""
    factories = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}

    def wrap(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(loop_name: str, **arguments: object) -> None:
            with asyncio.Runner(loop_factory=factories[loop_name]) as runner:
                runner.run(test(**arguments))

        del run.__wrapped__
        own = inspect.Parameter("loop_name", inspect.Parameter.KEYWORD_ONLY)
        run.__signature__ = inspect.Signature([*inspect.signature(test).parameters.values(), own])
        return pytest.mark.parametrize("loop_name", names)(run)

    return wrap


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Poll until `condition()` is true."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def rss() -> int:
    """Resident bytes of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@contextlib.asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """A raw TCP server; yields its port, and ends every connection at exit."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handler(reader, writer)
        finally:
            tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await until(lambda: not tasks)


class App:
    """A raw HTTP app: `answer(request)` gives the bytes to send; every request's head and body are kept."""

    def __init__(self, answer: Callable[["Request"], bytes | None] | None = None) -> None:
        self.answer = answer or (lambda request: reply(request.body or b"ok"))
        self.seen: list[Request] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        while True:
            request = await read_request(reader)
            request.connection = number
            self.seen.append(request)
            answer = self.answer(request)
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()


@dataclass
class Request:
    """A request as an app received it."""

    line: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    connection: int = 0
    raw: bytes = field(default=b"", repr=False)

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Answer:
    """An answer as a client received it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key == name]


def reply(body: bytes = b"ok", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole answer with Content-Length."""
    fields = b"".join(header + b"\r\n" for header in headers)
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n%b\r\n%b" % (status, len(body), fields, body)


async def read_head(reader: asyncio.StreamReader) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw[:-4].split(b"\r\n")
    pairs = [line.split(b":", 1) for line in lines]
    return first, [(name.lower(), value.strip(b" ")) for name, value in pairs], raw


async def read_body(reader: asyncio.StreamReader, headers: list[tuple[bytes, bytes]]) -> bytes:
    fields = dict(headers)
    if fields.get(b"transfer-encoding") == b"chunked":
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
        return body
    return await reader.readexactly(int(fields.get(b"content-length", b"0")))


async def read_request(reader: asyncio.StreamReader) -> Request:
    line, headers, raw = await read_head(reader)
    return Request(line, headers, await read_body(reader, headers), raw=raw)


@dataclass
class Client:
    """A raw client connection to the gateway."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, *, body: bool = True) -> Answer:
        line, headers, _ = await read_head(self.reader)
        content = await read_body(self.reader, headers) if body else b""
        return Answer(int(line.split(b" ")[1]), headers, content)

    async def get(self, target: bytes = b"/content/x/", *headers: bytes, method: bytes = b"GET") -> Answer:
        fields = b"".join(header + b"\r\n" for header in headers)
        self.send(method + b" " + target + b" HTTP/1.1\r\nHost: localhost:3939\r\n" + fields + b"\r\n")
        return await self.answer(body=method != b"HEAD")

    async def rest(self) -> bytes:
        """Everything until the gateway closes."""
        with contextlib.suppress(ConnectionResetError):
            return await self.reader.read()
        return b""


@dataclass
class Gateway:
    """A running gateway in front of one app."""

    port: int
    server: uvicorn.Server
    upstream: Upstream
    registry: Registry
    failures: list[UpstreamFailed]
    heads: list[Head]
    dispatched: list[bytes]
    clients: list[Client] = field(default_factory=list)

    async def client(self, *, limit: int = 1 << 16) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=limit))
        self.clients.append(client)
        return client

    async def exchange(self, data: bytes) -> bytes:
        """Send raw bytes, and read until the gateway closes."""
        client = await self.client()
        client.send(data)
        async with asyncio.timeout(15):
            return await client.rest()


@contextlib.asynccontextmanager
async def gateway(
    app_port: int,
    *,
    limits: Limits | None = None,
    refuse: Refusal | None = None,
    allowed_hosts: frozenset[str] | None = None,
    head_seconds: float = 10.0,
    handshake_seconds: float = 10.0,
) -> AsyncIterator[Gateway]:
    """uvicorn with the strict protocol, forwarding everything to 127.0.0.1:`app_port`."""
    upstream, registry = Upstream("127.0.0.1", app_port, limits=limits), Registry()
    failures: list[UpstreamFailed] = []
    heads: list[Head] = []
    dispatched: list[bytes] = []

    def destination(target: bytes) -> Destination:
        return Destination(upstream, target, INJECT, "http://localhost:3939", "/content/x", TAGS)

    async def decide(head: Head) -> Destination | Refusal:
        heads.append(head)
        return refuse or destination(head.target)

    async def app(scope, receive, send) -> None:
        dispatched.append(target_of(scope))
        try:
            await forward(scope, receive, send, destination(target_of(scope)), POLICY, registry)
        except UpstreamFailed as failure:
            failures.append(failure)
            status = 504 if isinstance(failure, UpstreamTimedOut) else 502
            body = str(failure).encode()
            length = (b"content-length", str(len(body)).encode())
            await send({"type": "http.response.start", "status": status, "headers": [length]})
            await send({"type": "http.response.body", "body": body})

    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        http=strict_protocol(allowed_hosts=allowed_hosts, head_seconds=head_seconds),
        ws=socket_protocol(decide, POLICY, registry, handshake_seconds=handshake_seconds),
        lifespan="off",
        log_level="critical",
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    running = Gateway(port, server, upstream, registry, failures, heads, dispatched)
    try:
        yield running
    finally:
        for client in running.clients:
            client.writer.close()
            with contextlib.suppress(ConnectionError):
                await client.writer.wait_closed()
        server.should_exit = True
        await task
        await upstream.aclose()
        assert len(registry) == 0
        assert upstream.in_flight == 0
