"""`make compose-check`: is docker-compose.yml valid, and does it work from publishing to a viewer's own token?"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent))
from compose_engine import CannotRun, Engine, StepFailed, fail, own_engine, run, running_engine, say, step
from compose_visit import Visitor

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
IMAGE = "tabard-check:local"
SAMPLE = ROOT / "examples/sales_streamlit"
PASSWORD = "alice-has-a-password"
VIEWER_SCOPES = "openid profile email sales.read offline_access"
BASE_DEFAULT = "python:3.11-slim-bookworm"


def compose_command(variables: dict[str, str]) -> list[str] | None:
    """`docker compose` (v2) or `docker-compose` (1.29), whichever is there."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            done = subprocess.run(
                [*command, "version"], capture_output=True, check=False, env={**os.environ, **variables}
            )
            if done.returncode == 0:
                return command
    return None


def check_file() -> str:
    """Validate the compose file and say how. Raises StepFailed where it is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        run([str(ROOT / "deploy/make-secrets"), folder])
        command = compose_command({})
        if command is not None:
            run([*command, "-f", str(FILE), "config", "--quiet"], variables={"TABARD_SECRETS": folder})
            return f"valid, says {' '.join(command)}"
    try:
        import yaml  # noqa: PLC0415 - an aid that may be missing
    except ImportError:
        return "NOT validated: neither docker compose nor PyYAML is here"
    _check_structure(yaml.safe_load(FILE.read_text()))
    return "YAML with services, secrets and volumes that fit together; no docker compose here to say more"


def _check_structure(document: Any) -> None:
    services = document.get("services") or {}
    for name in ("gateway", "postgres", "sandbox"):
        if name not in services:
            raise StepFailed(f"the compose file has no service {name}")
    for name, service in services.items():
        for other in service.get("depends_on") or {}:
            if other not in services:
                raise StepFailed(f"{name} depends on {other}, which is no service")
        for secret in service.get("secrets") or ():
            if secret not in (document.get("secrets") or {}):
                raise StepFailed(f"{name} uses the secret {secret}, which is not declared")
        for volume in service.get("volumes") or ():
            if volume.split(":")[0] not in (document.get("volumes") or {}):
                raise StepFailed(f"{name} uses the volume {volume}, which is not declared")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """The three services, brought up for the check on free ports, under a project name of their own."""

    def __init__(self, engine: Engine, work: Path) -> None:
        command = compose_command(engine.variables)
        if command is None:
            raise CannotRun("an engine runs, but neither docker compose nor docker-compose is installed")
        self._command, self._engine = command, engine
        self.port, self.sandbox_port = free_port(), free_port()
        self.secrets, self.home = work / "secrets", work / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        # rsconnect notes in an app's folder where it was published: not in ours.
        self.sample = Path(shutil.copytree(SAMPLE, work / SAMPLE.name))
        self.url = f"http://localhost:{self.port}"
        self.provider = f"http://localhost:{self.sandbox_port}"
        self._project = f"tabard-check-{secrets.token_hex(3)}"
        self._base = engine.base_image or os.environ.get("TABARD_BASE_IMAGE") or BASE_DEFAULT
        self._variables = {
            **engine.variables,
            "TABARD_BASE_IMAGE": self._base,
            "TABARD_IMAGE": IMAGE,
            "TABARD_PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "TABARD_SECRETS": str(self.secrets),
            **({"POSTGRES_IMAGE": engine.postgres_image} if engine.postgres_image else {}),
        }

    def compose(self, *arguments: str, stdin: bytes | None = None) -> str:
        """One compose command over our file. Raises StepFailed."""
        command = [*self._command, "-f", str(FILE), "-p", self._project, *arguments]
        return run(command, variables=self._variables, stdin=stdin)

    def build(self) -> None:
        """The image, from this tree; the build shares the machine's network."""
        given = [name for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL") if "://" in os.environ.get(name, "")]
        arguments = [part for name in (f"BASE_IMAGE={self._base}", *given) for part in ("--build-arg", name)]
        self._engine.docker("build", "--network", "host", *arguments, "--tag", IMAGE, str(ROOT))
        # The same once more as the compose file says it: every layer is there already.
        self.compose("build", "gateway")

    @contextmanager
    def up(self) -> Iterator[None]:
        """All three, healthy; taken down with their volumes afterwards, whatever happened."""
        run([str(ROOT / "deploy/make-secrets"), str(self.secrets)])
        try:
            with step("compose up"):
                self.compose("up", "-d", "--no-build")
                self.until(lambda: self.answers(f"{self.url}/__ping__"), "the gateway to answer")
            yield
        except BaseException:
            say("---- the services' last lines")
            say(self.compose("logs", "--no-color", "--tail", "60"))
            raise
        finally:
            with step("compose down"):
                self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")

    def answers(self, url: str) -> bool:
        """Whether a GET of `url` is answered with 200."""
        try:
            return httpx.get(url, timeout=3, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
        """Poll until `condition()` is true; raises StepFailed naming `what`."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise StepFailed(f"waited {seconds:g} s in vain for {what}")
            time.sleep(0.2)
        return value

    def rsconnect(self, *arguments: str, variables: dict[str, str] | None = None) -> str:
        """The publisher's own tool, with a home of its own. Raises StepFailed."""
        own = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home), "NO_PROXY": "localhost,127.0.0.1"}
        return run([str(Path(sys.executable).parent / "rsconnect"), *arguments], variables={**own, **(variables or {})})

    def api(self, key: str, method: str, path: str, **options: Any) -> Any:
        """One call of the API; its JSON. Raises StepFailed."""
        headers = {"Authorization": f"Key {key}"}
        reply = httpx.request(
            method, f"{self.url}/__api__{path}", headers=headers, timeout=60, trust_env=False, **options
        )
        if reply.status_code >= 400:
            raise StepFailed(f"{method} {path}: {reply.status_code} {reply.text[:300]}")
        return reply.json()


