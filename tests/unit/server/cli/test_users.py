"""`tabard users`: accounts and passwords beside a server that may be running; refusals are a sentence and code 1."""

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from server.accounts import store
from server.accounts.passwords import Passwords
from server.cli import users
from server.cli.main import main
from server.db.clock import now
from server.db.engine import Database
from server.db.models import AuditEvent, BrowserSession, User
from server.sessions import store as sessions
from tests.unit.dashboard.rig import _empty

PASSWORD = "correct horse battery"
Run = Callable[..., int]


class Typed(io.StringIO):
    """Standard input."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    before = os.umask(0o022)
    os.umask(before)
    shutil.copytree(_empty(), tmp_path / "data")
    yield tmp_path / "data"
    os.umask(before)


@pytest.fixture
def run(data: Path, monkeypatch) -> Run:
    monkeypatch.setattr(users, "Passwords", lambda: Passwords(memory_kib=64, passes=1))

    def act(*arguments: str, password: str = PASSWORD) -> int:
        monkeypatch.setattr(sys, "stdin", Typed(password + "\n"))
        return main(["users", *arguments, "--data-dir", str(data)])

    return act


@pytest.fixture
def db(data: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{data / 'tabard.db'}")
    yield made
    made.close()


def found(db: Database, name: str) -> User:
    user = db.read_now(store.by_name, name)
    assert user is not None
    return user


def test_an_account_is_made_once(run: Run, db: Database, capsys: pytest.CaptureFixture[str]):
    assert run("add", "ada", "--role", "administrator", "--email", "a@a.org") == 0
    ada = found(db, "ada")
    assert (ada.role, ada.email) == ("administrator", "a@a.org")
    assert ada.password_hash is not None
    assert PASSWORD not in ada.password_hash
    printed = capsys.readouterr()
    assert printed.out.startswith("ada can sign in at http")
    assert run("add", "ADA") == 1
    assert capsys.readouterr().err == "tabard: This user name is already in use.\n"
    events = db.read_now(lambda s: [e.action for e in s.exec(select(AuditEvent)).all()])
    assert events == ["begin_audit_chain", "add_user"]


def test_a_new_password_ends_open_sessions(run: Run, db: Database):
    run("add", "ada")
    ada = found(db, "ada")
    row = BrowserSession(token_hash="h", guid="s", user_id=ada.id, expires_at=now() + timedelta(hours=1))
    db.write_now(sessions.open_session, row)
    assert run("set-password", "ada", password="another good one") == 0
    assert found(db, "ada").password_hash != ada.password_hash
    assert db.read_now(sessions.session_by_guid, "s") is None


@pytest.mark.parametrize(
    ("arguments", "password", "words"),
    [
        (("set-password", "nobody"), PASSWORD, "make the account with: tabard users add nobody"),
        (("add", "ada"), "short", "password"),
        (("add", "a b"), PASSWORD, "user name"),
        (("add", "ada", "--email", "nonsense"), PASSWORD, "name@example.org"),
    ],
)
def test_refusals(run: Run, db: Database, capsys, arguments: tuple[str, ...], password: str, words: str):
    assert run(*arguments, password=password) == 1
    said = capsys.readouterr()
    assert said.err.startswith("tabard: ")
    assert words in said.err.lower()
    assert password not in said.err
    assert not db.read_now(store.any_user)


def test_at_a_terminal_it_is_typed_twice(run: Run, db: Database, monkeypatch, capsys):
    typed = ["one good password", "another good password"]
    monkeypatch.setattr(users.getpass, "getpass", lambda _prompt: typed.pop(0))
    monkeypatch.setattr(Typed, "terminal", True)
    assert run("add", "ada") == 1
    assert capsys.readouterr().err == "tabard: The two passwords differ.\n"
    assert not db.read_now(store.any_user)
