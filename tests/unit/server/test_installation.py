"""Opening an installation: claims, locks and refusals."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from server.audit.trail import Trail
from server.audit.verify import Verdict, Verifier
from server.db.models import Meta
from server.installation import CannotOpen, Installation, open_installation
from server.settings import Settings


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Opening an installation tightens the process's umask; tests give it back."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def opened(path: Path, **terms: bool):
    return open_installation(Settings(data_dir=path), **terms)


def refused(path: Path, words: str) -> None:
    with pytest.raises(CannotOpen, match=words):
        opened(path)


def test_a_new_folder_becomes_ours_and_opens_again(tmp_path: Path):
    path = tmp_path / "a" / "b"
    first = opened(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((path / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((path / "tabard.db").stat().st_mode) == 0o600
    first.close()
    second = opened(path)
    assert second.keyring.key_id == first.keyring.key_id
    second.close()


def test_an_empty_folder_may_become_ours(tmp_path: Path):
    tmp_path.chmod(0o755)
    opened(tmp_path).close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_one_server_at_a_time_and_commands_beside_it(tmp_path: Path):
    server = opened(tmp_path / "d")
    refused(tmp_path / "d", "Another Tabard server is using")
    opened(tmp_path / "d", shared=True).close()
    server.close()
    opened(tmp_path / "d").close()


def test_a_refusal_lets_go_of_the_lock(tmp_path: Path):
    opened(tmp_path / "d").close()
    (tmp_path / "d" / "secret.key").chmod(0o640)
    refused(tmp_path / "d", "chmod 600")
    (tmp_path / "d" / "secret.key").chmod(0o600)
    opened(tmp_path / "d").close()


def test_foreign_folders_and_files_are_left_alone(tmp_path: Path):
    (tmp_path / "x").write_text("x")
    refused(tmp_path, "not Tabard's")
    refused(tmp_path / "x", "is not a folder")
    refused(tmp_path / "x" / "y", "cannot be made|is not a folder")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_the_key_must_fit(tmp_path: Path):
    path = tmp_path / "d"
    opened(path).close()
    key = (path / "secret.key").read_text()
    (path / "secret.key").unlink()
    refused(path, "is missing")
    other = opened(tmp_path / "other")
    other.close()
    (path / "secret.key").write_text((tmp_path / "other" / "secret.key").read_text())
    (path / "secret.key").chmod(0o600)
    refused(path, "does not fit")
    (path / "secret.key").write_text(key)
    opened(path).close()


def test_a_key_that_was_put_there_first_is_used(tmp_path: Path):
    """A container's secret may hold the key before the first start."""
    opened(tmp_path / "one").close()
    path = tmp_path / "two"
    second = opened(path)
    for name in ("key_check", "root_check"):
        second.db.write_now(lambda session, name=name: session.delete(session.get(Meta, name)))
    second.close()
    (path / "secret.key").write_text((tmp_path / "one" / "secret.key").read_text())
    third = opened(path)
    assert third.keyring.key_id != second.keyring.key_id
    third.close()


def test_a_link_in_place_of_the_key_is_not_followed(tmp_path: Path):
    path = tmp_path / "d"
    opened(path).close()
    (path / "secret.key").rename(tmp_path / "elsewhere")
    (path / "secret.key").symlink_to(tmp_path / "elsewhere")
    refused(path, "is a link")


def verdict(installation: Installation) -> Verdict:
    assert installation.db.chain is not None
    verifier = Verifier(installation.db.chain)
    while not installation.db.read_now(verifier.step):
        pass
    assert verifier.verdict is not None
    return verifier.verdict


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET seq = NULL, mac = NULL, actor = 'somebody else'",
        "UPDATE audit_events SET seq = NULL, mac = NULL WHERE seq > 2",
        "DELETE FROM audit_events",
    ],
)
def test_a_trail_whose_links_were_taken_away_is_not_linked_anew(tmp_path: Path, statement: str):
    first = opened(tmp_path / "d")
    for number in range(3):
        first.db.write_now(lambda s, n=number: Trail(first.db).record(s, None, f"act_{n}"))
    assert verdict(first).ok

    def tamper(session: Session) -> None:
        for one in ("DROP TRIGGER audit_events_no_update", "DROP TRIGGER audit_events_no_delete", statement):
            session.connection().exec_driver_sql(one)
        session.connection().exec_driver_sql("DELETE FROM audit_head")

    first.db.write_now(tamper)
    first.close()
    second = opened(tmp_path / "d")
    second.db.write_now(lambda s: Trail(second.db).record(s, None, "later"))
    assert not verdict(second).ok
    second.close()


def test_another_database_under_the_same_data_directory_begins_a_trail(tmp_path: Path):
    opened(tmp_path / "d").close()
    for file in (tmp_path / "d").glob("tabard.db*"):
        file.unlink()
    second = opened(tmp_path / "d")
    assert verdict(second).ok
    second.close()
