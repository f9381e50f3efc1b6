"""Owns starting the provider as a process of its own: one port, until it is interrupted."""

import asyncio
import socket
import sys
from dataclasses import replace
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from integrations.sandbox.app import create_app
from integrations.sandbox.faults import CONNECTIONS
from integrations.sandbox.settings import SandboxSettings, SettingsError, load_clients


def run(
    host: str,
    port: int,
    *,
    admin_token: str = "",
    clients_file: Path | None = None,
    quiet: bool = False,
    issuer: str = "",
    vendor: str = "",
) -> int:
    """Serve until SIGINT or SIGTERM and return the exit code.

    `issuer` is the address browsers use, by default http://localhost:PORT; `vendor` the one to behave like at
    the root. A busy port, or a clients file
    that cannot be used, is one sentence on standard error and exit code 1.
    """
    try:
        settings = SandboxSettings(issuer=issuer, admin_token=admin_token, vendor=vendor)
        if clients_file is not None:
            settings = replace(settings, clients=load_clients(clients_file))
        listener = listen(host, port)
        bound = listener.getsockname()[1]
        settings = replace(settings, issuer=issuer or f"http://{_public_host(host)}:{bound}")
        app = create_app(settings)
    except SettingsError as error:
        sys.stderr.write(f"sandbox provider: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(
            f"sandbox provider: cannot listen on {host} port {port} ({error.strerror}); choose another with --port.\n"
        )
        return 1
    if not quiet:
        names = ", ".join(user.sub for user in settings.users)
        sys.stderr.write(f"Sandbox provider on {settings.issuer}\nSign in as {names}; the password is the name.\n")
    try:
        uvicorn.Server(server_config(app)).run(sockets=[listener])
    except KeyboardInterrupt:
        return 0
    return 0


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket (port 0: a free one); raise OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def server_config(app: object) -> uvicorn.Config:
    """Return how uvicorn serves the provider: no access log, since a query can carry a code."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        access_log=False,
        log_level="warning",
        lifespan="off",
        ws="none",
        server_header=False,
        date_header=False,
        http=TellingProtocol,
        timeout_graceful_shutdown=2,
    )


class TellingProtocol(H11Protocol):
    """Notes each connection, so that a fault can reset it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport as long as it lives."""
        super().connection_made(transport)
        if peer := transport.get_extra_info("peername"):
            CONNECTIONS[peer[0], peer[1]] = transport


def _public_host(host: str) -> str:
    """Return the name a browser on this machine uses for what we listen on."""
    return "localhost" if host in {"", "0.0.0.0", "::", "127.0.0.1", "::1"} else host  # noqa: S104
