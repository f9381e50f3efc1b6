"""The contract every back end keeps: what to launch, what runs, how it ended, and what a place can do.

`runners` runs content somewhere and says where it listens. It knows no web framework and no database, and it
never decides who may see anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class BuiltEnvironment:
    """An interpreter with a bundle's packages, ready to run.

    `root` is the virtual environment's folder, `python` its interpreter, `version` the full Python version
    ("3.11.7"), `key` the cache key (sha256 hex), `packages` maps normalised distribution names to versions.
    `managed` is false for an interpreter that is used as it was found.
    """

    root: Path
    python: Path
    version: str
    key: str
    packages: Mapping[str, str] = field(default_factory=dict)
    managed: bool = True


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """Everything a back end needs to start one instance. Paths are absolute.

    `key` is 16 characters, unique to the instance. `kind` is the app mode ("python-streamlit"). `code` is the
    folder of the extracted bundle that holds its manifest. `run_dir` is private to the instance (0700): its
    HOME, tmp, token file and log. `base_path` is the public path without a trailing slash ("/content/<guid>")
    or "" at the root of a host. `public_origins` are what browsers send as Origin ("http://localhost:3939").
    `variables` is what the app gets beside the allow-list. `start_timeout` is in seconds.
    """

    key: str
    kind: str
    code: Path
    entrypoint: str
    environment: BuiltEnvironment
    run_dir: Path
    base_path: str
    public_origins: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    cookie_secret: str = field(repr=False)
    start_timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class RenderSpec:
    """Everything that rendering a document once needs. Paths are absolute.

    `key` and `run_dir` are as for a launch. `work` is a private copy of the bundle's files, `source` the document's
    name in it ("report.ipynb"; "": the folder as a whole) and `out` the folder below it that takes the pages.
    `program` is the tool a kind names, as found on this server. `options` is the manifest, `variables` what the
    document gets beside the allow-list, `timeout` is in seconds for the whole rendering.
    """

    key: str
    work: Path
    source: str
    out: Path
    environment: BuiltEnvironment
    run_dir: Path
    program: Path | None
    options: Mapping[str, Any]
    variables: Mapping[str, str] = field(repr=False)
    timeout: float = 1800.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an instance listens; loopback for the local back end."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Handle:
    """One running instance, in values that can be stored and adopted by a later gateway.

    `start_ticks` is field 22 of /proc/<pid>/stat: with `pid` it names a process for ever, where a pid alone
    does not. `log` is the folder that `runners.output` reads.
    """

    key: str
    pid: int
    start_ticks: int
    endpoint: Endpoint
    log: Path


@dataclass(frozen=True, slots=True)
class Exit:
    """How an instance ended: its exit code (negative: the signal; None: not known) and one sentence why."""

    code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a place can do, as data: `survives_gateway` (instances outlive the gateway and can be adopted),
    `isolation` ("none", "uid", "sandbox", "container") and `remote` (instances may listen on other hosts)."""

    name: str
    survives_gateway: bool
    isolation: str
    remote: bool = False


class StartFailed(Exception):
    """An instance did not become ready; by now its processes are gone.

    `message` is one sentence for the publisher; `output_tail` is the end of what the app printed.
    """

    def __init__(self, message: str, output_tail: str = "") -> None:
        """Keep both parts apart, so that a page can show the sentence and a log the tail."""
        super().__init__(message)
        self.message = message
        self.output_tail = output_tail


class Runner(Protocol):
    """One place where instances run."""

    @property
    def capabilities(self) -> Capabilities:
        """What this place can do."""

    async def start(self, spec: LaunchSpec) -> Handle:
        """Start an instance and return once it is ready to serve. Raises StartFailed."""

    async def poll(self, handle: Handle) -> Exit | None:
        """None while the instance runs, else how it ended."""

    async def wait(self, handle: Handle) -> Exit:
        """Return when the instance has ended, saying how."""

    async def stop(self, handle: Handle, grace: float = 5.0) -> None:
        """End the instance and everything it started, politely for `grace` seconds, then surely."""

    async def adopt(self, handle: Handle) -> Handle | None:
        """Take over a recorded instance of an earlier gateway, or None when it is no longer the same process.

        Never signals a process that does not match.
        """

    def output(self, handle: Handle) -> Path:
        """The folder of the instance's log, for `runners.output.read`."""
