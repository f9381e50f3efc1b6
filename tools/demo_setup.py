"""What the demo puts into a gateway, through its public API and the rsconnect client: people, integrations, apps."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

EXAMPLES = Path(__file__).parents[1] / "examples"
RSCONNECT = Path(sys.executable).parent / "rsconnect"
VIEWER, SERVICE = "Sandbox", "Sandbox service account"


class DemoProblem(Exception):
    """Why the demo cannot go on, and what to do about it."""


@dataclass(frozen=True)
class Person:
    """Somebody the demo makes; the password is shown at the end, so it is no secret."""

    username: str
    role: str
    first_name: str
    last_name: str

    @property
    def password(self) -> str:
        """What to type at the sign-in page."""
        return f"{self.username}-demo"


@dataclass(frozen=True)
class Sample:
    """One app of examples/, and the integration it uses."""

    kind: str
    title: str
    integration: str


PEOPLE = (
    Person("admin", "administrator", "Ada", "Admin"),
    Person("pat", "publisher", "Pat", "Publisher"),
    Person("alice", "viewer", "Alice", "Archer"),
    Person("bob", "viewer", "Bob", "Baker"),
)
SAMPLES = {
    "sales_streamlit": Sample("streamlit", "My sales", VIEWER),
    "sales_panel": Sample("panel", "Sales explorer", VIEWER),
    "sales_report": Sample("streamlit", "Company sales", SERVICE),
}


def new_secret() -> str:
    """A bootstrap secret for this run."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def check_port(port: int, variable: str, what: str) -> None:
    """Raises DemoProblem where somebody else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoProblem(
                f"Port {port}, which {what} needs, cannot be used ({error.strerror}). Stop what is using it, or "
                f"choose another, for example: {variable}={port + 1000} make demo"
            ) from None


class Site:
    """One demo's gateway at `url` and provider at `provider`; what it has to remember is in `folder`, mode 0700."""

    def __init__(self, url: str, provider: str, folder: Path, secret: str) -> None:
        self.url, self.provider, self._folder, self._secret = url, provider, folder, secret
        self._file = folder / "state.json"
        self._state: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._guard = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._integration: dict[str, str] = {}
        self._person: dict[str, str] = {}

    def _remember(self, name: str, value: Any) -> None:
        with self._guard:
            self._state[name] = value
            fresh = self._file.with_suffix(".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(self._state, file, indent=1)
            fresh.replace(self._file)

    def api(self, method: str, path: str, *, key: str = "admin_key", **options: Any) -> Any:
        """One call; returns its JSON. Raises DemoProblem with what the gateway said."""
        headers = {"Authorization": f"Key {self._state[key]}"}
        reply = httpx.request(method, f"{self.url}/__api__/v1/{path}", headers=headers, timeout=60, **options)
        if reply.is_success:
            return reply.json() if reply.content else None
        if reply.status_code == 401:
            raise DemoProblem(
                f"The key in {self._file} is not known to this server any more. Delete {self._folder.parent}, or "
                "choose another folder with TABARD_DATA_DIR, and run this again."
            )
        raise DemoProblem(f"{method} {path} was answered {reply.status_code}: {reply.text[:500]}")

    def people(self) -> None:
        """Everybody in PEOPLE who is missing, and a key for the publisher."""
        if "admin_key" not in self._state:
            self._bootstrap()
        there = {user["username"]: user["guid"] for user in self._users()}
        for person in PEOPLE:
            body = {
                "password": person.password,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": f"{person.username}@example.org",
            }
            if person.username not in there:
                made = self.api("POST", "users", json=body | {"username": person.username, "user_role": person.role})
                there[person.username] = made["guid"]
            elif person.username == "admin" and not self._state.get("admin_named"):
                self.api("PUT", f"users/{there['admin']}", json=body)
                self._remember("admin_named", True)
        self._person = there
        if "publisher_key" not in self._state:
            self._remember("publisher_key", self._new_key(PEOPLE[1]))

    def _users(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api("GET", "users", params={"page_size": 500})["results"]
        return found

    def _bootstrap(self) -> None:
        """The first administrator, as `rsconnect bootstrap` makes one."""
        secret = self._folder / "bootstrap.key"
        secret.touch(mode=0o600)
        secret.write_text(self._secret)
        try:
            code, text = self._rsconnect(
                "bootstrap", "--server", self.url, "--jwt-keypath", str(secret), "--raw", variables={}
            )
        finally:
            secret.unlink()
        key = text.strip().splitlines()[-1] if text.strip() else ""
        if "already has people" in text:
            raise DemoProblem(
                f"{self._folder.parent} belongs to a server that this demo did not set up, so it makes no people "
                "there. Choose another folder with TABARD_DATA_DIR."
            )
        if code != 0 or not re.fullmatch(r"\S{20,}", key):
            raise DemoProblem(f"The first administrator could not be made; rsconnect said:\n{text.strip()[-500:]}")
        self._remember("admin_key", key)

    def _new_key(self, person: Person) -> str:
        """An API key, made as the person's own signed-in browser does."""
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        with httpx.Client(base_url=self.url, headers=own, timeout=30) as browser:
            form = {"username": person.username, "password": person.password, "next": "/"}
            signed_in = browser.post("/__login__", data=form | {"csrf": _csrf(browser.get("/__login__").text)})
            if signed_in.status_code != 303:
                raise DemoProblem(
                    f"{person.username} cannot sign in with the demo's password. Set it back to {person.password}, "
                    f"or begin anew: delete {self._folder.parent}."
                )
            token = {"X-Tabard-Csrf": _csrf(browser.get("/no-such-page").text)}
            path = f"/__api__/v1/users/{self._person[person.username]}/keys"
            reply = browser.post(path, json={"name": "demo"}, headers=token)
            reply.raise_for_status()
            return str(reply.json()["key"])

    def integrations(self) -> None:
        """The two integrations, pointed at this run's provider."""
        there = {found["name"]: found for found in self.api("GET", "oauth/integrations")}
        for body in (self._viewer(), self._service()):
            found = there.get(body["name"])
            if found is None:
                found = self.api("POST", "oauth/integrations", json=body)
            elif found["config"].get("token_uri") != body["config"]["token_uri"]:
                self.api("PATCH", f"oauth/integrations/{found['guid']}", json={"config": body["config"]})
            self._integration[body["name"]] = found["guid"]

    def _viewer(self) -> dict[str, Any]:
        config = {
            "auth_mode": "Confidential",
            "authorization_uri": f"{self.provider}/authorize",
            "token_uri": f"{self.provider}/token",
            "revocation_uri": f"{self.provider}/revoke",
            "userinfo_uri": f"{self.provider}/userinfo",
            "client_id": "tabard-viewer",
            "client_secret": "sandbox-viewer-secret",
            "scopes": "openid profile email sales.read offline_access",
            "token_endpoint_auth_method": "client_secret_basic",
        }
        return {"template": "custom", "name": VIEWER, "description": "Each viewer's own sales", "config": config}

    def _service(self) -> dict[str, Any]:
        config = {
            "auth_type": "Service Account",
            "token_uri": f"{self.provider}/token",
            "client_id": "tabard-service",
            "client_secret": "sandbox-service-secret",
            "scopes": "sales.read",
            "token_endpoint_auth_method": "client_secret_basic",
        }
        return {"template": "custom", "name": SERVICE, "description": "Company totals", "config": config}

    def forget_connections(self) -> int:
        """End connections whose tokens an earlier run's provider made; returns how many there were."""
        ours = set(self._integration.values())
        found = self.api("GET", "oauth/sessions", params={"all": "true"})
        stale = [row["guid"] for row in found if row["oauth_integration_guid"] in ours]
        for guid in stale:
            self.api("DELETE", f"oauth/sessions/{guid}")
        return len(stale)

    def publish(self, name: str) -> str:
        """Publish an example with rsconnect unless this very version is there; returns what to tell the person."""
        sample = SAMPLES[name]
        digest = _digest(EXAMPLES / name, self.provider)
        there = self._published(sample.title)
        if there and there["bundle_id"] and self._state.get(name) == {"guid": there["guid"], "digest": digest}:
            return f"{sample.title}: published before"
        # What an earlier run made, or was stopped while making, is published anew rather than a second time.
        again = ["--app-id", there["guid"]] if there else []
        with tempfile.TemporaryDirectory(prefix="tabard-demo-") as place:
            # A copy: rsconnect leaves a folder of its own beside what it publishes.
            folder = Path(shutil.copytree(EXAMPLES / name, Path(place) / name))
            options = ["--title", sample.title, "-E", f"SANDBOX_URL={self.provider}", *again]
            keys = {"CONNECT_SERVER": self.url, "CONNECT_API_KEY": self._state["publisher_key"]}
            code, text = self._rsconnect("deploy", sample.kind, *options, str(folder), variables=keys)
        if code != 0:
            raise DemoProblem(f"{sample.title} could not be published:\n{text[-3000:]}")
        made = self._published(sample.title)
        assert made is not None
        guid = made["guid"]
        self._remember(name, {"guid": guid, "digest": digest})
        return f"{sample.title}: published"

    def _published(self, title: str) -> dict[str, Any] | None:
        """The publisher's content of this title, or None."""
        rows = self.api("GET", "content", key="publisher_key")
        return next((row for row in rows if row["title"] == title), None)

    def _rsconnect(self, *arguments: str, variables: dict[str, str]) -> tuple[int, str]:
        """Run the client; its exit code and all it printed. Keys travel in variables, never in arguments."""
        environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "XDG_CONFIG_HOME": str(self._folder),
            "RSCONNECT_DISABLE_VERSION_CHECK": "1",
            "NO_COLOR": "1",
            "LANG": "C.UTF-8",
        }
        with subprocess.Popen(
            [str(RSCONNECT), *arguments],
            env=environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            self._running.add(process)
            text, _ = process.communicate()
            self._running.discard(process)
        return process.returncode, text

    def interrupt(self) -> None:
        """End what is still being published."""
        for process in list(self._running):
            process.terminate()

    def let_in(self) -> None:
        """Associate each app with its integration, and give Alice and Bob access."""
        for name, sample in SAMPLES.items():
            guid = self._state[name]["guid"]
            wanted = [{"oauth_integration_guid": self._integration[sample.integration]}]
            path = f"content/{guid}/oauth/integrations/associations"
            there = [row["oauth_integration_guid"] for row in self.api("GET", path, key="publisher_key")]
            if there != [row["oauth_integration_guid"] for row in wanted]:
                self.api("PUT", path, key="publisher_key", json=wanted)
            for username in ("alice", "bob"):
                body = {"principal_guid": self._person[username], "principal_type": "user", "role": "viewer"}
                self.api("POST", f"content/{guid}/permissions", key="publisher_key", json=body)

    def welcome(self) -> str:
        """The last words: where everything is, who can sign in, and what to try first."""
        people = "\n".join(
            f"    {p.username:<8}{p.password:<14}{p.role}" for p in sorted(PEOPLE, key=lambda p: p.role, reverse=True)
        )
        apps = "\n".join(f"    {s.title:<16}{self.url}/content/{self._state[n]['guid']}/" for n, s in SAMPLES.items())
        rule = "─" * 86
        return f"""
{rule}
  Tabard is running at {self.url}

  Sign in as        (name, password, role)
{people}

  Apps
{apps}

  Try first
    1. Open {self.url} and sign in as alice. Open "My sales" and press Continue:
       the sandbox provider asks whether Tabard may act for Alice. Choose Alice, and allow it.
    2. In a private window do the same as bob. Same app, same address, other rows:
       the app called the provider with the token of whoever is looking.
    3. Open "Sales explorer": nobody is asked again. "Company sales" speaks for itself,
       with a service account, and shows both of them the same totals.

  The provider is at {self.provider}; it has forgotten everything once it stops.
  Logs: {self._folder}. Ctrl-C stops it all.
{rule}
"""


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf"\s+value="([^"]+)"', page)
    if found is None:
        raise DemoProblem("The gateway's page has no form to fill in; look at its log.")
    return found.group(1)


def _digest(folder: Path, provider: str) -> str:
    """Changes with every file of an example, and with the provider's address that is published along with it."""
    total = hashlib.sha256(provider.encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
