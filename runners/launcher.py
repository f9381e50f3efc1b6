"""Serves a publisher's app object: run as a script by the content's own interpreter, which may be as old as 3.8.

Nothing of this server is imported here, and nothing of the bundle before its framework is: a bundle's modules come
first for the bundle, and too late to take the place of the framework's own imports.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

# Answered here, without the publisher's code; the gateway shows it to nobody.
READY = "/__ready__"
EXPRESS = "shiny.express.app:"
_THREADS = 32  # each open stream of a WSGI app holds one
_CONNECTIONS = 1000
_SOCKET_BYTES = 16 * 1024 * 1024
# What a Gradio app may not choose: where it listens, under which name, and that it is not shown elsewhere.
_GRADIO_OURS = (
    "debug",
    "enable_monitoring",
    "inbrowser",
    "inline",
    "node_port",
    "node_server_name",
    "num_workers",
    "prevent_thread_lock",
    "quiet",
    "root_path",
    "server_name",
    "server_port",
    "share",
    "share_server_address",
    "share_server_protocol",
    "share_server_tls_certificate",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_keyfile_password",
    "ssl_verify",
    "ssr_mode",
    "strict_cors",
)


def load(code: str, entry: str, names: Sequence[str]) -> Any:
    """Import what `entry` names in the folder `code` and return its app object.

    `entry` is "module", "module:object" or a file name; without an object the first of `names` that the module
    has. Ends the process with a sentence when there is none.
    """
    module_name, _, wanted = entry.partition(":")
    module = _file(code, module_name) if module_name.endswith(".py") else _module(code, module_name)
    for name in (wanted,) if wanted else names:
        if hasattr(module, name):
            return getattr(module, name)
    missing = wanted or " or ".join(names)
    raise SystemExit(f"{module_name} defines no {missing}; name the app's object in the entry point.")


def _module(code: str, name: str) -> ModuleType:
    sys.path.insert(0, code)
    module = importlib.import_module(name)
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
    if not any(os.path.realpath(place).startswith(os.path.realpath(code) + os.sep) for place in places):
        raise SystemExit(f"The entry point {name} has the name of an installed module; give the file another name.")
    return module


def _file(code: str, name: str) -> ModuleType:
    path = os.path.join(code, name)
    sys.path[:0] = [os.path.dirname(path), code]
    title = os.path.basename(path)[: -len(".py")]
    spec = importlib.util.spec_from_file_location(title, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{name} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[title] = module
    spec.loader.exec_module(module)
    return module


def _first(name: str) -> None:
    """Import a framework before the bundle's folder is looked at, if it is there."""
    with contextlib.suppress(ImportError):  # it may be another framework, which the app imports itself
        importlib.import_module(name)


def wsgi_ready(app: Any) -> Any:
    """`app`, with the path `READY` answered before it (PEP 3333)."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO") == READY:
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
            return [b"ok"]
        return app(environ, start_response)

    return answer


def asgi_ready(app: Any) -> Any:
    """`app`, with the path `READY` answered before it (ASGI 3)."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] in (READY, scope.get("root_path", "") + READY):
            headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"ok"})
        else:
            await app(scope, receive, send)

    return answer


def serve_wsgi(app: Any, port: int, base: str) -> None:
    """Serve until the process is ended; `base` becomes SCRIPT_NAME, as url_for and its like expect."""
    importlib.import_module("waitress").serve(
        wsgi_ready(app),
        host="127.0.0.1",
        port=port,
        url_prefix=base,
        threads=_THREADS,
        connection_limit=_CONNECTIONS,
        asyncore_use_poll=True,
        ident=None,
        trusted_proxy="127.0.0.1",
        trusted_proxy_headers={"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"},
    )


def serve_asgi(app: Any, port: int, base: str, **terms: Any) -> None:
    """Serve until the process is ended; `base` becomes the scope's root_path."""
    importlib.import_module("uvicorn").run(
        asgi_ready(app),
        host="127.0.0.1",
        port=port,
        root_path=base,
        access_log=False,
        server_header=False,
        forwarded_allow_ips="127.0.0.1",
        ws_max_size=_SOCKET_BYTES,
        workers=1,  # else WEB_CONCURRENCY, which publishers may set, asks for what an app object cannot have
        **terms,
    )


def run_wsgi(code: str, entry: str, port: int, base: str) -> None:
    """Any WSGI app."""
    importlib.import_module("waitress")
    _first("flask")
    serve_wsgi(load(code, entry, ("app", "application", "api", "server")), port, base)


