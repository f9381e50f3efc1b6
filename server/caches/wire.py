"""Runtime caches as they are sent (connect-api.md 2.12)."""

from __future__ import annotations

from typing import Annotated, NotRequired

from typing_extensions import TypedDict

from server.web.described import text

LANGUAGE, IMAGE = "python", "Local"


class Cache(TypedDict):
    """The environments of one version of a language."""

    language: str
    version: str
    image_name: str


class Caches(TypedDict):
    """All of them; the list is wrapped (connect-api.md 0.21)."""

    caches: list[Cache]


class CacheChoice(TypedDict):
    """Which one to delete; with `dry_run` nothing is deleted."""

    language: Annotated[str, text(64, least=1)]
    version: Annotated[str, text(64, least=1)]
    image_name: Annotated[str, text(256, least=1)]
    dry_run: NotRequired[bool | None]


class CacheDeletion(Cache):
    """What is deleted, by which task; none on a dry run."""

    task_id: str | None


def cache_object(version: str) -> Cache:
    """The environments of one Python version."""
    return {"language": LANGUAGE, "version": version, "image_name": IMAGE}
