"""A container engine for the compose check: one that runs, or Debian's own, started and ended by the check."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

DEBIAN_PACKAGES = {"dockerd": "docker.io", "docker-compose": "docker-compose", "debootstrap": "debootstrap"}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
BRIDGE = Path("/sys/class/net/docker0")
BASE_IMAGE = "tabard-check-base:bookworm"
POSTGRES_IMAGE = "tabard-check-postgres:bookworm"
# What the official PostgreSQL image does with the same variables, as far as this check needs it.
START_POSTGRES = """#!/bin/sh
set -eu
mkdir -p "$PGDATA" && chmod 700 "$PGDATA" && chown -R postgres: "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    runuser -u postgres -- initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \\
        --encoding=UTF8 --locale=C.UTF-8 --auth-local=reject --auth-host=scram-sha-256
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    echo "CREATE DATABASE \\"$POSTGRES_DB\\"" | runuser -u postgres -- postgres --single -D "$PGDATA" postgres
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups \\
    postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp
"""


class CannotRun(Exception):
    """No engine can be had here; the text says why."""


class StepFailed(Exception):
    """A command or a wait failed; the text is what it printed or what was waited for."""


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print a line with the seconds that `what` took."""
    started = time.monotonic()
    print(f"  {what} ...", flush=True)
    yield
    print(f"  {what}: {time.monotonic() - started:.1f} s", flush=True)


