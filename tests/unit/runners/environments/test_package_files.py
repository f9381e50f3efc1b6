"""The files that list a bundle's packages: requirements, lock files, projects."""

from pathlib import Path

import pytest

from runners.environments import package_files
from runners.environments.package_files import PackageFileProblem, read


def test_requirements_and_lock_files_are_read_as_they_are(tmp_path: Path):
    (tmp_path / "reqs").mkdir()
    for name in ("requirements.txt", "requirements.txt.lock", "reqs/prod.txt"):
        (tmp_path / name).write_text("flask==3\n")
        found = read(tmp_path, name)
        assert (found.text, found.locked, found.project) == ("flask==3\n", False, False)
    (tmp_path / "uv.lock").write_text("version = 1")
    assert read(tmp_path, "uv.lock").locked
    (tmp_path / "reqs" / "pyproject.toml").write_text("")
    assert read(tmp_path, "reqs/pyproject.toml").project


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../x", ".env", "a/.x", "a\\b", "a//b", "./a"])
def test_names_that_lead_elsewhere(tmp_path: Path, name: str):
    with pytest.raises(PackageFileProblem, match="must be a file inside the bundle"):
        read(tmp_path, name)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch):
    with pytest.raises(PackageFileProblem, match=r"has no requirements\.txt"):
        read(tmp_path, "requirements.txt")
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(PackageFileProblem, match="has no link"):
        read(tmp_path, "link")
    (tmp_path / "folder").mkdir()
    with pytest.raises(PackageFileProblem, match="not a regular file"):
        read(tmp_path, "folder")
    (tmp_path / "text").write_bytes(b"\xff\xfe")
    with pytest.raises(PackageFileProblem, match="not UTF-8"):
        read(tmp_path, "text")
    monkeypatch.setattr(package_files, "MOST_BYTES", 1)
    with pytest.raises(PackageFileProblem, match="larger than 1 bytes"):
        read(tmp_path, "text")
