"""Reads manifest.json, which says what a bundle is and how it wants to run (connect-api.md 2.4)."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BYTES = 1024 * 1024
# Names and versions; a path in a bundle is no longer either.
LONGEST = 1024
_DEFAULT_PACKAGE_FILE = "requirements.txt"


class ManifestProblem(Exception):
    """manifest.json cannot be used; the text is one sentence for the publisher."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifest says.

    `entrypoint`, `primary_html`, `python_version`, `requires` and `package_file` are None when it does not
    say; `python_managed` is false where no Python environment is to be built; `files` are the listed names; `raw` is
    the whole document.
    """

    app_mode: str
    entrypoint: str | None
    primary_html: str | None
    python_version: str | None
    package_file: str | None
    requires: str | None
    python_managed: bool
    files: tuple[str, ...]
    integration_requests: tuple[Mapping[str, Any], ...]
    raw: Mapping[str, Any]


def read(folder: Path) -> Manifest:
    """Read manifest.json in `folder` (`Extracted.manifest_dir`). Raises ManifestProblem."""
    try:
        descriptor = os.open(folder / "manifest.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ManifestProblem(f"manifest.json cannot be read ({error.strerror}).") from error
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ManifestProblem("manifest.json is not a regular file.")
        data = file.read(MAX_BYTES + 1)
    return parse(data)


def parse(data: bytes) -> Manifest:
    """Parse a manifest's bytes. Raises ManifestProblem when malformed, mistyped or too large."""
    if len(data) > MAX_BYTES:
        raise ManifestProblem(f"manifest.json is larger than {MAX_BYTES} bytes.")
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ManifestProblem("manifest.json is not valid JSON in UTF-8; write it again with rsconnect.") from error
    if not isinstance(document, dict):
        raise ManifestProblem("manifest.json must hold a JSON object.")
    metadata = _object(document, "metadata", "metadata")
    python = _object(document, "python", "python")
    packages = _object(python, "package_manager", "python.package_manager")
    environment = _object(document, "environment", "environment")
    wanted = _object(environment, "python", "environment.python")
    managed = _object(environment, "environment_management", "environment.environment_management")
    mode = _string(metadata, "appmode", "metadata.appmode")
    if not mode:
        raise ManifestProblem("manifest.json does not say metadata.appmode, so the kind of content is not known.")
    return Manifest(
        app_mode=mode,
        entrypoint=_string(metadata, "entrypoint", "metadata.entrypoint") or None,
        primary_html=_string(metadata, "primary_html", "metadata.primary_html") or None,
        python_version=_string(python, "version", "python.version") or None,
        package_file=_string(packages, "package_file", "python.package_manager.package_file")
        or (_DEFAULT_PACKAGE_FILE if python else None),
        requires=_string(wanted, "requires", "environment.python.requires") or None,
        python_managed=_flag(managed, "python", "environment.environment_management.python"),
        files=tuple(_object(document, "files", "files")),
        integration_requests=_requests(document),
        raw=document,
    )


def _object(parent: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ManifestProblem(f"manifest.json: {where} must be an object.")
    return value


def _string(parent: Mapping[str, Any], key: str, where: str) -> str | None:
    value = parent.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ManifestProblem(f"manifest.json: {where} must be a string.")
    if any(ord(char) < 32 or 0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise ManifestProblem(f"manifest.json: {where} holds a control character.")
    if len(value) > LONGEST:
        raise ManifestProblem(f"manifest.json: {where} is longer than {LONGEST} characters.")
    return value


def _flag(parent: Mapping[str, Any], key: str, where: str) -> bool:
    """Whether a switch is on; it is unless the document says false."""
    value = parent.get(key)
    if value is not None and not isinstance(value, bool):
        raise ManifestProblem(f"manifest.json: {where} must be true or false.")
    return value is not False


def _requests(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    value = document.get("integration_requests")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ManifestProblem("manifest.json: integration_requests must be a list of objects.")
    return tuple(value)
