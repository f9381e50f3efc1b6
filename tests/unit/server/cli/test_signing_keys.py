"""`tabard signing-keys`: a key is published, used and the old one taken back, beside a server."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from integrations import catalog
from server.audit.trail import Trail
from server.cli.main import main
from server.db.models import AuditEvent, SigningKey
from server.installation import Installation, open_installation
from server.oauth.integrations import Draft, Integrations
from server.settings import Settings
from tests.unit.dashboard.rig import _empty


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Installation]:
    before = os.umask(0o022)
    os.umask(before)
    shutil.copytree(_empty(), tmp_path / "data")
    found = open_installation(Settings(data_dir=tmp_path / "data"), shared=True)
    found.db.write_now(_fill, found)
    yield found
    found.close()
    os.umask(before)


def _fill(session: Session, opened: Installation) -> None:
    integrations = Integrations(opened.db, opened.keyring, catalog.load(), Trail(opened.db), allow_local=False)
    for name in ("Warehouse", "Twin", "Twin"):
        integrations.add(session, None, Draft("external-oauth", name, "", {"audiences": "https://a.example.com"}))


def run(opened: Installation, *words: str) -> int:
    return main(["signing-keys", *words, "--data-dir", str(opened.data_dir)])


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_a_key_is_replaced(opened: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(opened, "list", "Warehouse") == 0
    [[old, state, bits]] = lines(capsys)
    assert (state, bits) == ("active", "2048")
    assert run(opened, "publish", "Warehouse") == 0
    [[new], [public]] = lines(capsys)
    assert public.startswith("MII")
    assert run(opened, "use", "Warehouse", new) == 0
    lines(capsys)
    assert run(opened, "list", "Warehouse") == 0
    assert [[kid, state] for kid, state, _bits in lines(capsys)] == [[old, "old"], [new, "active"]]
    assert run(opened, "remove", "Warehouse", old) == 0
    assert [row.kid for row in opened.db.read_now(lambda s: list(s.exec(select(SigningKey)).all()))] == [new]
    actions = [row.action for row in opened.db.read_now(lambda s: list(s.exec(select(AuditEvent)).all()))]
    assert actions.count("use_signing_key") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "Other"), "for no integration called Other"),
        (("list", "Connect Visitor API Key"), "for no integration called"),
        (("list", "Twin"), "2 integrations are called Twin"),
        (("use", "Warehouse", "x"), "signing key does not exist"),
    ],
)
def test_refusals_are_a_sentence(
    opened: Installation, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert run(opened, *words) == 1
    assert said in capsys.readouterr().err
