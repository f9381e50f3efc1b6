"""Bundles as they are sent, and the ways an archive arrives (connect-api.md 2.3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import Bundle
from server.web.described import Guid, Moment, PageQuery

KNOWN = ("source", "source_repo", "source_branch", "source_commit")
Address = Annotated[str, Field(max_length=2048)]


class BundleMetadata(TypedDict):
    """Where a version came from, and digests of its archive; clients may have added texts of their own."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    source: str | None
    source_repo: str | None
    source_branch: str | None
    source_commit: str | None
    archive_md5: str | None
    archive_sha1: str | None


class BundleObject(TypedDict):
    """A version of content. `py_version` is null before it is built, `size` is that of the archive in bytes."""

    id: str
    content_guid: Guid
    created_time: Moment
    created_by: Guid | None
    cluster_name: str | None
    image_name: str | None
    environment_guid: str | None
    r_version: str | None
    r_environment_management: bool | None
    py_version: str | None
    py_environment_management: bool | None
    quarto_version: str | None
    active: bool
    size: int
    metadata: BundleMetadata


class BundleQuery(PageQuery, total=False):
    """Which page of a content item's versions; all of them where no page is named. The newest come first."""

    asc_order: bool


class UploadQuery(TypedDict, total=False):
    """Where the archive is to be fetched from, instead of a body."""

    url: Address


class UploadHeaders(TypedDict, total=False):
    """The archive's MD5, in hex or base64."""

    X_Content_Checksum: str


class UploadForm(TypedDict, total=False):
    """An archive with what is known of it as a JSON object of texts, or the address it is to be fetched from."""

    archive: bytes
    metadata: str
    url: Address


def bundle_object(bundle: Bundle, content_guid: str, *, active: bool) -> BundleObject:
    """One version."""
    details = bundle.details
    metadata = {
        **dict.fromkeys(KNOWN),
        **details.get("metadata", {}),
        "archive_md5": details.get("md5"),
        "archive_sha1": details.get("sha1"),
    }
    return {
        "id": str(bundle.id),
        "content_guid": content_guid,
        "created_time": wire(bundle.created_time) or "",
        "created_by": bundle.created_by,
        "cluster_name": "Local",
        "image_name": "Local",
        "environment_guid": None,
        "r_version": None,
        "r_environment_management": None,
        "py_version": bundle.py_version,
        "py_environment_management": details.get("py_management", True if bundle.py_version else None),
        "quarto_version": None,
        "active": active,
        "size": bundle.size,
        "metadata": metadata,  # type: ignore[typeddict-item]
    }
