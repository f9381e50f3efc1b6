"""A real PostgreSQL server of the tests' own: a plain user, a folder of its own, a socket and no port."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.harness.gateway import until

OWNER = "tabard"


def program(name: str) -> Path:
    """One of PostgreSQL's server programs; Debian keeps them off the path."""
    found = shutil.which(name)
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    assert found or places, f"{name} is missing; run: python tools/ensure_postgres.py"
    return Path(found) if found else places[0]


@dataclass
class Postgres:
    """A running server; `create` makes databases in it."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, statement: str) -> None:
        """Run one statement outside a transaction."""
        with psycopg.connect(
            host=str(self.folder), user=OWNER, dbname="postgres", autocommit=True, connect_timeout=5
        ) as connection:
            connection.execute(statement.encode())

    def create(self, template: str | None = None) -> str:
        """A new database, as a copy of `template` if one is named; returns its name."""
        name = f"t{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def url(self, name: str) -> str:
        """The value of TABARD_DATABASE_URL for a database."""
        return f"postgresql://{OWNER}@/{name}?host={self.folder}"


def _plain_user() -> dict[str, Any]:
    """Options of subprocess that leave root behind: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Make and run a server; everything is gone afterwards."""
    # A socket's path has at most 107 characters, so the folder is not below pytest's own.
    folder = Path(tempfile.mkdtemp(prefix="tabard-pg-", dir="/tmp"))
    as_user = _plain_user()
    if as_user:
        os.chown(folder, as_user["user"], as_user["group"])
    variables = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    process: subprocess.Popen[bytes] | None = None
    try:
        make = [program("initdb"), "-D", folder / "data", "-U", OWNER, "--auth=trust", "-N", "-E", "UTF8"]
        done = subprocess.run(
            [*make, "--locale=C.UTF-8"], env=variables, cwd="/", capture_output=True, text=True, check=False, **as_user
        )
        assert done.returncode == 0, done.stdout + done.stderr
        settings = {"listen_addresses": "", "fsync": "off", "max_connections": "60", "unix_socket_directories": folder}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = folder / "log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [program("postgres"), "-D", folder / "data", *options],
                env=variables,
                cwd="/",
                stdout=output,
                stderr=output,
                **as_user,
            )
        server, running = Postgres(folder), process

        def answers() -> bool:
            assert running.poll() is None, log.read_text()
            with contextlib.suppress(psycopg.OperationalError):
                server.run("SELECT 1")
                return True
            return False

        until(answers, "PostgreSQL to answer", 30)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)  # its "immediate shutdown": nothing is kept, so nothing is flushed
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