def run(command: list[str], *, variables: Mapping[str, str] | None = None, stdin: bytes | None = None) -> str:
    """Run a command to its end and return its output. Raises StepFailed with the end of it."""
    done = subprocess.run(
        command,
        env={**os.environ, **(variables or {})},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        last = "\n".join(text.splitlines()[-40:])
        raise StepFailed(f"{' '.join(command[:6])} ended with {done.returncode}:\n{last}")
    return text


@dataclass
class Engine:
    """How to reach an engine, and the images to use; an empty name leaves the compose file's own default."""

    variables: dict[str, str] = field(default_factory=dict)
    base_image: str = ""
    postgres_image: str = ""

    def docker(self, *arguments: str) -> str:
        """`docker ...`. Raises StepFailed."""
        return run(["docker", *arguments], variables=self.variables)


def running_engine() -> Engine | None:
    """The engine this machine already runs, if there is one."""
    if not shutil.which("docker"):
        return None
    try:
        run(["docker", "info", "--format", "{{.ServerVersion}}"])
    except StepFailed:
        return None
    return Engine()


@contextmanager
def own_engine(work: Path) -> Iterator[Engine]:
    """Debian's dockerd on a socket and data folder below `work`, with two images made by debootstrap.

    It is ended by its pid. Raises CannotRun where this is not root on Debian, StepFailed otherwise.
    """
    _install()
    with step("debootstrap two base images"), ThreadPoolExecutor(2) as pool:
        base = pool.submit(_debootstrap, work / "base", "python3,python3-venv,ca-certificates")
        postgres = pool.submit(_debootstrap, work / "postgres", "postgresql")
        base.result(), postgres.result()
    # A short path of its own: a socket's name may have 107 characters.
    with (
        tempfile.TemporaryDirectory(prefix="tabard-engine-", dir="/tmp") as folder,
        _dockerd(Path(folder)) as variables,
    ):
        with step("import the base images"):
            _import_base(work / "base", variables)
            _import_postgres(work / "postgres", variables)
        yield Engine(variables, BASE_IMAGE, POSTGRES_IMAGE)


def _install() -> None:
    if os.geteuid() != 0:
        raise CannotRun("no engine runs here, and only root can start one")
    missing = [package for program, package in DEBIAN_PACKAGES.items() if not shutil.which(program)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise CannotRun(f"no engine runs here, and {', '.join(missing)} can only be installed on Debian")
    with step(f"install {', '.join(missing)}"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update", "-qq"], variables=quiet)
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], variables=quiet)


def _debootstrap(place: Path, packages: str) -> None:
    if (place / "etc/debian_version").exists():
        return
    making = place.with_suffix(".new")
    shutil.rmtree(making, ignore_errors=True)
    run(["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(making)])
    making.rename(place)


@contextmanager
def _dockerd(folder: Path) -> Iterator[dict[str, str]]:
    address = f"unix://{folder}/docker.sock"
    # The classic builder: Debian's engine has no buildx.
    variables = {"DOCKER_HOST": address, "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0"}
    log = folder / "dockerd.log"
    bridge_was_there = BRIDGE.exists()
    with log.open("wb") as output:
        options = {
            "host": address,
            "data-root": folder / "data",
            "exec-root": folder / "exec",
            "pidfile": folder / "pid",
        }
        command = ["dockerd", *(f"--{name}={value}" for name, value in options.items())]
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        with step("start dockerd"):
            _until_ready(daemon, variables, log)
        yield variables
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(60)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
        print(f"  dockerd (pid {daemon.pid}) has ended", flush=True)
        _release(folder, bridge_was_there=bridge_was_there)


def _release(folder: Path, *, bridge_was_there: bool) -> None:
    """Undo what dockerd leaves behind: its mounts below `folder`, and the bridge if it made it."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in sorted((name for name in mounts if name.startswith(f"{folder}/")), reverse=True):
        run(["umount", "--lazy", place])
    if not bridge_was_there and BRIDGE.exists() and shutil.which("ip"):
        run(["ip", "link", "delete", BRIDGE.name])


def _until_ready(daemon: subprocess.Popen[bytes], variables: Mapping[str, str], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            run(["docker", "info"], variables=variables)
            return
        except StepFailed:
            if daemon.poll() is not None or time.monotonic() > deadline:
                last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise StepFailed(f"dockerd did not start:\n{last}") from None
            time.sleep(0.2)


def _import(tree: Path, name: str, changes: list[str], variables: Mapping[str, str]) -> None:
    options = [part for change in changes for part in ("--change", change)]
    with subprocess.Popen(["tar", "-C", str(tree), "-c", "."], stdout=subprocess.PIPE) as archive:
        subprocess.run(
            ["docker", "import", *options, "-", name],
            stdin=archive.stdout,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **variables},
            check=True,
        )
    if archive.returncode != 0:
        raise StepFailed(f"tar of {tree} ended with {archive.returncode}")


def _import_base(tree: Path, variables: Mapping[str, str]) -> None:
    """The machine's own CA bundle goes in, as an organisation would put its CA into its base image."""
    changes = [f"ENV PATH={SYSTEM_PATH}"]
    own = Path(os.environ.get("SSL_CERT_FILE") or f"/{BUNDLE}")
    if own.is_file():
        shutil.copyfile(own, tree / BUNDLE)
        changes.append(f"ENV SSL_CERT_FILE=/{BUNDLE} PIP_CERT=/{BUNDLE} REQUESTS_CA_BUNDLE=/{BUNDLE}")
    _import(tree, BASE_IMAGE, changes, variables)


def _import_postgres(tree: Path, variables: Mapping[str, str]) -> None:
    programs = next(tree.glob("usr/lib/postgresql/*/bin"), None)
    if programs is None:
        raise StepFailed(f"PostgreSQL is not below {tree}; remove that folder and try again")
    script = tree / "usr/local/bin/start-postgres"
    script.write_text(START_POSTGRES)
    script.chmod(0o755)
    changes = [f"ENV PATH=/{programs.relative_to(tree)}:{SYSTEM_PATH}", 'ENTRYPOINT ["/usr/local/bin/start-postgres"]']
    _import(tree, POSTGRES_IMAGE, changes, variables)


def say(text: str) -> None:
    """One line of the report, at once."""
    print(text, flush=True)


def fail(text: str) -> int:
    """A failure's text on standard error; the exit code."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
    return 1
