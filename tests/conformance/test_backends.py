"""What every back end must do, run against real local processes and against the fake."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from runners import output, process, sweep
from runners.backends.fake import Behaviour, FakePlace, FakeRunner
from runners.backends.local import LocalRunner
from runners.contract import BuiltEnvironment, Endpoint, Exit, Handle, LaunchSpec, Runner, StartFailed
from runners.kinds.kind import Kind, ProxyTraits, interpreter

SERVE = """
import http.server, os, signal, subprocess, sys
print("hello from the app")
print("a warning", file=sys.stderr)
{extra}
class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = "\\n".join(f"{{k}}={{v}}" for k, v in sorted(os.environ.items())).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Quiet).serve_forever()
"""
DAEMON = """
sleeper = [sys.executable, "-I", "-c", "import time; time.sleep(600)"]
subprocess.Popen(sleeper)
subprocess.Popen(sleeper, start_new_session=True)
"""
SCRIPTS = {
    "serve.py": SERVE.format(extra=""),
    "stubborn.py": SERVE.format(extra="signal.signal(signal.SIGTERM, signal.SIG_IGN)"),
    "children.py": SERVE.format(extra=DAEMON),
    "crash.py": "import sys\nprint('about to fail')\nsys.exit('no such table: sales')",
    "silent.py": "import time\nprint('still thinking', flush=True)\ntime.sleep(600)",
}
BEHAVIOURS = {
    "serve.py": Behaviour(prints="hello from the app\n"),
    "stubborn.py": Behaviour(prints="hello from the app\n"),
    "crash.py": Behaviour(prints="about to fail\nno such table: sales\n", exit_code=1),
    "silent.py": Behaviour(prints="still thinking\n", ready=False),
}


def script_kind(mode: str) -> Kind | None:
    """A kind that runs the entry point as it is, with the port as its only argument."""
    return Kind(
        app_mode=mode,
        label="Script",
        family="interactive",
        required="",
        command=lambda spec, port: [*interpreter(spec), str(spec.code / spec.entrypoint), str(port)],
        variables=lambda spec: {"BOKEH_SECRET_KEY": spec.cookie_secret},
        ready=lambda spec: f"{spec.base_path}/",
        traits=ProxyTraits(keeps_base_path=True, websocket_paths=()),
    )


@dataclass
class Place:
    """A back end under test: makes runners that share one machine, and specs for the scripts above."""

    name: str
    make: Callable[[], Runner]
    root: Path
    count: int = 0

    def spec(self, entrypoint: str = "serve.py", *, timeout: float = 20, **variables: str) -> LaunchSpec:
        self.count += 1
        code = self.root / "code"
        code.mkdir(exist_ok=True)
        for name, text in SCRIPTS.items():
            (code / name).write_text(text)
        return LaunchSpec(
            key=f"{os.getpid():08d}{self.count:08d}",
            kind="script",
            code=code,
            entrypoint=entrypoint,
            environment=BuiltEnvironment(Path(sys.prefix), Path(sys.executable), "3", "key"),
            run_dir=self.root / "runs" / str(self.count),
            base_path="/content/x",
            public_origins=("http://localhost:3939",),
            variables=variables,
            cookie_secret="only-for-this-content",
            start_timeout=timeout,
        )


@contextlib.asynccontextmanager
async def a_place(name: str, root: Path) -> AsyncIterator[Place]:
    locals_made: list[LocalRunner] = []
    fakes = FakePlace()

    def make() -> Runner:
        if name == "fake":
            return FakeRunner(BEHAVIOURS, place=fakes)
        locals_made.append(LocalRunner(script_kind))
        return locals_made[-1]

    yield Place(name, make, root)
    for runner in locals_made:
        await runner.close()
    await sweep.end_strays(root / "runs", keep=(), grace=0)


@pytest.fixture(params=["local", "fake"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with a_place(request.param, tmp_path) as made:
        yield made


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Place]:
    async with a_place("local", tmp_path) as made:
        yield made


async def fetch(endpoint: Endpoint) -> str:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    data = await reader.read()
    writer.close()
    return data.partition(b"\r\n\r\n")[2].decode()


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        await asyncio.sleep(0.02)


async def test_start_poll_output_stop(place: Place) -> None:
    runner = place.make()
    handle = await runner.start(place.spec())
    assert await runner.poll(handle) is None
    assert "hello from the app" in output.tail(runner.output(handle))
    await runner.stop(handle)
    assert await runner.poll(handle) is not None


async def test_wait_returns_when_stopped(place: Place) -> None:
    runner = place.make()
    handle = await runner.start(place.spec())
    watcher = asyncio.create_task(runner.wait(handle))
    await asyncio.sleep(0)
    assert not watcher.done()
    await runner.stop(handle)
    assert (await watcher).reason == "The server stopped it."


async def test_crash_at_start_says_why(place: Place) -> None:
    began = time.monotonic()
    with pytest.raises(StartFailed) as caught:
        await place.make().start(place.spec("crash.py"))
    assert caught.value.message == "The app ended while it was starting. The app ended with exit code 1."
    assert "no such table: sales" in caught.value.output_tail
    assert time.monotonic() - began < 10


async def test_never_ready_is_ended(place: Place) -> None:
    spec = place.spec("silent.py", timeout=0.7)
    with pytest.raises(StartFailed, match=r"did not answer within 0\.7 seconds") as caught:
        await place.make().start(spec)
    assert "still thinking" in caught.value.output_tail
    assert [one for one in process.marked() if one[1][process.MARKER] == spec.key] == []


async def test_ignoring_term_ends_after_the_grace(place: Place) -> None:
    runner = place.make()
    handle = await runner.start(place.spec("stubborn.py"))
    await runner.stop(handle, grace=0.3)
    assert await runner.poll(handle) is not None
    assert not process.runs(handle.pid, handle.start_ticks)


async def test_stopping_twice_is_fine(place: Place) -> None:
    runner = place.make()
    handle = await runner.start(place.spec())
    await asyncio.gather(runner.stop(handle), runner.stop(handle))
    await runner.stop(handle)


async def test_a_later_gateway_adopts(place: Place) -> None:
    handle = await place.make().start(place.spec())
    later = place.make()
    assert await later.adopt(handle) == handle
    assert await later.poll(handle) is None
    await later.stop(handle)
    assert await later.poll(handle) is not None
    assert await place.make().adopt(handle) is None


async def test_another_process_is_not_adopted(place: Place) -> None:
    runner = place.make()
    handle = await runner.start(place.spec())
    later = place.make()
    assert await later.adopt(replace(handle, start_ticks=handle.start_ticks + 1)) is None
    assert await later.adopt(replace(handle, pid=2**22 - 1)) is None
    assert await runner.poll(handle) is None
    await runner.stop(handle)


async def test_a_stranger_with_the_pid_is_never_signalled(local: Place) -> None:
    stranger = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(600)"])
    try:
        found = process.inspect(stranger.pid)
        assert found is not None
        wrong = Handle("f" * 16, stranger.pid, found.start_ticks - 1, Endpoint("127.0.0.1", 1), local.root)
        runner = local.make()
        assert await runner.adopt(wrong) is None
        await runner.stop(wrong, grace=0)
        await sweep.end_recorded([wrong], grace=0)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_crash_later_is_seen_and_explained(local: Place) -> None:
    runner = local.make()
    handle = await runner.start(local.spec())
    os.kill(handle.pid, signal.SIGKILL)
    ended = await asyncio.wait_for(runner.wait(handle), 10)
    assert ended == Exit(-9, "The app was killed (SIGKILL); the machine may have run out of memory.")
    assert await runner.poll(handle) == ended
    assert not Path(f"/proc/{handle.pid}").exists(), "no zombie"


@pytest.mark.parametrize("end", ["stop", "crash"])
async def test_everything_it_started_ends_too(local: Place, end: str) -> None:
    runner = local.make()
    handle = await runner.start(local.spec("children.py"))
    assert len(process.family(handle.key, handle.pid, handle.start_ticks)) == 3
    if end == "stop":
        await runner.stop(handle)
    else:
        os.kill(handle.pid, signal.SIGKILL)
    await until(lambda: not process.family(handle.key, handle.pid, handle.start_ticks))


async def test_instances_outlive_the_gateway(local: Place) -> None:
    first = LocalRunner(script_kind)
    handle = await first.start(local.spec())
    await first.close()
    assert process.runs(handle.pid, handle.start_ticks)
    later = local.make()
    assert await later.adopt(handle) == handle
    await later.stop(handle)


async def test_strays_are_found_by_their_marker(local: Place) -> None:
    runner = local.make()
    kept, stray = [await runner.start(local.spec()) for _ in range(2)]
    assert await sweep.end_strays(local.root / "elsewhere", keep=()) == []
    assert await sweep.end_strays(local.root / "runs", keep={kept.key}) == [stray.key]
    assert process.runs(kept.pid, kept.start_ticks)
    assert not process.runs(stray.pid, stray.start_ticks)


async def test_the_environment_is_an_allow_list(local: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABARD_DATABASE_URL", "postgresql://secret@db")
    runner = local.make()
    spec = local.spec(CONNECT_API_KEY="k", PATH="/evil", BOKEH_SECRET_KEY="mine", PYTHONPATH="/evil")
    handle = await runner.start(spec)
    seen = dict(line.split("=", 1) for line in (await fetch(handle.endpoint)).splitlines())
    assert set(seen) <= {
        "PATH", "HOME", "TMPDIR", "LANG", "LC_CTYPE", "PYTHONUNBUFFERED", "TABARD_INSTANCE", "BOKEH_SECRET_KEY",
        "CONNECT_API_KEY",
    }  # fmt: skip
    assert seen["PATH"].startswith(str(Path(sys.executable).parent) + ":")
    assert seen["BOKEH_SECRET_KEY"] == "only-for-this-content"
    assert seen["HOME"] == str(spec.run_dir / "home")


async def test_the_process_inherits_nothing(local: Place) -> None:
    spec = local.spec()
    with (local.root / "leak").open("w") as leak:
        os.set_inheritable(leak.fileno(), True)
        handle = await local.make().start(spec)
    links = {os.readlink(f"/proc/{handle.pid}/fd/{n}") for n in os.listdir(f"/proc/{handle.pid}/fd")}
    assert {link for link in links if link.startswith("/")} == {
        "/dev/null", f"{spec.run_dir}/log/stdout", f"{spec.run_dir}/log/stderr",
    }  # fmt: skip
    found = process.inspect(handle.pid)
    assert found is not None
    assert found.session == found.group == handle.pid
    status = Path(f"/proc/{handle.pid}/status").read_text()
    assert "Umask:\t0077" in status
    assert os.readlink(f"/proc/{handle.pid}/cwd") == str(spec.code)
    assert spec.run_dir.stat().st_mode & 0o777 == 0o700


async def test_somebody_elses_listener_is_not_ours(local: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port taken by another process between its choice and the app's bind is not routed to (G-29)."""
    other = await local.make().start(local.spec())
    ports = iter([other.endpoint.port])
    from runners.backends import local as module

    free = module._free_port
    monkeypatch.setattr(module, "_free_port", lambda: next(ports, None) or free())
    handle = await local.make().start(local.spec())
    assert handle.endpoint.port != other.endpoint.port


async def test_a_cancelled_start_leaves_nothing(local: Place) -> None:
    spec = local.spec("silent.py")
    task = asyncio.create_task(local.make().start(spec))
    await until(lambda: any(one[1][process.MARKER] == spec.key for one in process.marked()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(one[1][process.MARKER] == spec.key for one in process.marked())


async def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    place = Place("local", LocalRunner, tmp_path)
    with pytest.raises(StartFailed, match="cannot run 'script' content"):
        await place.make().start(place.spec())
