"""What the rest of the server knows about a kind of content, as data and three small functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from runners.contract import LaunchSpec, RenderSpec
from runners.kinds.entrypoint import resolve

# The identity headers the gateway adds to every request and upgrade, after it has removed a client's own copies.
IDENTITY_HEADERS = (
    "X-App-User",
    "X-App-Email",
    "X-App-Groups",
    "X-App-Session",
    "Posit-Connect-User-Session-Token",
    "Rstudio-Connect-Credentials",
)


@dataclass(frozen=True, slots=True)
class ProxyTraits:
    """How a gateway must treat an app of this kind.

    `keeps_base_path`: the app expects the public path, so the gateway strips nothing. `websocket_paths`: where
    its sockets are, below the base path ("*" stands for one path segment). `visible_headers`: request headers the
    framework copies into the page (None: none), which is why no token may travel in a header there. `strip_headers`:
    headers the framework believes blindly, that a client must never send. `closed_paths`: below the base path,
    not for viewers. `credentials_header`: where the framework itself looks for JSON with `user` and `groups`.
    """

    keeps_base_path: bool
    websocket_paths: tuple[str, ...]
    visible_headers: tuple[str, ...] | None = None
    strip_headers: tuple[str, ...] = ()
    closed_paths: tuple[str, ...] = ()
    credentials_header: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of content.

    `app_mode` is its name on the wire. `required` is the distribution a publisher must list ("" for none), `adds` are
    those the server installs where the publisher lists no version of them. `command` gives the argument list for a
    spec and a port, `variables` what the framework needs in its environment, `ready` the path that answers less than
    `ready_below` once the app serves, asked with `ready_method`, without running the publisher's code. `locate` finds
    the file (or folder) of an entry point in a bundle, or raises EntrypointProblem. `default_entrypoints` are tried in
    turn where the manifest names none. `language` is "r" for what runs with the system's R library; `required` is a
    package of that then.

    Kinds of the families "static" and "rendered" have no process (runners.kinds.still). `render` gives the argument
    list that makes a rendered kind's pages, `tool` the program it needs on the server, and `refuses` a sentence why
    a document cannot be rendered here, found without running it.
    """

    app_mode: str
    label: str
    family: str
    required: str
    command: Callable[[LaunchSpec, int], list[str]]
    variables: Callable[[LaunchSpec], Mapping[str, str]]
    ready: Callable[[LaunchSpec], str]
    traits: ProxyTraits
    ready_method: str = "GET"
    ready_below: int = 400
    default_entrypoints: tuple[str, ...] = field(default=("app.py",))
    adds: tuple[str, ...] = ()
    locate: Callable[[Path, str], Path] = resolve
    render: Callable[[RenderSpec], list[str]] | None = None
    tool: str = ""
    refuses: Callable[[Path], str | None] | None = None
    language: Literal["python", "r"] = "python"


def interpreter(spec: LaunchSpec) -> list[str]:
    """The content's own interpreter, isolated: no PYTHON* variables, no user site, no working folder on its path.

    The framework puts the entry point's folder on the path itself, so a bundle's modules import, but they come
    too late to take the place of the framework's own imports.
    """
    return [str(spec.environment.python), "-I", "-u"]


def netlocs(spec: LaunchSpec) -> list[str]:
    """The host[:port] of each public origin, as browsers write them in Origin."""
    return [urlsplit(origin).netloc for origin in spec.public_origins]
