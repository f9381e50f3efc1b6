"""git under limits: nothing of this machine's configuration, only the allowed transports, a time and a size."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.repositories import program
from runners.repositories.program import Git, GitFailed
from tests.harness.git import Origin

MakeGit = Callable[..., Git]


@pytest.mark.parametrize(
    "address",
    ["ssh://git@example.org/x", "git@example.org:x", "ext::sh -c 'touch here'", "git://example.org/x",
     "http://example.org/x", "ftp://example.org/x"],
)  # fmt: skip
async def test_only_the_allowed_transports(make_git: MakeGit, address: str):
    git = make_git(protocols=("https",))
    with pytest.raises(GitFailed, match="use https"):
        await git.run("ls-remote", "--", address)
    assert list(git.home.iterdir()) == []


async def test_files_only_where_they_are_allowed(make_git: MakeGit, origin: Origin):
    origin.commit({"a": "1"})
    assert b"refs/heads/main" in await make_git().run("ls-remote", "--", origin.url)
    with pytest.raises(GitFailed, match="use https"):
        await make_git(protocols=("https",)).run("ls-remote", "--", origin.url)


async def test_nothing_of_the_servers_environment_or_configuration(make_git: MakeGit, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.canary")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "CANARY")
    (tmp_path / ".gitconfig").write_text("[user]\n\tcanary = CANARY\n")
    shown = (await make_git().run("config", "--list", "--show-origin")).decode()
    assert "CANARY" not in shown
    assert {line.partition("\t")[0] for line in shown.splitlines()} == {"command line:"}


async def test_too_slow_and_too_large(make_git: MakeGit, origin: Origin):
    origin.commit({"large": os.urandom(300_000)})
    git = make_git(deadline=asyncio.get_running_loop().time() + 0.05)
    with pytest.raises(GitFailed, match="too long"):
        await git.run("-c", "alias.wait=!sleep 30", "wait")
    git = make_git(file_bytes=100_000)
    await git.run("init", "--quiet", "--template=", "x")
    with pytest.raises(GitFailed, match="larger than this server fetches"):
        await git.run("-C", "x", "fetch", origin.url, "main")


async def test_little_that_becomes_much_in_memory(make_git: MakeGit, origin: Origin, monkeypatch):
    for ending in (b"", b"x"):
        origin.commit({"zeros": bytes(20_000_000) + ending})
    origin.git("repack", "-qadf")
    monkeypatch.setattr(program, "MOST_MEMORY", 40_000_000)
    git = make_git()
    await git.run("init", "--quiet", "--template=", "x")
    with pytest.raises(GitFailed, match="larger than this server fetches"):
        await git.run("-C", "x", "fetch", "--quiet", origin.url, "main")


async def test_limits_hold_from_the_start(make_git: MakeGit):
    shown = await make_git(file_bytes=1_000_000).run("-c", "alias.x=!cat /proc/self/limits", "x")
    limits = {line[:26].strip(): line[26:].split()[0] for line in shown.decode().splitlines()}
    assert (limits["Max file size"], limits["Max core file size"]) == ("1000448", "0")
    assert limits["Max address space"] == str(program.MOST_MEMORY)


async def test_what_went_wrong_is_said_without_secrets(make_git: MakeGit, tmp_path: Path):
    with pytest.raises(GitFailed, match="no repository at this address") as caught:
        await make_git().run("ls-remote", "--", f"file://{tmp_path}/nowhere")
    assert caught.value.output.startswith("fatal:")
    with pytest.raises(GitFailed) as caught:
        await make_git(protocols=("https",)).run("ls-remote", "--", "https://ann:CANARY@localhost:1/x")
    assert "CANARY" not in caught.value.output
    assert caught.value.message == "The repository's host does not answer."


async def test_a_host_is_reached_where_the_check_said(make_git: MakeGit):
    git = make_git(protocols=("https",), pins=("repo.example.org:1:127.0.0.1",))
    with pytest.raises(GitFailed, match="does not answer"):
        await git.run("ls-remote", "--", "https://repo.example.org:1/x")
