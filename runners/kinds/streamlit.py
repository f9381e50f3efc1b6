"""Streamlit apps: the launch line for the release that the content's own environment has (frameworks.md 3.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from runners.contract import LaunchSpec
from runners.kinds.entrypoint import resolve
from runners.kinds.kind import Kind, ProxyTraits, interpreter

# Reconnects resume a session only when these are exactly equal, so only stable values are mapped, never a token.
USER_HEADERS = {"X-App-User": "username", "X-App-Email": "email"}
_RESUME_SECONDS = 300
_PING_SECONDS = 20  # releases 1.46 to 1.56 grey out when the ping's timeout is longer than its interval


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list. Everything a bundle's config.toml could weaken is given as a flag, which wins (B-10)."""
    line = [*interpreter(spec), "-m", "streamlit", "run", str(resolve(spec.code, spec.entrypoint))]
    for name, value in _options(spec, port):
        line += [f"--{name}", value]
    return line


def variables(spec: LaunchSpec) -> Mapping[str, str]:
    """The cookie secret, which must not stand in an argument list."""
    return {"STREAMLIT_SERVER_COOKIE_SECRET": spec.cookie_secret}


def ready(spec: LaunchSpec) -> str:
    """The health endpoint; it does not run the app's script."""
    return f"{spec.base_path}/_stcore/health"


def _options(spec: LaunchSpec, port: int) -> list[tuple[str, str]]:
    public = urlsplit(spec.public_origins[0]) if spec.public_origins else urlsplit("http://localhost")
    options = [
        ("server.address", "127.0.0.1"),
        ("server.port", str(port)),
        ("server.headless", "true"),
        ("server.baseUrlPath", spec.base_path),
        ("server.enableCORS", "true"),
        ("server.enableXsrfProtection", "true"),
        ("server.fileWatcherType", "none"),
        ("server.runOnSave", "false"),
        ("browser.gatherUsageStats", "false"),
        # Without an address Streamlit asks the internet for its own, which delays every start.
        ("browser.serverAddress", public.hostname or "localhost"),
        ("browser.serverPort", str(public.port or (443 if public.scheme == "https" else 80))),
        ("global.developmentMode", "false"),
    ]
    newer = [
        ("server.trustedUserHeaders", json.dumps(USER_HEADERS)),
        ("server.websocketPingInterval", str(_PING_SECONDS)),
        ("server.disconnectedSessionTTL", str(_RESUME_SECONDS)),
        ("server.enableAgentApi", "false"),
        *(("server.corsAllowedOrigins", origin) for origin in spec.public_origins),
    ]
    known = _known_options(_package(spec.environment.root))
    return options + [(name, value) for name, value in newer if name in known]


def _package(root: Path) -> Path | None:
    """Streamlit's own config.py in an environment, found without importing it."""
    return next(iter(root.glob("lib/python3*/site-packages/streamlit/config.py")), None)


@lru_cache(maxsize=256)
def _known_options(config: Path | None) -> frozenset[str]:
    """Which newer options this release knows, read from the names it registers."""
    text = config.read_text(errors="replace") if config else ""
    names = (
        "server.trustedUserHeaders",
        "server.websocketPingInterval",
        "server.disconnectedSessionTTL",
        "server.enableAgentApi",
        "server.corsAllowedOrigins",
    )
    return frozenset(name for name in names if f'"{name}"' in text)


KIND = Kind(
    app_mode="python-streamlit",
    label="Streamlit",
    family="interactive",
    required="streamlit",
    command=command,
    variables=variables,
    ready=ready,
    traits=ProxyTraits(
        keeps_base_path=True,
        websocket_paths=("/_stcore/stream",),
        strip_headers=("X-Streamlit-User", *USER_HEADERS),
        closed_paths=("/_stcore/metrics", "/_stcore/agent"),
    ),
    default_entrypoints=("app.py", "streamlit_app.py", "main.py", "application.py"),
)
