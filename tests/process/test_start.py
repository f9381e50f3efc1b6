"""`tabard` as an operator meets it: what it refuses and how it says so, where settings come from, how it ends."""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.gateway import TABARD, Gateway, free_port, until
from tests.harness.people import Someone, sign_in
from tests.harness.publishing import bundle, new_content, publish


def tabard(*arguments: str, environ: dict[str, str] | None = None, stdin: str = "") -> tuple[int, str]:
    """Run a command that is expected to end by itself; its exit code and all it printed."""
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "TABARD_DASHBOARD": ""} | (environ or {})
    done = subprocess.run(
        [str(TABARD), *arguments], env=variables, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below `folder` with the hash of its bytes, but for SQLite's own shared-memory files."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a server that ran once and was stopped."""
    folder = tmp_path_factory.mktemp("used") / "data"
    with Gateway(folder, environ={"TABARD_DASHBOARD": ""}) as gateway:
        gateway.bootstrap()
        assert gateway.stop() == 0
    assert (folder / "secret.key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    return folder


@pytest.fixture
def copy(used: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    shutil.copytree(used, folder)
    folder.chmod(0o700)
    return folder


class TestRefusals:
    """Each a clear sentence and a non-zero exit, with nothing changed."""

    def test_every_bad_setting_is_reported_at_once_with_its_fix(self, tmp_path: Path):
        config = tmp_path / "tabard.toml"
        config.write_text('session_idle = "soon"\nprot = 1\n')
        secret = "aGVsbG8gY2FuYXJ5"
        code, text = tabard(
            "serve", "--data-dir", str(tmp_path / "data"), "--config", str(config),
            environ={
                "TABARD_PORT": "99999",
                "TABARD_LOG_LEVEL": "loud",
                "TABARD_PUBLIC_URL": "ftp://example.org/path",
                "TABARD_OAUTH_ALLOW_LOCAL_PROVIDERS": "yes",
                "TABARD_MAX_BUNDLE_SIZE": "ten",
                "TABARD_BOOTSTRAP_SECRETKEY": secret,
                "TABARD_DATABASE_URL": "mysql://user:hunter2@host/name",
                "TABARD_DATA_DRI": "/tmp",
                "TABARD_HOST_FILE": str(tmp_path / "missing"),
            },
        )  # fmt: skip
        assert code == 1
        for words in (
            "TABARD_PORT has a value that cannot be used: expected a whole number from 1 to 65535",
            'TABARD_LOG_LEVEL has a value that cannot be used: expected "debug"',
            "TABARD_PUBLIC_URL has a value",
            'TABARD_OAUTH_ALLOW_LOCAL_PROVIDERS has a value that cannot be used: expected "true" or "false"',
            "TABARD_MAX_BUNDLE_SIZE has a value",
            "TABARD_BOOTSTRAP_SECRETKEY has a value that cannot be used: expected at least 32 bytes",
            "TABARD_DATABASE_URL has a value",
            "TABARD_DATA_DRI is not a setting of Tabard; did you mean data_dir?",
            "TABARD_HOST_FILE names a file that cannot be read",
            "session_idle in ",
            "is not a setting of Tabard; did you mean port?",
        ):
            assert words in text, (words, text)
        assert secret not in text
        assert "hunter2" not in text
        assert "Traceback" not in text
        assert not (tmp_path / "data").exists()

    def test_a_busy_port(self, tmp_path: Path):
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            port = str(busy.getsockname()[1])
            code, text = tabard("serve", "--port", port, "--data-dir", str(tmp_path / "data"))
        assert code == 1
        assert f"cannot listen on 127.0.0.1 port {port}" in text
        assert "--port" in text
        assert not (tmp_path / "data").exists()

    def test_a_folder_that_is_not_ours(self, tmp_path: Path):
        folder = tmp_path / "photos"
        folder.mkdir(mode=0o755)
        (folder / "holiday.jpg").write_text("x")
        before = (fingerprint(folder), folder.stat().st_mode)
        code, text = tabard("serve", "--port", str(free_port()), "--data-dir", str(folder))
        assert code == 1
        assert "holds files that are not Tabard's" in text
        assert (fingerprint(folder), folder.stat().st_mode) == before

    def test_a_file_and_an_impossible_folder(self, tmp_path: Path):
        (tmp_path / "file").write_text("x")
        for path in (tmp_path / "file", tmp_path / "file" / "below"):
            code, text = tabard("serve", "--port", str(free_port()), "--data-dir", str(path))
            assert code == 1
            assert "Traceback" not in text
            assert str(path) in text

    def refused(self, folder: Path, words: str) -> None:
        before = fingerprint(folder)
        code, text = tabard("serve", "--port", str(free_port()), "--data-dir", str(folder))
        assert code == 1, text
        assert words in text
        assert "Traceback" not in text
        assert fingerprint(folder) == before

    def test_a_data_directory_that_others_can_enter(self, copy: Path):
        copy.chmod(0o750)
        self.refused(copy, "can be entered by others; run: chmod 700")
        assert copy.stat().st_mode & 0o777 == 0o750

    def test_a_key_that_others_can_read(self, copy: Path):
        (copy / "secret.key").chmod(0o644)
        self.refused(copy, "can be read by others; run: chmod 600")

    def test_a_missing_key_is_never_made_anew_over_sealed_data(self, copy: Path):
        (copy / "secret.key").unlink()
        self.refused(copy, "is missing, and the data is sealed with it")
        assert not (copy / "secret.key").exists()

    def test_a_key_that_does_not_fit(self, copy: Path):
        (copy / "secret.key").write_text("tabard-key-v1 " + base64.b64encode(b"x" * 32).decode() + "\n")
        self.refused(copy, "does not fit the data")

    def test_a_damaged_key(self, copy: Path):
        (copy / "secret.key").write_text("tabard-key-v1 nonsense\n")
        self.refused(copy, "does not hold a Tabard key")

    def test_data_of_a_newer_version(self, copy: Path):
        with contextlib.closing(sqlite3.connect(copy / "tabard.db")) as db, db:
            db.execute("update alembic_version set version_num = '9999'")
        self.refused(copy, "was written by a newer Tabard (schema 9999)")

    def test_a_file_that_is_no_database(self, copy: Path):
        for path in copy.glob("tabard.db*"):
            path.unlink()
        (copy / "tabard.db").write_text("these are not the tables you are looking for" * 100)
        self.refused(copy, "The database cannot be used")

    def test_a_dashboard_that_does_not_exist(self, tmp_path: Path):
        code, text = tabard(
            "serve", "--port", str(free_port()), "--data-dir", str(tmp_path / "data"),
            environ={"TABARD_DASHBOARD": "no.such:room"},
        )  # fmt: skip
        assert code == 1
        assert "no.such:room" in text
        assert "Traceback" not in text
        assert not (tmp_path / "data").exists()


@pytest.fixture(scope="class")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, int]]:
    """A server whose settings come from everywhere at once, and the port it must not listen on."""
    folder = tmp_path_factory.mktemp("configured")
    gateway = Gateway(folder / "from-toml")
    other = free_port()
    secret = folder / "secret"
    secret.write_text(base64.b64encode(gateway.secret).decode() + "\n")
    config = folder / "tabard.toml"
    config.write_text(f'data_dir = "{folder / "from-toml"}"\nport = 1\ndashboard = ""\nlog_level = "error"\n')
    variables = gateway.variables()
    for name in ("TABARD_DATA_DIR", "TABARD_BOOTSTRAP_SECRETKEY"):
        del variables[name]
    variables |= {
        "TABARD_CONFIG": str(config),
        "TABARD_PORT": str(other),
        "TABARD_BOOTSTRAP_SECRETKEY_FILE": str(secret),
        "TABARD_LOG_LEVEL": "info",
    }
    with open(gateway.log_path, "ab") as log:
        gateway.process = subprocess.Popen(
            [str(TABARD), "serve", "--port", str(gateway.port)], env=variables, stdout=log, stderr=log
        )
    until(gateway._answers, "the gateway to answer")
    gateway.bootstrap()  # with the secret from the file
    yield gateway, other
    if gateway.process.poll() is None:
        gateway.stop()


class TestRunning:
    """A server that did start."""

    def test_options_win_over_the_environment_over_the_file(self, configured: tuple[Gateway, int]):
        gateway, other = configured
        assert f"Tabard is ready at {gateway.url}" in gateway.log()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{other}/__ping__")
        assert (gateway.data_dir / "tabard.db").exists()

    def test_a_secret_from_a_file_works_and_is_not_told(self, configured: tuple[Gateway, int]):
        gateway, _other = configured
        assert gateway.api("GET", "/v1/user").json()["user_role"] == "administrator"
        assert base64.b64encode(gateway.secret).decode() not in gateway.log()
        assert gateway.admin_key not in gateway.log()

    def test_allowing_local_providers_is_loud(self, configured: tuple[Gateway, int]):
        gateway, _other = configured
        assert re.search(r"WARNING\s+tabard\s+TABARD_OAUTH_ALLOW_LOCAL_PROVIDERS is on", gateway.log())

    def test_users_are_added_beside_the_running_server(self, configured: tuple[Gateway, int]):
        gateway, _other = configured
        where = ("--data-dir", str(gateway.data_dir))
        code, text = tabard("users", "add", "carol", "--role", "publisher", *where, stdin="carol-password\n")
        assert code == 0, text
        assert "carol-password" not in text
        with contextlib.closing(sign_in(gateway, Someone("", "carol", "carol-password", "publisher"))) as browser:
            assert browser.get("/__api__/v1/user").json()["user_role"] == "publisher"
        code, text = tabard("users", "add", "CAROL", *where, stdin="carol-password\n")
        assert code == 1
        assert "already in use" in text
        assert "Traceback" not in text

    def test_a_second_server_on_the_same_data_is_refused(self, configured: tuple[Gateway, int]):
        gateway, _other = configured
        code, text = tabard("serve", "--port", str(free_port()), "--data-dir", str(gateway.data_dir))
        assert code == 1
        assert "Another Tabard server is using" in text
        assert gateway.api("GET", "/v1/user").status_code == 200

    def test_being_told_to_stop_ends_the_apps_and_is_no_failure(self, configured: tuple[Gateway, int]):
        gateway, _other = configured
        content = new_content(gateway)
        assert publish(gateway, content, bundle({"app.py": "import streamlit"}))["code"] == 0
        assert gateway.app_pids()
        assert gateway.process is not None
        assert gateway.stop() == 0
        assert gateway.app_pids() == []
        assert "Traceback" not in gateway.log()


def test_a_stop_while_starting_is_no_failure_either(tmp_path: Path):
    gateway = Gateway(tmp_path / "data", environ={"TABARD_DASHBOARD": ""})
    process = subprocess.Popen([str(TABARD), "serve"], env=gateway.variables(), stderr=subprocess.PIPE, text=True)
    try:
        until(gateway.data_dir.exists, "the data directory")
        process.send_signal(signal.SIGTERM)
        text = process.communicate(timeout=30)[1]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, text
    assert "Traceback" not in text


def test_the_sandbox_provider_starts_alone(tmp_path: Path):
    port = free_port()
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [str(TABARD), "sandbox-provider", "--port", str(port)],
            env={"PATH": os.environ["PATH"]},
            stdout=log,
            stderr=log,
        )

    def issuer() -> str | None:
        assert process.poll() is None, (tmp_path / "log").read_text()
        try:
            return str(httpx.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration").json()["issuer"])
        except httpx.TransportError:
            return None

    try:
        assert str(port) in until(issuer, "the provider to answer")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
