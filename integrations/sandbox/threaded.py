"""Owns running the provider in a thread of the calling process, for tests and for tools."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import uvicorn

from integrations.sandbox.app import create_app
from integrations.sandbox.run import listen, server_config
from integrations.sandbox.settings import SandboxSettings

START_SECONDS: Final = 20.0


@contextmanager
def running(settings: SandboxSettings, *, port: int = 0) -> Iterator[str]:
    """Serve on 127.0.0.1 (a free port by default) and yield the address, without a slash at the end.

    An empty `settings.issuer` becomes that address. Raises RuntimeError when the server does not come up.
    """
    listener = listen("127.0.0.1", port)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(server_config(create_app(replace(settings, issuer=settings.issuer or address))))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
    thread.start()
    try:
        _wait_started(server, thread)
        yield address
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        listener.close()


def _wait_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    """Return once the server accepts; raise RuntimeError when its thread ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("The sandbox provider did not start.")
        time.sleep(0.005)
