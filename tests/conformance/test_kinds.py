"""Each kind really starts: in its own built environment, under its base path, with sockets, and leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pytest
import uv
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from runners import output, process, sweep
from runners.backends.local import LocalRunner
from runners.contract import BuiltEnvironment, Endpoint, Handle, LaunchSpec
from runners.environments import interpreters
from runners.environments.store import EnvironmentFailed, EnvironmentRequest, EnvironmentStore
from runners.environments.syntax import check_syntax
from runners.kinds import catalog
from runners.kinds.kind import Kind

APPS = Path(__file__).parent.parent / "apps"
ORIGIN = "http://localhost:3939"
BASE = "/content/3b1c7d2e-0000-4000-8000-000000000001"
INSTALLER = re.compile(r"UV_.*|SSL_CERT_(FILE|DIR)|(HTTPS?|ALL|NO)_PROXY", re.IGNORECASE)
CASES = [
    pytest.param("streamlit_probe", "python-streamlit", id="streamlit"),
    pytest.param("names_collide", "python-streamlit", id="names-collide"),
    pytest.param("panel_probe", "python-panel", id="panel"),
]
Build = Callable[[str, str], Awaitable[BuiltEnvironment]]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> EnvironmentStore:
    given = {name: value for name, value in os.environ.items() if INSTALLER.fullmatch(name)}
    given.setdefault("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    return EnvironmentStore(
        tmp_path_factory.mktemp("environments"),
        uv=Path(uv.find_uv_bin()),
        interpreters=interpreters.discover(),
        installer_variables=given,
    )


@pytest.fixture
def build(store: EnvironmentStore) -> Build:
    async def one(app: str, mode: str) -> BuiltEnvironment:
        kind = catalog.by_mode(mode)
        assert kind is not None
        text = (APPS / app / "requirements.txt").read_text()
        return await store.build(EnvironmentRequest(text, "3.11.7", None, kind.required), print)

    return one


@dataclass
class Running:
    kind: Kind
    spec: LaunchSpec
    handle: Handle
    runner: LocalRunner

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.handle.endpoint.port}{path}"


@pytest.fixture
async def start(tmp_path: Path, build: Build) -> AsyncIterator[Callable[..., Awaitable[Running]]]:
    runner = LocalRunner()
    count = itertools.count(1)

    async def one(app: str, mode: str, *, base: str = BASE) -> Running:
        kind = catalog.by_mode(mode)
        assert kind is not None
        key = f"{os.getpid():08d}{next(count):08d}"
        spec = LaunchSpec(
            key=key,
            kind=mode,
            code=APPS / app,
            entrypoint="app.py",
            environment=await build(app, mode),
            run_dir=tmp_path / "runs" / key,
            base_path=base,
            public_origins=(ORIGIN, "https://data.example.org"),
            variables={"CONNECT_SERVER": ORIGIN},
            cookie_secret="0123456789abcdef0123456789abcdef",
            start_timeout=60,
        )
        return Running(kind, spec, await runner.start(spec), runner)

    yield one
    await runner.close()
    await sweep.end_strays(tmp_path / "runs", keep=(), grace=0)


async def get(endpoint: Endpoint, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:3939\r\nConnection: close\r\n{extra}\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    first, *rest = head.decode().split("\r\n")
    return int(first.split()[1]), {k.lower(): v.strip() for k, _, v in (r.partition(":") for r in rest)}, body


@contextlib.asynccontextmanager
async def socket(
    app: Running, path: str, protocols: list[str], origin: str = ORIGIN
) -> AsyncIterator[ClientConnection]:
    async with connect(
        app.url(BASE + path, "ws"),
        origin=origin,  # type: ignore[arg-type]
        subprotocols=protocols,  # type: ignore[arg-type]
        proxy=None,
    ) as open_socket:
        yield open_socket


def bokeh_token(page: bytes) -> str:
    found = re.search(rb'"token":\s*"([^"]+)"', page)
    assert found, "the page carries a session token"
    return found[1].decode()


async def handshake(app: Running) -> tuple[str, list[str]]:
    """The socket's path and the protocols a browser would offer."""
    if app.kind.required == "streamlit":
        return "/_stcore/stream", ["streamlit", "PLACEHOLDER_AUTH_TOKEN"]
    _, _, page = await get(app.handle.endpoint, BASE + "/")
    return "/ws", ["bokeh", bokeh_token(page)]


@pytest.mark.parametrize(("app", "mode"), CASES)
async def test_serves_under_its_base_path(start: Callable[..., Awaitable[Running]], app: str, mode: str) -> None:
    running = await start(app, mode)
    status, headers, body = await get(running.handle.endpoint, BASE + "/")
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/html")
    assets = re.findall(rb'(?:src|href)="([^"#]+\.(?:js|css))"', body)
    for asset in {urljoin(BASE + "/", a.decode()) for a in assets if not a.startswith((b"http", b"//"))}:
        assert asset.startswith(BASE + "/")
        assert (await get(running.handle.endpoint, asset))[0] == 200
    outside, _, _ = await get(running.handle.endpoint, "/")
    assert outside == 404


