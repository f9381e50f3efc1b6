"""`tabard connections`: listed, allowed ahead and ended beside a server; refusals are a sentence and code 1."""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from integrations import catalog
from server.accounts import store as accounts
from server.audit.trail import Trail
from server.cli.main import main
from server.db.models import AuditEvent, Connection, PreAuthorization
from server.installation import Installation, open_installation
from server.oauth.integrations import Draft, Integrations
from server.settings import Settings
from tests.unit.dashboard.rig import CUSTOM, _empty

Run = Callable[..., int]


class Typed(io.StringIO):
    """Standard input at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    before = os.umask(0o022)
    os.umask(before)
    shutil.copytree(_empty(), tmp_path / "data")
    monkeypatch.setenv("TABARD_OAUTH_ALLOW_LOCAL_PROVIDERS", "true")
    found = open_installation(Settings(data_dir=tmp_path / "data"), shared=True)
    found.db.write_now(_fill, found)
    yield found
    found.close()
    os.umask(before)


def _fill(session: Session, opened: Installation) -> None:
    """Two people connected to Warehouse."""
    integrations = Integrations(opened.db, opened.keyring, catalog.load(), Trail(opened.db), allow_local=True)
    row = integrations.add(session, None, Draft("custom", "Warehouse", "", dict(CUSTOM)))
    for name in ("ben", "cleo"):
        user = accounts.add_user(session, username=name, role="viewer")
        session.add(
            Connection(
                guid=f"00000000-0000-4000-8000-00000000000{name[0]}",
                user_id=user.id,
                integration_id=row.id,
                fingerprint=row.fingerprint,
            )
        )


@pytest.fixture
def run(opened: Installation) -> Run:
    return lambda *arguments: main(["connections", *arguments, "--data-dir", str(opened.data_dir)])


def kept(opened: Installation, model: type) -> int:
    return len(opened.db.read_now(lambda session: session.exec(select(model)).all()))


def test_listing(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--user", "BEN") == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["created_on", "user_name", "role_name", "integration_name", "kind", "status"]
    assert row.split()[2:] == ["ben", "(default)", "Warehouse", "connection", "connected"]
    assert run("list", "--integration", "Warehouse", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["user_name"] for row in rows] == ["ben", "cleo"]


def test_allowing_ahead(run: Run, opened: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("preauthorize", "ben", "Warehouse") == 0
    assert capsys.readouterr().out == "ben goes straight to signing in at Warehouse.\n"
    assert kept(opened, PreAuthorization) == 1
    assert run("preauthorize", "ben", "Warehouse", "--role", "ANALYST") == 1
    assert "has no roles" in capsys.readouterr().err


def test_ending(
    run: Run, opened: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("preauthorize", "ben", "Warehouse")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert run("revoke", "--integration", "Warehouse") == 1
    said = capsys.readouterr().err
    assert "2 connection(s) and 1 pre-authorization(s) of 2 person(s) at 1 integration(s)" in said
    assert "add --yes" in said
    monkeypatch.setattr(sys, "stdin", Typed("no\n"))
    assert run("revoke", "--user", "ben") == 1
    assert kept(opened, Connection) == 2
    monkeypatch.setattr(sys, "stdin", Typed("yes\n"))
    capsys.readouterr()
    assert run("revoke", "--user", "ben") == 0
    assert "Ended: connection of ben at Warehouse. There was nothing at the vendor to end." in capsys.readouterr().out
    assert run("revoke", "--integration", "Warehouse", "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out)["user_name"] == "cleo"
    assert kept(opened, Connection) == kept(opened, PreAuthorization) == 0
    assert run("revoke", "--integration", "Warehouse") == 0
    assert "nothing to end" in capsys.readouterr().out
    actions = opened.db.read_now(lambda session: list(session.exec(select(AuditEvent.action)).all()))
    assert actions.count("disconnect_oauth_integration") == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("list", "--user", "nobody"), "Nobody is called nobody."),
        (("list", "--integration", "Lake"), "there are: Warehouse."),
        (("revoke", "--yes"), "give at least one of"),
    ],
)
def test_refusals(run: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str) -> None:
    assert run(*arguments) == 1
    found = capsys.readouterr().err
    assert says in found


def test_two_of_one_name(run: Run, opened: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    opened.db.write_now(_fill_again, opened)
    assert run("list", "--integration", "Warehouse") == 1
    assert "2 integrations are called Warehouse" in capsys.readouterr().err


def _fill_again(session: Session, opened: Installation) -> None:
    integrations = Integrations(opened.db, opened.keyring, catalog.load(), Trail(opened.db), allow_local=True)
    integrations.add(session, None, Draft("custom", "Warehouse", "", dict(CUSTOM)))
