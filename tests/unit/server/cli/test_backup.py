"""`tabard backup`: what is in it, what is not, and that it opens with the key and only with it."""

import shutil
from pathlib import Path

import pytest
from sqlmodel import select

from server.db.models import AuditEvent
from server.installation import CannotOpen, open_installation
from server.settings import Settings
from tests.unit.server.cli.test_keys import Run, data, run

__all__ = ["data", "run"]


def test_a_backup_opens_with_the_key_and_not_without(run: Run, data: Path, tmp_path: Path):
    (data / "bundles" / "1").mkdir(parents=True)
    (data / "bundles" / "1" / "app.py").write_text("x")
    (data / "run").mkdir(exist_ok=True)
    copy = tmp_path / "copy"
    code, out, _ = run("backup", str(copy))
    assert (code, "keep" in out) == (0, True)
    assert (copy / "bundles" / "1" / "app.py").read_text() == "x"
    assert copy.stat().st_mode & 0o777 == 0o700
    assert (copy / "tabard.db").stat().st_mode & 0o077 == 0
    assert not {"secret.key", "run", "lock", "environments"} & {entry.name for entry in copy.iterdir()}
    with pytest.raises(CannotOpen, match="is missing"):
        open_installation(Settings(data_dir=copy))
    shutil.copy2(data / "secret.key", copy / "secret.key")
    opened = open_installation(Settings(data_dir=copy))
    assert opened.db.read_now(lambda s: s.exec(select(AuditEvent.action)).first()) == "begin_audit_chain"
    opened.close()
    assert run("backup", str(copy)) == (1, "", f"tabard: {copy} exists; name a new folder\n")