@pytest.mark.parametrize(("app", "mode"), CASES)
async def test_socket_opens_for_the_public_origin_only(
    start: Callable[..., Awaitable[Running]], app: str, mode: str
) -> None:
    running = await start(app, mode)
    path, protocols = await handshake(running)
    for origin in running.spec.public_origins:
        async with socket(running, path, protocols, origin) as opened:
            assert opened.subprotocol == protocols[0]
    with pytest.raises(InvalidStatus) as caught:
        async with socket(running, path, protocols, "https://evil.example"):
            pass
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(("app", "mode"), CASES)
async def test_stop_leaves_nothing(start: Callable[..., Awaitable[Running]], app: str, mode: str) -> None:
    running = await start(app, mode)
    path, protocols = await handshake(running)
    async with socket(running, path, protocols):
        await running.runner.stop(running.handle)
    handle = running.handle
    assert process.family(handle.key, handle.pid, handle.start_ticks) == []
    assert not process.is_listened(handle.endpoint.port)


@pytest.mark.parametrize(("app", "mode"), CASES)
async def test_secrets_stay_off_the_argument_list(
    start: Callable[..., Awaitable[Running]], app: str, mode: str
) -> None:
    running = await start(app, mode)
    arguments = Path(f"/proc/{running.handle.pid}/cmdline").read_bytes()
    assert running.spec.cookie_secret.encode() not in arguments


async def test_a_host_of_its_own_has_no_base_path(start: Callable[..., Awaitable[Running]]) -> None:
    for app, mode in (("streamlit_probe", "python-streamlit"), ("panel_probe", "python-panel")):
        running = await start(app, mode, base="")
        assert (await get(running.handle.endpoint, "/"))[0] == 200


async def test_a_bundles_own_names_come_first_for_it_only(start: Callable[..., Awaitable[Running]]) -> None:
    running = await start("names_collide", "python-streamlit")
    path, protocols = await handshake(running)
    wanted = {f"{name} of the app" for name in ("server", "dashboard", "runners", "integrations", "tests")}
    async with socket(running, path, protocols) as opened:
        await opened.send(bytes.fromhex("5a00"))  # BackMsg{rerun_script: {}}: run the script
        async with asyncio.timeout(20):
            while not wanted <= set(output.tail(running.handle.log).splitlines()):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(opened.recv(), 0.2)


async def test_panel_keeps_cookies_and_strange_headers_out(start: Callable[..., Awaitable[Running]]) -> None:
    running = await start("panel_probe", "python-panel")
    import base64
    import json
    import zlib

    _, _, page = await get(
        running.handle.endpoint,
        BASE + "/",
        Cookie="app_choice=dark",
        Authorization="Bearer SECRET",
        X_Access_Token="SECRET",
        X_App_User="alice",
        Posit_Connect_User_Session_Token="handle-1",
    )
    payload = bokeh_token(page).split(".")[0]
    outer = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    packed = outer["__bk__zlib_"]
    inner = json.loads(zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))))
    assert inner["headers"]["X-App-User"] == "alice"
    assert inner["headers"]["Posit-Connect-User-Session-Token"] == "handle-1"
    assert "SECRET" not in json.dumps(inner)
    assert "Cookie" not in inner["headers"]
    assert inner["cookies"] == {"app_choice": "dark"}


async def test_panel_refuses_a_token_it_did_not_sign(start: Callable[..., Awaitable[Running]]) -> None:
    running = await start("panel_probe", "python-panel")
    path, (protocol, token) = await handshake(running)
    forged = token.split(".")[0] + ".AAAA"
    with pytest.raises(ConnectionClosed):
        async with socket(running, path, [protocol, forged]) as opened:
            await asyncio.wait_for(opened.recv(), 10)
    async with socket(running, path, [protocol, token]) as opened:
        assert "ACK" in str(await asyncio.wait_for(opened.recv(), 10))


async def test_a_missing_package_is_explained(build: Build, store: EnvironmentStore) -> None:
    with pytest.raises(EnvironmentFailed, match="tabard-no-such-package-5f2c was not found") as caught:
        await build("crash_at_start/missing_package", "python-streamlit")
    assert "tabard-no-such-package-5f2c" in caught.value.output


async def test_a_syntax_error_is_found_without_running(build: Build) -> None:
    environment = await build("crash_at_start/syntax_error", "python-streamlit")
    problem = await check_syntax(environment, APPS / "crash_at_start/syntax_error/app.py")
    assert problem == "app.py, line 3: invalid syntax"
    assert await check_syntax(environment, APPS / "streamlit_probe/app.py") is None


async def test_an_environment_is_built_once(build: Build) -> None:
    first, second = await asyncio.gather(*(build("panel_probe", "python-panel") for _ in range(2)))
    assert first == second
    assert first.packages["panel"]
    (first.root / ".complete").unlink()
    again = await build("panel_probe", "python-panel")
    assert again == first
