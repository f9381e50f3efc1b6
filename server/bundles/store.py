"""Queries over bundles, and the bundle object of the API (connect-api.md 2.3)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from server.db.clock import wire
from server.db.models import Bundle, Content
from server.web.errors import ApiError, not_found

DELETE_ACTIVE = 75


def add(session: Session, bundle: Bundle) -> Bundle:
    """Record a bundle whose files are in place already."""
    session.add(bundle)
    session.flush()
    return bundle


def get(session: Session, content_id: int, number: int) -> Bundle:
    """One bundle of a content item. Raises ApiError 404."""
    row = session.get(Bundle, number)
    if row is None or row.content_id != content_id:
        raise not_found("bundle")
    return row


def listing(session: Session, content_id: int) -> list[Bundle]:
    """Every bundle, newest first."""
    query = select(Bundle).where(Bundle.content_id == content_id).order_by(col(Bundle.id).desc())
    return list(session.exec(query).all())


def remove(session: Session, content_id: int, number: int) -> str:
    """Delete the record of a bundle; returns its folder. Raises ApiError 404, 409 for the active one."""
    row = get(session, content_id, number)
    # Locked, so that this version cannot become the active one meanwhile.
    content = session.get(Content, content_id, with_for_update=True)
    if content is not None and content.bundle_id == number:
        raise ApiError(409, DELETE_ACTIVE, "The active bundle cannot be deleted; activate another one first.")
    session.delete(row)
    return folder_of(row)


def folders(session: Session) -> set[str]:
    """The folders of every recorded bundle."""
    return {folder_of(row) for row in session.exec(select(Bundle)).all()}


def folder_of(bundle: Bundle) -> str:
    """The name of a bundle's folder: random, so that a number that is used again never meets old files."""
    return str(bundle.details["folder"])


def bundle_object(bundle: Bundle, content_guid: str, *, active: bool) -> dict[str, Any]:
    """The bundle on the wire."""
    details = bundle.details
    known = ("source", "source_repo", "source_branch", "source_commit")
    metadata: dict[str, Any] = dict.fromkeys(known) | details.get("metadata", {})
    return {
        "id": str(bundle.id),
        "content_guid": content_guid,
        "created_time": wire(bundle.created_time),
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
        "metadata": {**metadata, "archive_md5": details.get("md5"), "archive_sha1": details.get("sha1")},
    }
