"""Exchanges of warm tokens a second, beside a bare uvicorn route that takes and gives as many bytes, at once.

`python -m tests.bench.bench_exchange` prints both and their ratio; a quarter or better is the aim. The gateway is
the whole server as `tabard serve` makes it, audit trail included; each of the 32 clients is another viewer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
import uvloop
from sqlmodel import Session

from integrations.contract import Secret
from server.accounts import store as accounts
from server.app import Application, create_app
from server.db.clock import now
from server.db.models import Association, BrowserSession, Connection, Content, User
from server.installation import open_installation
from server.oauth.integrations import Draft
from server.settings import Settings
from server.vault.seals import Seals
from server.web.caller import Caller
from tests.bench.bench_proxy import free_port, running

VIEWERS = 32
ROUND_SECONDS = 2.0
ROUNDS = 5
PATH = "/__api__/v1/oauth/integrations/credentials"
HOST = "localhost:3939"
LIFETIME = 5_000_000.0
TOKEN = "at-" + "x" * 800
ANSWER = json.dumps(
    {
        "access_token": TOKEN,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": int(LIFETIME),
    },
    separators=(",", ":"),
).encode()
PROVIDER = "https://provider.example.com"
CONFIG = {
    "client_id": "tabard",
    "client_secret": "s",
    "authorization_uri": f"{PROVIDER}/authorize",
    "token_uri": f"{PROVIDER}/token",
    "scopes": "read",
}


def request(handle: str, key: str) -> bytes:
    """An exchange as posit-sdk sends it."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:posit:connect:user-session-token",
        "subject_token": handle,
    }
    body = urlencode(form).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: posit-sdk/0.17.0\r\nAccept-Encoding: gzip, deflate\r\n"
        f"Accept: */*\r\nConnection: keep-alive\r\nAuthorization: Key {key}\r\n"
        f"Content-Length: {len(body)}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    return head.encode() + body


def seed(session: Session, application: Application) -> list[bytes]:
    """One app with one viewer integration, and viewers who are signed in and connected; what each would send."""
    services = application.services
    owner = accounts.add_user(session, username="owner", role="publisher")
    assert owner.id is not None
    guid = str(uuid.uuid4())
    content = Content(guid=guid, name="bench", owner_id=owner.id, app_mode="python-streamlit", access_type="logged_in")
    session.add(content)
    integration = services.integrations.add(session, None, Draft(template="custom", name="W", config=CONFIG))
    assert integration.id is not None
    session.flush()
    assert content.id is not None
    session.add(Association(content_id=content.id, integration_id=integration.id))
    key = accounts.add_content_key(session, owner.id, guid, "instance-bench")
    handles = []
    for number in range(VIEWERS):
        user = accounts.add_user(session, username=f"viewer{number}", role="viewer")
        assert user.id is not None
        there = str(uuid.uuid4())
        ends = now().replace(year=now().year + 1)
        session.add(BrowserSession(token_hash=f"digest-{number}", guid=there, user_id=user.id, expires_at=ends))
        row = Connection(
            guid=str(uuid.uuid4()),
            user_id=user.id,
            integration_id=integration.id,
            fingerprint=integration.fingerprint,
            access_lifetime=LIFETIME,
            access_expires_at=now().replace(year=now().year + 1),
            scopes="read",
        )
        Seals(services.keyring).put(row, access=Secret(TOKEN), refresh=None)
        session.add(row)
        handles.append(_handle(application, user, there, guid))
    return [request(handle, key) for handle in handles]


def _handle(application: Application, user: User, session_guid: str, content_guid: str) -> str:
    assert user.id is not None
    caller = Caller(user.id, user.guid, via="session", credential=f"session:{session_guid}")
    return application.services.handles.viewer(caller, content_guid)


def serve(port: int, folder: Path) -> None:
    """The gateway, until stopped; its clients' requests are in a file beside it."""
    rates = {"exchange_app_rate": 1e6, "exchange_viewer_rate": 1e6}
    settings = Settings(data_dir=folder / "data", dashboard="", allowed_hosts=(HOST,), **rates)
    opened = open_installation(settings)
    application = create_app(settings, opened)
    config = uvicorn.Config(
        application.asgi,
        host="127.0.0.1",
        port=port,
        http=application.http,
        ws=application.ws,
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    uvloop.run(_serve(uvicorn.Server(config), application, folder / "messages.json"))


async def _serve(server: uvicorn.Server, application: Application, file: Path) -> None:
    """Serve; once it has started, since a start ends the keys of instances that are not there."""
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    messages = await application.services.db.write(seed, application)
    part = file.with_suffix(".part")
    part.write_text(json.dumps([message.decode() for message in messages]))
    part.rename(file)
    await serving


def serve_bare(port: int) -> None:
    """uvicorn with one route that reads the request and answers as many bytes."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]

    async def answering(scope, receive, send) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})

    uvicorn.run(
        answering,
        host="127.0.0.1",
        port=port,
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
    )


class _Viewer(asyncio.Protocol):
    """One closed-loop client; an answer that is no token ends the run."""

    def __init__(self, message: bytes) -> None:
        self.message = message
        self.data = b""
        self.count = 0
        self.failed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.message)

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, there, body = self.data.partition(b"\r\n\r\n")
        if not there:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.failed = True
            self.transport.abort()
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(body) >= length:
            self.data = b""
            self.count += 1
            self.transport.write(self.message)


async def measure(port: int, messages: list[bytes]) -> float:
    """Exchanges answered a second."""
    loop = asyncio.get_running_loop()
    clients = []
    for message in messages:
        _, client = await loop.create_connection(lambda m=message: _Viewer(m), "127.0.0.1", port)
        clients.append(client)
    await asyncio.sleep(0.3)
    before, started = sum(client.count for client in clients), time.perf_counter()
    await asyncio.sleep(ROUND_SECONDS)
    rate = (sum(client.count for client in clients) - before) / (time.perf_counter() - started)
    failed = [client.data.decode() for client in clients if client.failed]
    if failed:
        raise SystemExit(failed[0])
    for client in clients:
        client.transport.abort()
    await asyncio.sleep(0.1)
    return rate


def main() -> float:
    """Start both, measure them in turn, print; returns the ratio."""
    me = [sys.executable, "-m", "tests.bench.bench_exchange"]
    ours, bare = free_port(), free_port()
    rates: dict[str, list[float]] = {"tabard exchange": [], "bare uvicorn": []}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(running([*me, "gateway", str(ours), folder], ours))
        stack.enter_context(running([*me, "bare", str(bare)], bare))
        file = Path(folder) / "messages.json"
        while not file.exists():
            time.sleep(0.05)
        messages = [text.encode() for text in json.loads(file.read_text())]
        for _ in range(ROUNDS):
            rates["tabard exchange"].append(uvloop.run(measure(ours, messages)))
            rates["bare uvicorn"].append(uvloop.run(measure(bare, messages)))
    print(f"\nExchange of a warm token, {VIEWERS} viewers, median of {ROUNDS} rounds of {ROUND_SECONDS:g} s")
    for name, found in rates.items():
        print(f"  {name:<16} {statistics.median(found):>9,.0f} /s  ({min(found):,.0f} to {max(found):,.0f})")
    pairs = zip(*rates.values(), strict=True)
    ratio = statistics.median(ours_rate / bare_rate for ours_rate, bare_rate in pairs)
    print(f"  ratio {ratio:.2f}")
    return ratio


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["gateway", port, folder]:
            serve(int(port), Path(folder))
        case ["bare", port]:
            serve_bare(int(port))
        case _:
            main()
