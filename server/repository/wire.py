"""Repository settings as they are sent and taken (connect-api.md 2.2)."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from runners.repositories.location import FOLDER, MOST_FOLDER, MOST_REF, REF
from server.db.models import Repository

# How addresses look; what is behind the name is checked when it is fetched.
ADDRESS = r"^https://[a-z0-9]{1,30}([.-][a-z0-9]{1,30})*\.[a-z]{2,20}(/[A-Za-z0-9._~-]+)*$"
Address = Annotated[str, Field(max_length=2048, pattern=ADDRESS)]
Ref = Annotated[str, Field(min_length=1, max_length=MOST_REF, pattern=REF)]
Folder = Annotated[str, Field(max_length=MOST_FOLDER, pattern=FOLDER)]


class RepositoryFields(TypedDict, total=False):
    """Where in a repository, and whether to look for changes by itself every few minutes."""

    branch: Ref | None
    directory: Folder | None
    polling: bool | None


class RepositoryChange(RepositoryFields, total=False):
    """What changes; what is not sent stays."""

    repository: Address | None


class NewRepository(RepositoryFields):
    """A repository to deploy from; the branch is `main` and the folder `.` where they are not sent."""

    repository: Address


class RepositoryObject(TypedDict):
    """Where a content item comes from. It has no key named `ctx` or `path` (connect-api.md 0.4)."""

    repository: str
    branch: str
    directory: str
    polling: bool
    last_error: str | None
    last_known_commit: str | None


class BundleRequest(TypedDict, total=False):
    """What to fetch; what is not sent is as the repository settings say."""

    repository: Address | None
    ref: Ref | None
    directory: Folder | None


class BundleLocation(TypedDict):
    """Where a version was fetched from."""

    repository: str
    ref: str
    directory: str
    commit: NotRequired[str]


class FetchedBundle(TypedDict):
    """The version that was made, and the task that tells how."""

    bundle_id: str
    task_id: str
    location: BundleLocation


def repository_object(row: Repository) -> RepositoryObject:
    """The settings of one content item."""
    return {
        "repository": row.repository,
        "branch": row.branch,
        "directory": row.directory,
        "polling": row.polling,
        "last_error": row.last_error,
        "last_known_commit": row.last_known_commit,
    }
