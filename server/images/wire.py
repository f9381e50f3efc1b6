"""Execution environments as they are sent and taken (connect-api.md 2.9, 2.12)."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import EnvironmentPermission, ExecutionEnvironment
from server.web.described import Guid, Moment, text

CLUSTER = "Kubernetes"
LANGUAGES = ("python", "quarto", "r", "tensorflow", "nodejs")
Matching = Literal["any", "exact", "none"]
Version = Annotated[str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6}){0,3}$")]
Place = Annotated[str, Field(max_length=1024, pattern=r"^/[^\x00-\x1f\x7f]*$")]


class Installation(TypedDict):
    """One interpreter of an image: its version and where it is."""

    version: Version
    path: Place


class Installations(TypedDict):
    """The interpreters of one language."""

    installations: Annotated[list[Installation], Field(max_length=100)]


class VolumeSource(TypedDict):
    """Where a volume comes from: `nfs` with host and export path, or `pvc` with a claim's name."""

    volume_type: Literal["nfs", "pvc"]
    nfs_host: NotRequired[Annotated[str, text(255)] | None]
    nfs_export_path: NotRequired[Annotated[str, text(1024)] | None]
    pvc_name: NotRequired[Annotated[str, text(255)] | None]


class VolumeTarget(TypedDict):
    """Where a volume is seen inside."""

    path: Place
    read_only: NotRequired[bool | None]


class VolumeMount(TypedDict):
    """One volume of an image."""

    source: VolumeSource
    target: VolumeTarget


class EnvironmentChange(TypedDict, total=False):
    """What changes of an execution environment; fields that are not sent stay."""

    title: Annotated[str, text(1024)] | None
    description: Annotated[str, text(4096)] | None
    matching: Matching | None
    supervisor: Place | None
    python: Installations | None
    quarto: Installations | None
    r: Installations | None
    tensorflow: Installations | None
    nodejs: Installations | None
    volume_mounts: Annotated[list[VolumeMount], Field(max_length=100)] | None


class NewEnvironment(EnvironmentChange):
    """An execution environment to be made; `name` is the image, which no other has."""

    name: Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[^\x00-\x20\x7f]+$")]
    cluster_name: Literal["Kubernetes"]


class Environment(TypedDict):
    """An execution environment. It has no key named `ctx` or `path` (connect-api.md 0.4)."""

    id: str
    guid: Guid
    created_time: Moment
    updated_time: Moment
    title: str | None
    description: str | None
    cluster_name: str
    name: str
    environment_type: str
    matching: str
    supervisor: str | None
    managed_by: str | None
    python: Installations
    quarto: Installations
    r: Installations
    tensorflow: Installations
    nodejs: Installations
    volume_mounts: list[VolumeMount]


class PermissionInput(TypedDict, total=False):
    """Who may use it: a person or a group, the other absent or null."""

    user_guid: Guid | None
    group_guid: Guid | None


class Permission(TypedDict):
    """One entry of who may use it."""

    id: str
    guid: Guid
    environment_guid: Guid
    user_guid: Guid | None
    group_guid: Guid | None


def environment_object(row: ExecutionEnvironment) -> Environment:
    """One execution environment."""
    here: dict[str, Installations] = {name: row.installations.get(name, {"installations": []}) for name in LANGUAGES}
    return {
        "id": str(row.id),
        "guid": row.guid,
        "created_time": wire(row.created_time) or "",
        "updated_time": wire(row.updated_time) or "",
        "title": row.title,
        "description": row.description,
        "cluster_name": row.cluster_name,
        "name": row.name,
        "environment_type": CLUSTER,
        "matching": row.matching,
        "supervisor": row.supervisor,
        "managed_by": None,
        "python": here["python"],
        "quarto": here["quarto"],
        "r": here["r"],
        "tensorflow": here["tensorflow"],
        "nodejs": here["nodejs"],
        "volume_mounts": [_mount(mount) for mount in row.volume_mounts],
    }


def _mount(stored: dict[str, dict[str, str]]) -> VolumeMount:
    found: VolumeMount = {"source": stored["source"], "target": stored["target"]}  # type: ignore[typeddict-item]
    return found


def permission_object(row: EnvironmentPermission, environment_guid: str) -> Permission:
    """One entry."""
    return {
        "id": str(row.id),
        "guid": row.guid,
        "environment_guid": environment_guid,
        "user_guid": row.user_guid,
        "group_guid": row.group_guid,
    }
