"""A house for browser tests: a gateway with people in it, and the sandbox provider beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from integrations.sandbox.settings import SandboxSettings, default_clients
from integrations.sandbox.threaded import running
from tests.browser.record import Record
from tests.harness.gateway import Gateway, free_port
from tests.harness.people import Someone, add_person, csrf_of, sign_in
from tests.harness.publishing import deploy

# Every refresh token of the provider begins with it, so it can be looked for wherever it must not be.
CANARY = "CANARY-refresh-7f3a-"
ADMIN_TOKEN = "sandbox-admin"


@dataclass
class House:
    """What a browser test visits. `key` is the publisher's API key, `home` the folder of her rsconnect settings."""

    gateway: Gateway
    provider: str
    people: dict[str, Someone]
    key: str
    home: Path
    records: list[Record] = field(default_factory=list)

    def publish(self, kind: str, folder: Path, title: str, *options: str) -> str:
        """Deploy a copy as the publisher, with the real CLI; returns the content's GUID."""
        copy = self.home / f"published-{len(list(self.home.glob('published-*')))}" / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
        return deploy(self.gateway, kind, copy, *options, title=title, home=self.home, key=self.key)

    def allow(self, content_guid: str, *usernames: str) -> None:
        """Let people see a content item."""
        for name in usernames:
            body = {"principal_guid": self.people[name].guid, "principal_type": "user", "role": "viewer"}
            reply = self.gateway.api("POST", f"/v1/content/{content_guid}/permissions", json=body, key=self.key)
            assert reply.status_code in (200, 201), reply.text

    def sandbox(self, method: str, path: str, **options: Any) -> Any:
        """One call of the provider's admin API; returns its JSON, None without one."""
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        reply = httpx.request(method, f"{self.provider}/admin/{path}", headers=headers, timeout=20, **options)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    def client(self, client_id: str = "tabard-viewer", **settings: object) -> None:
        """Change how the provider treats a client from now on."""
        self.sandbox("PUT", f"clients/{client_id}", json=settings)

    def refreshes(self) -> int:
        """How many refresh requests have reached the provider."""
        return sum(entry["grant_type"] == "refresh_token" for entry in self.sandbox("GET", "log")["requests"])


@contextmanager
def open_house(folder: Path, viewers: Sequence[str] = ("alice", "bob"), **environ: str) -> Iterator[House]:
    """Start everything, make the people, and stop it all at the end."""
    port = free_port()
    # The name that browsers use for the gateway too: cookies know no ports, so both servers' cookies meet here.
    issuer = f"http://localhost:{port}"
    clients = tuple(replace(client, refresh_prefix=CANARY) for client in default_clients())
    gateway = Gateway(folder / "data", environ=environ)
    with running(SandboxSettings(issuer=issuer, clients=clients, admin_token=ADMIN_TOKEN), port=port):
        gateway.start()
        try:
            gateway.bootstrap()
            roles = {"root": "administrator", "pat": "publisher"} | dict.fromkeys(viewers, "viewer")
            people = {name: add_person(gateway, name, role) for name, role in roles.items()}
            yield House(gateway, issuer, people, new_key(gateway, people["pat"]), folder)
        finally:
            gateway.stop()


def new_key(gateway: Gateway, person: Someone) -> str:
    """An API key, asked for as the person's own signed-in browser would."""
    with closing(sign_in(gateway, person)) as client:
        # Any of our screens carries the session's token in its sign-out form.
        token = csrf_of(client.get("/no-such-page").text)
        reply = client.post(
            f"/__api__/v1/users/{person.guid}/keys",
            json={"name": "publishing"},
            headers={"Sec-Fetch-Site": "same-origin", "X-Tabard-Csrf": token},
        )
        assert reply.status_code == 200, reply.text
        return str(reply.json()["key"])
