"""The manifest is read as the clients write it, and every wrong type gets its own sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runners.bundles.manifest import MAX_BYTES, ManifestProblem, parse, read

GOOD: dict[str, Any] = {
    "version": 1,
    "metadata": {"appmode": "python-streamlit", "entrypoint": "app.py"},
    "python": {"version": "3.11.7", "package_manager": {"name": "pip", "package_file": "requirements.txt"}},
    "environment": {"python": {"requires": ">=3.9"}},
    "integration_requests": [{"auth_type": "Viewer"}],
    "files": {"app.py": {"checksum": "0"}},
}


def test_everything_is_read() -> None:
    manifest = parse(json.dumps(GOOD).encode())
    assert (manifest.app_mode, manifest.entrypoint) == ("python-streamlit", "app.py")
    assert (manifest.python_version, manifest.requires) == ("3.11.7", ">=3.9")
    assert manifest.package_file == "requirements.txt"
    assert manifest.files == ("app.py",)
    assert manifest.integration_requests == ({"auth_type": "Viewer"},)


def test_little_is_enough() -> None:
    manifest = parse(b'{"metadata": {"appmode": "static"}}')
    assert manifest.entrypoint is None
    assert manifest.package_file is None
    assert manifest.files == ()


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"metadata": 3}, "metadata must be an object"),
        ({"metadata": {}}, "metadata.appmode"),
        ({"metadata": {"appmode": 3}}, "metadata.appmode must be a string"),
        ({"metadata": {"appmode": "x", "entrypoint": ["a"]}}, "metadata.entrypoint must be a string"),
        ({"metadata": {"appmode": "x", "entrypoint": "a\u0000b"}}, "control character"),
        ({"metadata": {"appmode": "x", "entrypoint": "a" * 1025}}, "entrypoint is longer than 1024 characters"),
        ({"python": []}, "python must be an object"),
        ({"environment": {"python": {"requires": 3}}}, "environment.python.requires"),
        ({"files": ["app.py"]}, "files must be an object"),
        ({"integration_requests": [1]}, "integration_requests"),
    ],
)
def test_wrong_types(change: dict[str, Any], names: str) -> None:
    with pytest.raises(ManifestProblem, match=names):
        parse(json.dumps(GOOD | change).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b" " * (MAX_BYTES + 1)])
def test_not_a_manifest(data: bytes) -> None:
    with pytest.raises(ManifestProblem):
        parse(data)


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(json.dumps(GOOD))
    (tmp_path / "manifest.json").symlink_to("real")
    with pytest.raises(ManifestProblem):
        read(tmp_path)


@pytest.mark.parametrize(
    ("said", "managed"),
    [({}, True), ({"python": None}, True), ({"python": True}, True), ({"python": False, "r": True}, False)],
)
def test_whether_an_environment_is_to_be_built(said: dict[str, object], managed: bool):
    document = {"metadata": {"appmode": "python-api"}, "environment": {"environment_management": said}}
    assert parse(json.dumps(document).encode()).python_managed is managed
    document["environment"] = {"environment_management": {"python": "no"}}
    with pytest.raises(ManifestProblem, match="must be true or false"):
        parse(json.dumps(document).encode())
