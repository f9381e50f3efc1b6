"""`tabard serve`: opens the installation and runs the server until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import socket
import sys

import uvicorn

from server.app import create_app
from server.cli.hardening import harden
from server.cli.options import add_data_options, settings_of
from server.cli.stopping import stop_is_no_failure
from server.installation import open_installation
from server.settings import Settings
from server.web.room import NoSuchRoom, load

# Seconds that open requests and sockets get to end when the server is told to stop.
GRACE = 10
BACKLOG = 2048


def register(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's options."""
    parser.add_argument("--host", help="the address to listen on (default: 127.0.0.1; TABARD_HOST)")
    parser.add_argument("--port", help="the port to listen on (default: 3939; TABARD_PORT)")
    add_data_options(parser)
    parser.set_defaults(run=run)


def _listen(settings: Settings) -> socket.socket | str:
    """The listening socket, or a sentence why there is none. Before anything is opened or changed."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "not an address"
        return (
            f"cannot listen on {settings.host} port {settings.port} ({reason}); "
            "stop what is using it, or choose another with --port"
        )
    return listener


def _logging(level: str) -> None:
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)-7s %(name)s  %(message)s", stream=sys.stderr
    )
    # These print whole URLs at INFO, and a query may hold a code (security.md LAB-12, K-06).
    for name in ("httpx", "httpcore", "alembic", "uvicorn", "authlib", "multipart", "python_multipart"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _announce(settings: Settings) -> None:
    log = logging.getLogger("tabard")
    if settings.oauth_allow_local_providers:
        log.warning(
            "TABARD_OAUTH_ALLOW_LOCAL_PROVIDERS is on: OAuth providers on this machine and without https are "
            "accepted. Use this for demonstrations and tests only."
        )
    if not settings.secure_cookies and settings.host not in ("127.0.0.1", "::1", "localhost"):
        log.warning("Tabard is reachable from other machines without https; put a TLS proxy in front of it.")
    log.info("Tabard is ready at %s", settings.origin)


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready in our own words."""

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self._settings = settings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _announce(self._settings)


def run(arguments: argparse.Namespace) -> int:
    """Serve. Returns 0 after an orderly end, 1 where the server cannot start."""
    settings = settings_of(arguments)
    harden()
    _logging(settings.log_level)
    stop_is_no_failure()
    listener = _listen(settings)
    if isinstance(listener, str):
        print(f"tabard: {listener}", file=sys.stderr)
        return 1
    with listener:
        try:
            # Looked for before anything is opened, so that a refusal leaves nothing behind.
            if settings.dashboard:
                load(settings.dashboard)
        except NoSuchRoom as error:
            print(f"tabard: {error}", file=sys.stderr)
            return 1
        opened = open_installation(settings)
        try:
            application = create_app(settings, opened)
            config = uvicorn.Config(
                application.asgi,
                http=application.http,
                ws=application.ws,
                lifespan="on",
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=GRACE,
                backlog=BACKLOG,
            )
            server = _Server(config, settings)
            server.run(sockets=[listener])
            return 0 if server.started else 1
        finally:
            opened.close()
