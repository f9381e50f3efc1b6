"""Bokeh apps served by `bokeh serve`, and what Panel, which stands on Bokeh, shares with them (frameworks.md 3.3)."""

from __future__ import annotations

from collections.abc import Mapping

from runners.contract import LaunchSpec
from runners.kinds.entrypoint import resolve
from runners.kinds.kind import IDENTITY_HEADERS, Kind, ProxyTraits, interpreter, netlocs

# Bokeh copies the headers it may see, with the cookies, into a token in the page and sends that back in the
# socket's handshake, which front ends limit to about 8 KB. So the list is closed: the viewer's identity and the
# few ordinary headers apps read. `Cookie` is not in it: cookies travel in a part of their own, and a raw copy
# would double the token.
VISIBLE_HEADERS = (
    *IDENTITY_HEADERS,
    "Accept-Language",
    "Host",
    "Referer",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Request-Id",
)
TRAITS = ProxyTraits(
    keeps_base_path=True,
    websocket_paths=("/ws", "/*/ws"),
    visible_headers=VISIBLE_HEADERS,
    strip_headers=("Bokeh-Session-Id", "X-Real-Ip", "X-Scheme"),
    closed_paths=("/admin", "/rest", "/liveness"),
)
_UNUSED_SESSION_MS = 300_000  # a flaky link may stay away for five minutes and find its session again


def options(spec: LaunchSpec, port: int) -> list[str]:
    """The options both `bokeh serve` and `panel serve` take."""
    line = ["--address", "127.0.0.1", "--port", str(port)]
    if spec.base_path:
        line += ["--prefix", spec.base_path]
    for netloc in netlocs(spec):
        line += ["--allow-websocket-origin", netloc]
    line += ["--use-xheaders", "--unused-session-lifetime", str(_UNUSED_SESSION_MS)]
    return [*line, "--include-headers", *VISIBLE_HEADERS]


def command(spec: LaunchSpec, port: int) -> list[str]:
    """The argument list. The base path itself leads on to base path + the app's name.

    A main.py stands for its folder, with the theme, templates and hooks beside it, as Bokeh has it.
    """
    app = resolve(spec.code, spec.entrypoint)
    served = app.parent if app.name == "main.py" else app
    return [*interpreter(spec), "-m", "bokeh", "serve", str(served), *options(spec, port)]


def variables(spec: LaunchSpec) -> Mapping[str, str]:
    """Signing, without which a viewer can forge the identity headers an app reads; per content, never shared."""
    return {"BOKEH_SIGN_SESSIONS": "true", "BOKEH_SECRET_KEY": spec.cookie_secret}


def ready(spec: LaunchSpec) -> str:
    """A file of Bokeh's own: the page itself would run the app's script with no viewer."""
    return f"{spec.base_path}/static/js/bokeh.min.js"


KIND = Kind(
    app_mode="python-bokeh",
    label="Bokeh",
    family="interactive",
    required="bokeh",
    command=command,
    variables=variables,
    ready=ready,
    ready_method="HEAD",
    traits=TRAITS,
    default_entrypoints=("app.py", "main.py", "application.py"),
)
