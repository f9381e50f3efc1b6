"""A real `tabard serve` in its own process, on a free port and a folder of its own."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

ROOT = Path(__file__).parents[2]
TABARD = Path(sys.executable).parent / "tabard"


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Poll until `condition()` is true and return its value; fail naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.05)


@dataclass
class Gateway:
    """One server under test. `environ` is added to a clean environment."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    environ: Mapping[str, str] = field(default_factory=dict)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    process: subprocess.Popen[bytes] | None = None
    admin_key: str = ""

    @property
    def url(self) -> str:
        """The origin, as a browser types it."""
        return f"http://localhost:{self.port}"

    @property
    def log_path(self) -> Path:
        """Everything the server printed, over all its lives."""
        return self.data_dir.parent / f"{self.data_dir.name}.log"

    def log(self) -> str:
        """The server's log so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def variables(self) -> dict[str, str]:
        """The server's whole environment."""
        keep = ("PATH", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "LANG")
        own = {name: os.environ[name] for name in keep if name in os.environ}
        own["TABARD_DATA_DIR"] = str(self.data_dir)
        own["TABARD_PORT"] = str(self.port)
        own["TABARD_BOOTSTRAP_SECRETKEY"] = base64.b64encode(self.secret).decode()
        own["TABARD_OAUTH_ALLOW_LOCAL_PROVIDERS"] = "true"
        # Environments of all tests share one download cache; each server still builds its own.
        own["UV_CACHE_DIR"] = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
        return own | dict(self.environ)

    def start(self) -> Gateway:
        """Start and wait until it answers."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(TABARD), "serve"], env=self.variables(), stdout=log, stderr=log, start_new_session=True
            )
        until(self._answers, "the gateway to answer", 60)
        return self

    def __enter__(self) -> Gateway:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        if self.process is not None and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def app_pids(self) -> list[int]:
        """Every living process that carries the mark of an instance of this server's data directory."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
                state = (entry / "stat").read_text(errors="replace").rpartition(") ")[2][:1]
            except OSError:
                continue
            home = next((v[5:].decode(errors="replace") for v in variables if v.startswith(b"HOME=")), "")
            if state not in "ZX" and home.startswith(str(self.data_dir / "run")):
                found.append(int(entry.name))
        return found

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the gateway ended:\n{self.log()}"
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/__ping__", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """SIGTERM, as an operator stops it; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def bootstrap(self) -> str:
        """Make the first administrator as `rsconnect bootstrap` does; returns and keeps the API key."""
        moment = int(time.time())
        claims = {
            "iss": "rsconnect-python",
            "aud": "rsconnect",
            "scope": "bootstrap",
            "iat": moment,
            "exp": moment + 900,
        }
        token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(self.secret))
        reply = httpx.post(
            f"{self.url}/__api__/v1/experimental/bootstrap", headers={"Authorization": f"Connect-Bootstrap {token}"}
        )
        assert reply.status_code == 200, reply.text
        self.admin_key = reply.json()["api_key"]
        return self.admin_key

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the server's SQLite file holds, read from outside."""
        with contextlib.closing(sqlite3.connect(f"file:{self.data_dir / 'tabard.db'}?mode=ro", uri=True)) as found:
            return found.execute(query).fetchall()

    def api(self, method: str, path: str, *, key: str | None = None, **options: Any) -> httpx.Response:
        """One API call below /__api__ with a key (the administrator's by default)."""
        headers = {"Authorization": f"Key {key or self.admin_key}"} | options.pop("headers", {})
        return httpx.request(method, f"{self.url}/__api__{path}", headers=headers, timeout=60, **options)

    def visit(self, path: str, *, key: str | None = None, **headers: str) -> httpx.Response:
        """A GET of a content address with an API key, following nothing."""
        sent = {"Authorization": f"Key {key or self.admin_key}"} | headers
        return httpx.get(f"{self.url}{path}", headers=sent, timeout=60)
