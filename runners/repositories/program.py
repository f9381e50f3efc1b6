"""Runs git with nothing of this machine's configuration, no prompts, no helpers, and limits on time and size."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MOST_OUTPUT = 16 * 1024 * 1024
# Address space of one git: half a megabyte of deltas can unpack to gigabytes in memory.
MOST_MEMORY = 768 * 1024 * 1024
# Limits are set before git is there, so nothing it starts is without them; when memory runs out it goes before us.
_LIMITED = """
ulimit -c 0 && ulimit -f "$1" && ulimit -v "$2" || exit 126
echo 500 2>/dev/null >/proc/self/oom_score_adj
shift 2 && exec "$@"
"""
TOO_LARGE = "The repository is larger than this server fetches."
_USERINFO = re.compile(r"://[^/\s@]+@")
# What a repository or a server could otherwise make git run or read.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=false",
    "core.bigFileThreshold=32m",
    "core.deltaBaseCacheLimit=32m",
    "core.packedGitLimit=256m",
    "core.packedGitWindowSize=32m",
    "pack.threads=1",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "credential.helper=",
    "credential.interactive=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.unpackLimit=1",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "http.followRedirects=false",
    "http.proxy=",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
    "http.userAgent=git/2 (Tabard)",
    "protocol.version=2",
)


class GitFailed(Exception):
    """git ended with an error or was stopped; the text is one sentence, `output` the first lines git wrote."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.message, self.output = message, output


@dataclass(frozen=True)
class Git:
    """git at `program`, working in `home` (private, 0700).

    `protocols` are the transports it may speak ("https"), `variables` say where the machine's certificates are,
    `pins` are "host:port:address" entries that stand in place of asking the resolver again. `file_bytes` limits
    every file it writes, MOST_MEMORY what it may take of memory, `deadline` is a time of the running loop.
    """

    program: Path
    home: Path
    protocols: tuple[str, ...]
    deadline: float
    file_bytes: int
    variables: Mapping[str, str]
    pins: tuple[str, ...] = ()

    async def run(self, *arguments: str) -> bytes:
        """What git prints. Raises GitFailed."""
        settings = [*_SETTINGS, *(f"http.curloptResolve={pin}" for pin in self.pins)]
        # Shells count in blocks of 512 bytes, and in KiB.
        limits = (str(self.file_bytes // 512 + 1), str(MOST_MEMORY // 1024))
        limited = ["/bin/sh", "-c", _LIMITED, "git", *limits, str(self.program)]
        command = [*limited, *(word for one in settings for word in ("-c", one)), *arguments]
        child = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.home,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout_at(self.deadline):
                out, errors = await asyncio.gather(_read(child.stdout), _read(child.stderr))
                code = await child.wait()
        except TimeoutError:
            raise GitFailed("Fetching the repository took too long.") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
        if code == -signal.SIGXFSZ:
            raise GitFailed(TOO_LARGE)
        if code != 0:
            raise _failure(errors)
        return out

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "GIT_ALLOW_PROTOCOL": ":".join(self.protocols),
            "GIT_ASKPASS": "/bin/false",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(self.home.parent),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "SSH_ASKPASS": "/bin/false",
            **_certificates(self.variables),
        }


def _certificates(variables: Mapping[str, str]) -> dict[str, str]:
    """Where git finds the roots that the server's other outbound calls trust."""
    file = next((variables[n] for n in ("CURL_CA_BUNDLE", "SSL_CERT_FILE") if variables.get(n)), None)
    folder = variables.get("SSL_CERT_DIR")
    return ({"GIT_SSL_CAINFO": file} if file else {}) | ({"GIT_SSL_CAPATH": folder} if folder else {})


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    assert stream is not None
    parts, size = [], 0
    while data := await stream.read(64 * 1024):
        size += len(data)
        if size > MOST_OUTPUT:
            raise GitFailed("git printed more than can be read; the repository holds too many files.")
        parts.append(data)
    return b"".join(parts)


# What git says, and what it means for whoever set the repository. The first that fits counts.
_MEANINGS = (
    ("terminal prompts disabled", "The repository asks for a sign-in; only repositories that anyone may read work."),
    ("unable to read askpass", "The repository asks for a sign-in; only repositories that anyone may read work."),
    ("authentication failed", "The repository asks for a sign-in; only repositories that anyone may read work."),
    ("transport '", "The repository's address uses a protocol that this server does not fetch from; use https."),
    ("unable to update url base from redirection", "The repository has moved: give the address it is at now."),
    ("returned error: 30", "The repository's address redirects; give the address it leads to (often with .git)."),
    ("file size limit exceeded", TOO_LARGE),
    ("index-pack died of signal 25", TOO_LARGE),
    ("file too large", TOO_LARGE),
    # What remains when the limit on files has ended the part of git that writes them.
    ("invalid index-pack output", TOO_LARGE),
    ("out of memory", TOO_LARGE),
    ("cannot allocate memory", TOO_LARGE),
    ("could not resolve host", "The repository's host cannot be found."),
    ("certificate", "The secure connection to the repository's host failed: its certificate was not accepted."),
    ("not found", "There is no repository at this address that anyone may read."),
    ("does not appear to be a git repository", "There is no repository at this address."),
    ("couldn't find remote ref", "The repository has no such branch, tag or commit."),
    ("failed to connect", "The repository's host does not answer."),
    ("couldn't connect", "The repository's host does not answer."),
)


def _failure(errors: bytes) -> GitFailed:
    text = _USERINFO.sub("://", errors.decode("utf-8", "replace"))
    meaning = next((words for sign, words in _MEANINGS if sign in text.lower()), None)
    # What the other side wrote ("remote: ...") is not shown: it is text from a server we were told to ask.
    lines = [
        "".join(char for char in line if char.isprintable())
        for line in text.splitlines()
        if line.startswith(("fatal:", "error:")) and "remote error:" not in line
    ]
    return GitFailed(meaning or "git could not fetch the repository.", "\n".join(lines)[:500])