def run_asgi(code: str, entry: str, port: int, base: str) -> None:
    """Any ASGI app."""
    importlib.import_module("uvicorn")
    _first("fastapi")
    serve_asgi(load(code, entry, ("app", "application", "api", "main")), port, base)


def run_dash(code: str, entry: str, port: int, base: str) -> None:
    """A Dash app, or the Flask server of one."""
    importlib.import_module("waitress")
    dash = importlib.import_module("dash")
    found = load(code, entry, ("app", "application", "server"))
    server = found.server if isinstance(found, dash.Dash) else found
    if not hasattr(server, "wsgi_app"):
        raise SystemExit("This server runs Dash apps on Flask only; leave out the Dash app's other backend.")
    serve_wsgi(server, port, base)


def run_shiny(code: str, entry: str, port: int, base: str) -> None:
    """A Shiny app, core or express. Shiny is written for the root of a host and is not told of `base`."""
    importlib.import_module("uvicorn")
    importlib.import_module("shiny")
    file = unescaped(entry[len(EXPRESS) :]) if entry.startswith(EXPRESS) else entry.partition(":")[0]
    if not file.endswith(".py"):
        file = file.replace(".", "/") + ".py"
    path = os.path.join(code, file)
    app = _express(path, forced=entry.startswith(EXPRESS))
    if app is None:
        app = load(code, entry, ("app",))
    # Shiny's reactive graph does not get on with uvloop, its maintainers say.
    serve_asgi(app, port, "", loop="asyncio", lifespan="on")


def unescaped(name: str) -> str:
    """The file name in an escaped entry point: "app_2e_py" is app.py."""
    return re.sub(r"_([0-9a-f]{1,5})_", lambda found: chr(int(found.group(1), 16)), name)


def _express(path: str, *, forced: bool) -> Any:
    """The app of an express file, or None when it is not one."""
    try:
        express = importlib.import_module("shiny.express")
    except ImportError:
        return None  # older than express
    if not forced and not express.is_express_app(path, None):
        return None
    sys.path.insert(0, os.path.dirname(path))
    return express.wrap_express_app(importlib.import_module("pathlib").Path(path))


def run_gradio(code: str, entry: str, port: int, base: str) -> None:
    """A Gradio app. Its script may call `launch` itself, guarded or not: what it asks for is kept, bar the place."""
    gradio = importlib.import_module("gradio")
    real = gradio.Blocks.launch
    known = inspect.signature(real).parameters
    launched: list[tuple[Any, dict[str, Any]]] = []

    def launch(self: Any, *args: Any, **given: Any) -> tuple[None, str, None]:
        asked: dict[str, Any] = dict(inspect.signature(real).bind(self, *args, **given).arguments)
        asked.update(asked.pop("kwargs", {}))
        asked.pop("self", None)
        launched.append((self, asked))
        return None, "", None

    gradio.Blocks.launch = launch
    app = _gradio_app(code, entry, launched)
    gradio.Blocks.launch = real
    if not isinstance(app, gradio.Blocks):  # mounted in an ASGI app
        serve_asgi(app, port, base)
        return
    nothing: dict[str, Any] = {}
    asked = next((terms for block, terms in reversed(launched) if block is app), nothing)
    terms = {name: value for name, value in asked.items() if name not in _GRADIO_OURS}
    ours: dict[str, Any] = {"server_name": "127.0.0.1", "server_port": port, "root_path": base, "quiet": True}
    ours.update(dict.fromkeys(("share", "inbrowser", "ssr_mode", "enable_monitoring"), False))
    app.launch(**terms, **{name: value for name, value in ours.items() if name in known})


def _gradio_app(code: str, entry: str, launched: list[tuple[Any, dict[str, Any]]]) -> Any:
    try:
        return load(code, entry, ("demo", "app", "interface", "iface"))
    except SystemExit:
        if not launched or ":" in entry:
            raise
        return launched[-1][0]


RUN = {"wsgi": run_wsgi, "asgi": run_asgi, "dash": run_dash, "shiny": run_shiny, "gradio": run_gradio}


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(RUN))
    parser.add_argument("--code", required=True)
    parser.add_argument("--entry", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--base", default="")
    given = parser.parse_args(arguments)
    RUN[given.kind](given.code, given.entry, given.port, given.base)


if __name__ == "__main__":
    main()
