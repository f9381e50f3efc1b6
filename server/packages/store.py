"""Queries over the packages of what serves; they are recorded when a version is activated."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func
from sqlmodel import Session, col, delete, select

from server.db.models import Content, Package

PYTHON = "python"


def record(session: Session, content_id: int, bundle_id: int, version: str, packages: Mapping[str, str]) -> None:
    """Replace what is known of a content item: `packages` maps names to versions, `version` is Python's."""
    session.exec(delete(Package).where(col(Package.content_id) == content_id))
    session.add_all(
        Package(
            content_id=content_id,
            language=PYTHON,
            name=name,
            version=found,
            language_version=version,
            bundle_id=bundle_id,
        )
        for name, found in packages.items()
    )
    session.flush()


def of_content(session: Session, content_id: int) -> list[Package]:
    """The packages of one content item, by language and name."""
    query = select(Package).where(Package.content_id == content_id)
    return list(session.exec(query.order_by(col(Package.language), col(Package.name))).all())


def page(
    session: Session, *, number: int, size: int, ascending: bool, name: str | None, language: str | None
) -> tuple[list[tuple[Package, str]], int]:
    """A page over all content, each package with its content's GUID, and how many there are in all."""
    wanted = []
    if name is not None:
        wanted.append(col(Package.name) == name)
    if language is not None:
        wanted.append(col(Package.language) == language)
    total = session.exec(select(func.count()).select_from(Package).where(*wanted)).one()
    order = [col(Package.language), col(Package.name), col(Package.content_id)]
    query = (
        select(Package, Content.guid)
        .join(Content, col(Content.id) == Package.content_id)
        .where(*wanted)
        .order_by(*(order if ascending else [field.desc() for field in order]))
        .offset((number - 1) * size)
        .limit(size)
    )
    return list(session.exec(query).all()), total
