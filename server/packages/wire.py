"""Packages and the lock file as they are sent (connect-api.md 2.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from typing_extensions import TypedDict

from server.db.models import Package
from server.web.described import PageQuery

LARGEST_PAGE = 1_000_000


class ContentPackage(TypedDict):
    """One package of one content item."""

    language: str
    language_version: str
    name: str
    version: str
    hash: str | None


class ServerPackage(ContentPackage):
    """One package with the content that needs it."""

    bundle_id: str
    app_id: str
    app_guid: str
    content_id: str
    content_guid: str


class PackageQuery(PageQuery, total=False):
    """What a list of packages may be asked for."""

    asc_order: bool
    name: str
    language: Literal["python", "r"]


def content_package(row: Package) -> ContentPackage:
    """One package of a content item."""
    return {
        "language": row.language,
        "language_version": row.language_version,
        "name": row.name,
        "version": row.version,
        "hash": None,
    }


def server_package(row: Package, guid: str) -> ServerPackage:
    """One package of the content item `guid`."""
    number = str(row.content_id)
    return {
        **content_package(row),
        "bundle_id": str(row.bundle_id),
        "app_id": number,
        "app_guid": guid,
        "content_id": number,
        "content_guid": guid,
    }


def lockfile(packages: Iterable[Package], version: str) -> str:
    """A requirements.txt.lock: every package with its exact version, after a line that says where it is from."""
    lines = [f"# requirements.txt.lock of what Tabard runs, with Python {version}"]
    lines += [f"{row.name}=={row.version}" for row in packages]
    return "\n".join(lines) + "\n"
