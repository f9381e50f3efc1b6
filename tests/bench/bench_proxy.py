"""Requests and socket messages a second through the proxy, beside nginx and bare uvicorn, on the same machine at once.

`python -m tests.bench.bench_proxy` prints a table. Every server is a process of its own and the load generator is this
one; rounds alternate between the servers, and the median counts, so that a busy machine is busy for all of them.
"""

import asyncio
import contextlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop

from server.proxy.contract import Destination, Head, target_of
from server.proxy.forward import forward
from server.proxy.headers import HeaderPolicy
from server.proxy.registry import Registry
from server.proxy.sockets import socket_protocol
from server.proxy.strict import strict_protocol
from server.proxy.upstream import Upstream
from tests.bench import whole

CONNECTIONS = 32
ROUND_SECONDS = 2.0
ROUNDS = 3
BODY = b"x" * 128
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 128\r\n\r\n" + BODY
CONTENT = b"/content/" + whole.GUID.encode()
COOKIE = b"Cookie: theme=dark; tabard_session=" + whole.TOKEN.encode() + b"\r\n"
REQUEST = (
    b"GET " + CONTENT + b"/data?n=1 HTTP/1.1\r\nHost: localhost:3939\r\nUser-Agent: bench\r\nAccept: */*\r\n"
    b"Accept-Encoding: gzip\r\n" + COOKIE + b"\r\n"
)
HANDSHAKE = (
    b"GET "
    + CONTENT
    + b"/ws HTTP/1.1\r\nHost: localhost:3939\r\nOrigin: http://localhost:3939\r\n"
    + COOKIE
    + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
# One masked binary frame of 1 kB; the app sends it back as it came, since nobody on the way looks inside.
FRAME = b"\x82\xfe\x04\x00\0\0\0\0" + b"y" * 1024
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream app {{ server 127.0.0.1:{app}; keepalive 64; keepalive_requests 100000000; }}
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }} }}
}}
"""


class _App(asyncio.Protocol):
    """The app: 128 bytes for a request, and whatever comes back once a socket is open."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.socket = False

    def data_received(self, data: bytes) -> None:
        if self.socket:
            self.transport.write(data)
        elif b"pgrade: websocket" in data:
            self.socket = True
            self.transport.write(SWITCHED)
        else:
            self.transport.write(ANSWER * data.count(b"\r\n\r\n"))


async def serve_app(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_App, "127.0.0.1", port)
    await server.serve_forever()


def serve_gateway(port: int, app_port: int, *, bare: bool) -> None:
    """uvicorn with our protocols and `forward`, or (`bare`) answering by itself."""
    policy, registry = HeaderPolicy(frozenset({b"tabard_session"})), Registry()
    upstream = Upstream("127.0.0.1", app_port)

    def destination(target: bytes) -> Destination:
        inject = ((b"Posit-Connect-User-Session-Token", b"0123456789abcdef"),)
        tags = frozenset({"session:1", "viewer:1", "content:1", "instance:1"})
        return Destination(upstream, target, inject, "http://localhost:3939", "/content/x", tags)

    async def passing(scope, receive, send) -> None:
        await forward(scope, receive, send, destination(target_of(scope)), policy, registry)

    async def answering(scope, receive, send) -> None:
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"128")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})

    async def decide(head: Head) -> Destination:
        return destination(head.target)

    uvicorn.run(
        answering if bare else passing,
        host="127.0.0.1",
        port=port,
        http="httptools" if bare else strict_protocol(),
        ws=socket_protocol(decide, policy, registry),
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
    )


class _Load(asyncio.Protocol):
    """One closed-loop client: sends, waits for the whole answer, sends again."""

    def __init__(self, message: bytes, opening: bytes = b"") -> None:
        self.message = message
        self.opening = opening
        self.start = b""
        self.size = 0
        self.left = 0
        self.count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.opening or self.message)

    def data_received(self, data: bytes) -> None:
        if self.opening:
            self.opening = b""
            self.size = self.left = len(FRAME)
            self.transport.write(self.message)
            return
        if not self.size:
            # Every answer of one server has one size; the first one tells which.
            self.start += data
            head = self.start.find(b"\r\n\r\n")
            if head < 0:
                return
            self.size = head + 4 + len(BODY)
            self.left = self.size - len(self.start) + len(data)
        self.left -= len(data)
        if self.left <= 0:
            self.left = self.size
            self.count += 1
            self.transport.write(self.message)


async def measure(port: int, message: bytes, opening: bytes = b"") -> float:
    """Messages answered a second by the server on `port`."""
    loop = asyncio.get_running_loop()
    clients = []
    for _ in range(CONNECTIONS):
        _, client = await loop.create_connection(lambda: _Load(message, opening), "127.0.0.1", port)
        clients.append(client)
    await asyncio.sleep(0.3)
    before, started = sum(client.count for client in clients), time.perf_counter()
    await asyncio.sleep(ROUND_SECONDS)
    rate = (sum(client.count for client in clients) - before) / (time.perf_counter() - started)
    for client in clients:
        client.transport.abort()
    await asyncio.sleep(0.1)
    return rate


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """A server process; yields its port once it listens, and ends the process."""
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} does not listen")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def table(title: str, ports: dict[str, int], message: bytes, opening: bytes = b"") -> None:
    """Measure every server in turn, several times, and print medians and ratios."""
    rates: dict[str, list[float]] = {name: [] for name in ports}
    for _ in range(ROUNDS):
        for name, port in ports.items():
            rates[name].append(uvloop.run(measure(port, message, opening)))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    print(f"\n{title}, {CONNECTIONS} connections, median of {ROUNDS} rounds of {ROUND_SECONDS:g} s")
    for name, rate in medians.items():
        spread = f"{min(rates[name]):,.0f} to {max(rates[name]):,.0f}"
        ratio = f"  {rate / medians['nginx']:.2f} of nginx" if "nginx" in medians else ""
        print(f"  {name:<16} {rate:>9,.0f} /s  ({spread}){ratio}")


def main() -> None:
    """Start everything, measure, print."""
    me = [sys.executable, "-m", "tests.bench.bench_proxy"]
    app, ours, bare, nginx, gateway = (free_port() for _ in range(5))
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(running([*me, "app", str(app)], app))
        stack.enter_context(running([*me, "proxy", str(ours), str(app)], ours))
        stack.enter_context(running([*me, "bare", str(bare), str(app)], bare))
        stack.enter_context(running([*me, "whole", str(gateway), str(app), folder], gateway))
        sockets = {"tabard gateway": gateway, "tabard proxy": ours}
        http = sockets | {"bare uvicorn": bare, "app itself": app}
        binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if binary is None:
            print("nginx is not installed: no ratios")
        else:
            config = Path(folder) / "nginx.conf"
            config.write_text(NGINX.format(folder=folder, app=app, port=nginx))
            command = [binary, "-p", folder, "-c", str(config), "-e", f"{folder}/error.log"]
            stack.enter_context(running(command, nginx))
            http["nginx"] = sockets["nginx"] = nginx
        table("HTTP, answers of 128 bytes", http, REQUEST)
        table("WebSocket, echo of 1 kB", sockets, FRAME, HANDSHAKE)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["app", port]:
            uvloop.run(serve_app(int(port)))
        case [("proxy" | "bare") as what, port, app_port]:
            serve_gateway(int(port), int(app_port), bare=what == "bare")
        case ["whole", port, app_port, folder]:
            whole.serve(int(port), int(app_port), Path(folder))
        case _:
            main()
