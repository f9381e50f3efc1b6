"""Fetching a folder of a commit: by branch, tag and commit, regular files only, within limits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runners.repositories import checkout
from runners.repositories.checkout import Checkout, Limits, fetch, newest
from runners.repositories.location import Location
from runners.repositories.program import Git, GitFailed
from tests.harness.git import Origin

LIMITS = Limits(files=20, bytes=100_000)
MakeGit = Callable[..., Git]


@pytest.fixture
def here(origin: Origin) -> Location:
    return Location(origin.url, "main", ".")


async def get(make_git: MakeGit, location: Location, limits: Limits = LIMITS) -> tuple[Checkout, list[str]]:
    lines: list[str] = []
    return await fetch(make_git(), location, limits, lines.append), lines


async def test_a_branch_a_tag_and_a_commit_long_and_short(make_git: MakeGit, origin: Origin, here: Location):
    first = origin.commit({"a.txt": "1"})
    origin.git("tag", "-a", "v1", "-m", "x")
    second = origin.commit({"a.txt": "2"})
    for name, commit, text in (("main", second, "2"), ("v1", first, "1"), (first, first, "1"), (first[:8], first, "1")):
        found, lines = await get(make_git, replace(here, branch=name))
        assert (found.commit, found.files) == (commit, ("a.txt",))
        assert (found.folder / "a.txt").read_text() == text
        assert lines == [f"Fetched commit {commit}."]
    for name in ("nowhere", "deadbeef", "0" * 40):
        with pytest.raises(GitFailed, match=f"no branch, tag or commit named {name}"):
            await get(make_git, replace(here, branch=name))


async def test_one_folder_of_it(make_git: MakeGit, origin: Origin, here: Location):
    origin.commit({"apps/one/app.py": "1", "apps/two/app.py": "2", "large": b"x" * 200_000})
    found, _lines = await get(make_git, replace(here, directory="apps/two"))
    assert (found.files, (found.folder / "app.py").read_text()) == (("app.py",), "2")
    assert not (found.folder.parent / "one").exists()
    with pytest.raises(GitFailed, match="no folder apps/three"):
        await get(make_git, replace(here, directory="apps/three"))


async def test_links_and_submodules_are_left_out(make_git: MakeGit, origin: Origin, here: Location, tmp_path: Path):
    inner = Origin(tmp_path / "inner")
    inner.commit({"CANARY": "x"})
    (origin.folder / "passwd").symlink_to("/etc/passwd")
    (origin.folder / "folder").symlink_to("..")
    origin.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.url, "module")
    origin.commit({"a.txt": "1"})
    found, lines = await get(make_git, here)
    assert found.files == (".gitmodules", "a.txt")
    assert [line.partition(":")[0] for line in lines[1:]] == ["Left out folder", "Left out module", "Left out passwd"]
    assert not list(found.folder.rglob("CANARY"))
    assert not [path for path in found.folder.rglob("*") if path.is_symlink()]


async def test_nothing_of_the_repository_runs(make_git: MakeGit, origin: Origin, here: Location, tmp_path: Path):
    mark = tmp_path / "mark"
    origin.git("config", "filter.evil.smudge", f"touch {mark}")
    origin.commit({".gitattributes": "* filter=evil\n", "hooks/post-checkout": f"#!/bin/sh\ntouch {mark}\n"})
    found, _lines = await get(make_git, here)
    assert not mark.exists()
    assert not list((found.folder / ".git").glob("hooks/*"))


async def test_limits_are_checked_before_anything_is_written(make_git: MakeGit, origin: Origin, here: Location):
    origin.commit({f"f{number}": "x" * 1000 for number in range(10)})
    for limits in (Limits(9, 100_000), Limits(20, 9999)):
        with pytest.raises(GitFailed, match="holds more than"):
            await get(make_git, here, limits)


async def test_many_files_with_odd_names(make_git: MakeGit, origin: Origin, here: Location, monkeypatch):
    monkeypatch.setattr(checkout, "_BATCH", 40)
    names = ["-rf", "*.py", "a b", 'quo"te', "ü", "line\nbreak", "deep/er/x", ":(top)y"]
    origin.commit(dict.fromkeys(names, "1"))
    found, _lines = await get(make_git, here)
    assert sorted(found.files) == sorted(names)
    assert all((found.folder / name).read_text() == "1" for name in names)


async def test_where_a_branch_is_now(make_git: MakeGit, origin: Origin, here: Location):
    commit = origin.commit({"a": "1"})
    assert await newest(make_git(), here) == commit
    assert await newest(make_git(), replace(here, branch="nowhere")) is None
