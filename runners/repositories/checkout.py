"""Fetches one folder of one commit into a fresh place: regular files only, as deep as needed, within limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runners.repositories.location import COMMIT, Location
from runners.repositories.program import Git, GitFailed

_FILES = (b"100644", b"100755")
_SKIPPED = {b"120000": "a link", b"160000": "a submodule"}
# How many bytes of arguments one command may carry.
_BATCH = 64 * 1024


@dataclass(frozen=True)
class Limits:
    """How much a folder may hold: files, and bytes in all."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Checkout:
    """What was fetched: the commit, the folder on disk and the files in it, by their paths below it."""

    commit: str
    folder: Path
    files: tuple[str, ...]


async def newest(git: Git, location: Location) -> str | None:
    """The commit a branch or tag is at now, without fetching it; None where there is none of that name."""
    name = location.branch
    wanted = (f"refs/heads/{name}", f"refs/tags/{name}^{{}}", f"refs/tags/{name}")
    lines = (await git.run("ls-remote", "--", location.repository, *wanted)).decode("utf-8", "replace").splitlines()
    found = {ref: commit for commit, _, ref in (line.partition("\t") for line in lines)}
    return next((found[ref] for ref in wanted if ref in found), None)


async def fetch(git: Git, location: Location, limits: Limits, report: Callable[[str], None]) -> Checkout:
    """Fetch into `git.home`, which must be empty. Raises GitFailed.

    A branch wins over a tag, and both win over a commit of the same name. Links and submodules are left out,
    which `report` is told.
    """
    place = git.home / "checkout"
    await git.run("init", "--quiet", "--template=", "--", str(place))
    inside = ("-C", str(place))
    commit = await _commit(git, inside, location)
    report(f"Fetched commit {commit}.")
    listed = await _listed(git, inside, commit, location.directory)
    files = _chosen(listed, location.directory, limits, report)
    for batch in _batches(files, location.directory):
        await git.run(*inside, "checkout", "--quiet", commit, "--", *batch)
    folder = place if location.directory == "." else place / location.directory
    return Checkout(commit, folder, tuple(files))


async def _commit(git: Git, inside: tuple[str, str], location: Location) -> str:
    """Fetch what is named and return its commit."""
    fetching = (*inside, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    known = await newest(git, location)
    wanted = known or location.branch
    if known is not None or (COMMIT.fullmatch(wanted) and len(wanted) in (40, 64)):
        try:
            await git.run(*fetching, "--depth=1", "--", location.repository, wanted)
            return (await git.run(*inside, "rev-parse", "--verify", f"{wanted}^{{commit}}")).decode().strip()
        except GitFailed as failure:
            # Some servers give out a commit only below a branch that contains it.
            if "larger" in failure.message or "too long" in failure.message:
                raise
    if known is None and not COMMIT.fullmatch(wanted):
        raise GitFailed(f"The repository has no branch, tag or commit named {location.branch}.")
    await git.run(*fetching, "--", location.repository, "+refs/heads/*:refs/all/*")
    try:
        return (await git.run(*inside, "rev-parse", "--verify", f"{wanted}^{{commit}}")).decode().strip()
    except GitFailed:
        raise GitFailed(f"The repository has no branch, tag or commit named {location.branch}.") from None


async def _listed(git: Git, inside: tuple[str, str], commit: str, directory: str) -> bytes:
    tree = commit if directory == "." else f"{commit}:{directory}"
    try:
        return await git.run(*inside, "ls-tree", "-r", "-l", "-z", "--full-tree", tree)
    except GitFailed:
        raise GitFailed(f"The repository has no folder {directory} there.") from None


def _chosen(listed: bytes, directory: str, limits: Limits, report: Callable[[str], None]) -> list[str]:
    """The regular files of a listing, checked against the limits before any of them is written."""
    files, total = [], 0
    for entry in listed.split(b"\0")[:-1]:
        terms, _, raw = entry.partition(b"\t")
        mode, _type, _name, size = terms.split()
        try:
            path = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise GitFailed("A file's name in the repository is not UTF-8; rename it.") from None
        if mode not in _FILES:
            report(f"Left out {path}: it is {_SKIPPED.get(mode, 'not a regular file')}.")
            continue
        files.append(path)
        total += int(size)
        if len(files) > limits.files or total > limits.bytes:
            where = "The repository" if directory == "." else f"The folder {directory}"
            raise GitFailed(f"{where} holds more than {limits.files} files or {limits.bytes} bytes.")
    return files


def _batches(files: list[str], directory: str) -> list[list[str]]:
    """The files as paths of the repository, in lists that fit into one command's arguments."""
    batches: list[list[str]] = []
    size = _BATCH
    for file in files:
        path = file if directory == "." else f"{directory}/{file}"
        size += len(path.encode()) + 1
        if size > _BATCH:
            batches.append([])
            size = len(path.encode())
        batches[-1].append(path)
    return batches


def deadline(seconds: float) -> float:
    """The time of the running loop that is `seconds` from now."""
    return asyncio.get_running_loop().time() + seconds
