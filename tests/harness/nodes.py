"""Several real gateways on one PostgreSQL, and exchanges at each of them as an app makes them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import col, select

from server.accounts import store as accounts
from server.db.models import BrowserSession, Content, User
from server.keys import keyfile
from server.keys.keyring import Keyring
from server.sessions import store as sessions
from server.sessions.handles import Handles
from server.settings import PARSERS
from tests.harness.gateway import Gateway
from tests.harness.grants import Node
from tests.harness.people import Someone
from tests.harness.postgres import Postgres

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
SESSION = "urn:posit:connect:user-session-token"


@contextlib.contextmanager
def gateways(server: Postgres, folder: Path, count: int = 2) -> Iterator[list[Gateway]]:
    """`count` gateways with data directories of their own and one key; the first has an administrator."""
    environ = {"TABARD_DASHBOARD": "", "TABARD_DATABASE_URL": server.url(server.create())}
    with contextlib.ExitStack() as stack:
        made = [Gateway(folder / f"node{number}", environ=environ) for number in range(count)]
        stack.enter_context(made[0])
        made[0].bootstrap()
        for other in made[1:]:
            other.data_dir.mkdir(mode=0o700)
            shutil.copy(made[0].data_dir / "secret.key", other.data_dir)
            other.admin_key = made[0].admin_key
            stack.enter_context(other)
        yield made


def keyring(gateway: Gateway) -> Keyring:
    """The keys of a gateway."""
    found = keyfile.read(gateway.data_dir / "secret.key")
    assert found is not None
    return Keyring(found)


def behind(gateway: Gateway) -> Node:
    """The same vault beside a gateway, in the test's process. Needs a running loop."""
    return Node(str(PARSERS["database_url"](gateway.environ["TABARD_DATABASE_URL"])), keyring(gateway))


def caller(node: Node, person: Someone) -> Any:
    """Somebody in her newest browser session, as the server knows her."""

    def read(session: Any) -> Any:
        user = session.exec(select(User).where(User.guid == person.guid)).one()
        query = select(BrowserSession).where(BrowserSession.user_id == user.id)
        row = session.exec(query.order_by(col(BrowserSession.created_time).desc())).first()
        assert row is not None
        return sessions.person(user, via="session", credential=f"session:{row.guid}")

    return node.db.read_now(read)


@dataclass(frozen=True)
class App:
    """A running app of a content item as far as exchanges are concerned: its key, and one viewer's handle."""

    guid: str
    key: str
    handle: str

    @classmethod
    def of(cls, node: Node, gateway: Gateway, guid: str, viewer: Any) -> App:
        """As if an instance of the content had been started and the viewer had opened it."""

        def write(session: Any) -> str:
            content = session.exec(select(Content).where(Content.guid == guid)).one()
            return accounts.add_content_key(session, content.owner_id, guid, f"test-{guid}")

        return cls(guid, node.db.write_now(write), Handles(keyring(gateway)).viewer(viewer, guid))

    def request(self, gateway: Gateway) -> dict[str, Any]:
        """What httpx needs to send the exchange."""
        form = {"grant_type": GRANT, "subject_token_type": SESSION, "subject_token": self.handle}
        url = f"{gateway.url}/__api__/v1/oauth/integrations/credentials"
        return {"url": url, "data": form, "headers": {"Authorization": f"Key {self.key}"}, "timeout": 30}

    def exchange(self, gateway: Gateway) -> httpx.Response:
        """One exchange."""
        return httpx.post(**self.request(gateway))