def _integration(stack: Stack, key: str) -> str:
    """A viewer integration: browsers go to the published port, the gateway to the service's own name."""
    inside = f"http://sandbox:{stack.sandbox_port}"
    config = {
        "auth_mode": "Confidential",
        "authorization_uri": f"{stack.provider}/authorize",
        "token_uri": f"{inside}/token",
        "revocation_uri": f"{inside}/revoke",
        "userinfo_uri": f"{inside}/userinfo",
        "client_id": "tabard-viewer",
        "client_secret": "sandbox-viewer-secret",
        "scopes": VIEWER_SCOPES,
        "token_endpoint_auth_method": "client_secret_basic",
    }
    body = {"template": "custom", "name": "Sandbox", "config": config}
    guid: str = stack.api(key, "POST", "/v1/oauth/integrations", json=body)["guid"]
    return guid


def walk(stack: Stack) -> None:
    """From an empty server to a viewer's own connection. Raises StepFailed at the first thing that is not so."""
    with step("rsconnect bootstrap"):
        secret = {"CONNECT_BOOTSTRAP_SECRETKEY": (stack.secrets / "bootstrap_secretkey").read_text()}
        key = stack.rsconnect("bootstrap", "--raw", "--server", stack.url, variables=secret).split()[-1]
    with step("rsconnect deploy streamlit (builds the app's environment in the container)"):
        where = ("--server", stack.url, "--api-key", key, "--title", "My sales", "--new")
        data = f"SANDBOX_URL=http://sandbox:{stack.sandbox_port}"
        stack.rsconnect("deploy", "streamlit", *where, "-E", data, str(stack.sample))
        (content,) = stack.api(key, "GET", "/v1/content")
    with step("the app through the gateway"):
        page = httpx.get(content["content_url"], headers={"Authorization": f"Key {key}"}, timeout=60, trust_env=False)
        if page.status_code != 200 or "streamlit" not in page.text.lower():
            raise StepFailed(f"the app's page answers {page.status_code}: {page.text[:300]}")
    with step("an integration at the sandbox service, associated"):
        body = [{"oauth_integration_guid": _integration(stack, key)}]
        stack.api(key, "PUT", f"/v1/content/{content['guid']}/oauth/integrations/associations", json=body)
    with step("alice signs in, consents and reaches the app"):
        command = ("/opt/tabard/bin/tabard", "users", "add", "alice", "--data-dir", "/data")
        stack.compose("exec", "-T", "gateway", *command, stdin=f"{PASSWORD}\n".encode())
        stack.api(key, "PATCH", f"/v1/content/{content['guid']}", json={"access_type": "logged_in"})
        with Visitor(stack.url, stack.provider) as visitor:
            visitor.sign_in("alice", PASSWORD)
            visitor.connect(f"/content/{content['guid']}/", "alice")
    with step("the same content after the gateway was killed"):
        stack.compose("kill", "-s", "SIGKILL", "gateway")
        stack.compose("up", "-d", "--no-build")
        stack.until(lambda: stack.answers(f"{stack.url}/__ping__"), "the gateway to answer again")
        if [found["guid"] for found in stack.api(key, "GET", "/v1/content")] != [content["guid"]]:
            raise StepFailed("the content is not there after the restart")


@contextmanager
def chosen_engine(work: Path) -> Iterator[Engine]:
    """The engine that runs here, or one of our own. Raises CannotRun."""
    found = running_engine()
    if found is not None:
        say("  using the engine that runs here")
        yield found
        return
    with own_engine(work) as engine:
        yield engine


def main() -> int:
    """Run the check; returns 0 when everything that could be checked is right, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file-only", action="store_true", help="only validate the compose file")
    parser.add_argument("--work", type=Path, help="a folder for base images, kept for the next time")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        if arguments.file_only:
            say(f"{FILE.name}: {check_file()}")
            return 0
        with tempfile.TemporaryDirectory(prefix="tabard-check-") as folder:
            work = arguments.work or Path(folder)
            work.mkdir(parents=True, exist_ok=True)
            with chosen_engine(work) as engine:
                say(f"{FILE.name}: {check_file()}")
                stack = Stack(engine, Path(folder))
                with step("build the Tabard image"):
                    stack.build()
                with stack.up():
                    walk(stack)
    except CannotRun as reason:
        say(f"{FILE.name}: {check_file()}")
        say(f"Only the file was checked: {reason}.")
        return 0
    except StepFailed as failure:
        return fail(f"compose-check failed: {failure}")
    say(f"compose-check passed in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
