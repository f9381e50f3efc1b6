"""Publishing to a gateway under test: the unmodified rsconnect CLI, and direct API calls for what it cannot do."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.harness.gateway import Gateway, until

APPS = Path(__file__).parents[1] / "apps"
RSCONNECT = Path(sys.executable).parent / "rsconnect"


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed on both streams."""

    code: int
    text: str


def rsconnect_variables(home: Path) -> dict[str, str]:
    """The CLI's whole environment, with a home folder of its own, so that its server list is the test's alone."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "RSCONNECT_DISABLE_VERSION_CHECK": "1",
        "NO_COLOR": "1",
        "LANG": "C.UTF-8",
    }


def rsconnect(*arguments: str, cwd: Path | None = None, home: Path, **environ: str) -> Ran:
    """Run the real CLI; `environ` is added to its variables."""
    variables = rsconnect_variables(home) | environ
    done = subprocess.run(
        [str(RSCONNECT), *arguments],
        cwd=cwd or home,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ran(done.returncode, done.stdout + done.stderr)


def run_deploy(
    gateway: Gateway,
    kind: str,
    folder: Path,
    *options: str,
    home: Path,
    key: str | None = None,
    extra: tuple[str, ...] = (),
) -> Ran:
    """`rsconnect deploy KIND FOLDER EXTRA`, however it ends."""
    server = ("-s", gateway.url, "-k", key or gateway.admin_key)
    return rsconnect("deploy", kind, *server, *options, str(folder), *extra, home=home)


def deploy(
    gateway: Gateway,
    kind: str,
    folder: Path,
    *options: str,
    title: str,
    home: Path,
    key: str | None = None,
    extra: tuple[str, ...] = (),
) -> str:
    """`rsconnect deploy KIND FOLDER EXTRA`; returns the content's GUID."""
    ran = run_deploy(gateway, kind, folder, "--title", title, *options, home=home, key=key, extra=extra)
    assert ran.code == 0, ran.text
    found = [c for c in gateway.api("GET", "/v1/content").json() if c["title"] == title]
    assert found, ran.text
    return str(found[0]["guid"])


def app_copy(name: str, where: Path) -> Path:
    """A copy of one of tests/apps: the CLI writes its records into the folder it deploys."""
    folder = where / name.replace("/", "_")
    if not folder.exists():
        shutil.copytree(APPS / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def bundle(
    files: Mapping[str, str], mode: str = "python-streamlit", entrypoint: str = "app.py", requirements: str = ""
) -> bytes:
    """A tar.gz as publishers upload it, with a manifest."""
    held = {"requirements.txt": requirements or "streamlit>=1.50\n", **files}
    manifest = {
        "version": 1,
        "metadata": {"appmode": mode, "entrypoint": entrypoint},
        "python": {"version": "3.11.7", "package_manager": {"name": "pip", "package_file": "requirements.txt"}},
        "files": {
            name: {"checksum": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}
            for name, text in held.items()
        },
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in {"manifest.json": json.dumps(manifest), **held}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def panel_bundle(marker: str) -> bytes:
    """A Panel app whose first page already says "Marker MARKER" in its title."""
    code = 'import panel as pn\npn.extension()\npn.pane.Markdown("x").servable(title="Marker {}")\n'
    return bundle({"app.py": code.format(marker)}, "python-panel", requirements="panel>=1.5\n")


def new_content(gateway: Gateway, key: str | None = None, **fields: object) -> str:
    """A content record; returns its GUID."""
    reply = gateway.api("POST", "/v1/content", json=fields, key=key)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["guid"])


def upload(gateway: Gateway, content_guid: str, archive: bytes, key: str | None = None) -> str:
    """Upload a bundle as the SDK does; returns its id."""
    reply = gateway.api("POST", f"/v1/content/{content_guid}/bundles", content=archive, key=key)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["id"])


def publish(gateway: Gateway, content_guid: str, archive: bytes, **terms: object) -> dict[str, object]:
    """Upload and deploy by direct calls; returns the finished task."""
    body = {"bundle_id": upload(gateway, content_guid, archive), **terms}
    reply = gateway.api("POST", f"/v1/content/{content_guid}/deploy", json=body)
    assert reply.status_code == 202, reply.text
    return wait_task(gateway, reply.json()["task_id"])


def wait_task(gateway: Gateway, task_id: str, key: str | None = None) -> dict[str, object]:
    """Poll a task until it has finished; returns it with all its output."""

    def finished() -> dict[str, object] | None:
        task: dict[str, object] = gateway.api("GET", f"/v1/tasks/{task_id}", key=key, params={"wait": 1}).json()
        return task if task["finished"] else None

    found: dict[str, object] = until(finished, f"task {task_id}", 180)
    return found
