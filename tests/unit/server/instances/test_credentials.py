"""What an instance speaks with: a key of its own that dies with it, and a token file only where one is due."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlmodel import select

from server.accounts import store as accounts
from server.content import store as content
from server.content.directory import load_view
from server.content.view import ContentView
from server.db.engine import Database
from server.db.models import ApiKey
from server.instances.credentials import TOKEN_FILE, Credentials
from server.keys.credentials import digest
from server.keys.keyring import Keyring
from server.sessions.handles import Handles


class Desk:
    """Credentials over one item whose associations are the test's."""

    def __init__(self, db: Database) -> None:
        owner = db.write_now(lambda s: accounts.add_user(s, username="ann", role="publisher"))
        guid = db.write_now(lambda s: content.add(s, owner.id or 0, {})).guid
        self.db, self.handles = db, Handles(Keyring(b"k" * 32))
        self.view: ContentView = db.read_now(load_view, guid)  # type: ignore[assignment]
        self.types: list[str] = []
        self.forgotten: list[str] = []
        self.made = Credentials(db, self.handles, "http://in:1", associations=self, forget_key=self.forgotten.append)  # type: ignore[arg-type]

    async def for_content(self, _guid: str) -> list[SimpleNamespace]:
        """In place of the associations."""
        return [SimpleNamespace(auth_type=name) for name in self.types]

    def keys(self) -> list[str | None]:
        return [row.instance_key for row in self.db.read_now(lambda s: s.exec(select(ApiKey)).all())]


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db)


async def test_the_key_of_an_instance_dies_with_it(desk: Desk, tmp_path: Path):
    given = await desk.made.issue(desk.view, "run-1", tmp_path)
    await desk.made.issue(desk.view, "run-2", tmp_path)
    assert given["CONNECT_SERVER"] == "http://in:1/"
    assert given["CONNECT_CONTENT_GUID"] == desk.view.guid
    assert given["CONNECT_CONTENT_SESSION_TOKEN_FILE"] == str(tmp_path / TOKEN_FILE)
    assert given["POSIT_PRODUCT"] == given["RSTUDIO_PRODUCT"] == "CONNECT"
    await desk.made.withdraw("run-1")
    assert desk.forgotten == [digest(given["CONNECT_API_KEY"])]
    assert desk.keys() == ["run-2"]
    desk.db.write_now(accounts.add_key, desk.db.read_now(accounts.by_guid, desk.view.owner_guid), "laptop")
    desk.db.write_now(desk.made.withdraw_all)
    assert desk.keys() == [None]


async def test_a_token_file_where_a_service_account_is_associated(desk: Desk, tmp_path: Path):
    file = tmp_path / TOKEN_FILE
    desk.types = ["Viewer"]
    await desk.made.issue(desk.view, "run-1", tmp_path)
    assert not file.exists()
    desk.types = ["Viewer", "Service Account"]
    await desk.made.renew(desk.view.guid, "run-1", tmp_path)
    first = file.read_text()
    handle = desk.handles.read(first.strip())
    assert handle is not None
    assert (handle.kind, handle.content_guid, handle.instance) == ("content", desk.view.guid, "run-1")
    assert file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir() if "token" in p.name] == [TOKEN_FILE]
    await desk.made.renew(desk.view.guid, "run-1", tmp_path)
    assert file.read_text() != first
    desk.types = []
    await desk.made.renew(desk.view.guid, "run-1", tmp_path)
    assert not file.exists()


async def test_a_link_an_app_puts_there_is_not_followed(desk: Desk, tmp_path: Path):
    desk.types = ["Service Account"]
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / f".{TOKEN_FILE}").symlink_to(other)
    with pytest.raises(OSError, match="symbolic"):
        await desk.made.renew(desk.view.guid, "run-1", tmp_path)
    assert other.read_text() == "mine"
