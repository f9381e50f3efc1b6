"""The content object of the API: every key always present, nothing that varies by request (connect-api.md 2.1)."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from server.db.clock import wire
from server.db.models import Content, User

# Process and resource settings by the type each must have; null means the server's default.
SECONDS = ("connection_timeout", "read_timeout", "init_timeout", "idle_timeout")
PROCESSES = ("max_processes", "min_processes", "max_conns_per_process")
WHOLE_NUMBERS = (*SECONDS, *PROCESSES, "memory_request", "memory_limit", "amd_gpu_limit", "nvidia_gpu_limit")
NUMBERS = ("load_factor", "cpu_request", "cpu_limit")
FLAGS = ("default_r_environment_management", "default_py_environment_management")
SWITCHES = ("metrics_collection_enabled", "notify_on_share", "otel_enabled")
TUNING = (*WHOLE_NUMBERS, *NUMBERS, *FLAGS, *SWITCHES)
# What takes users of the machine or container images, of which this server has none: always null.
ELSEWHERE = ("service_account_name", "default_image_name", "default_environment_guid", "run_as")

AccessType = Literal["all", "logged_in", "acl"]
AppRole = Literal["owner", "editor", "viewer", "none"]


class OwnerObject(TypedDict):
    """Whose content it is, where `include=owner` asks for it."""

    guid: str
    username: str
    first_name: str
    last_name: str


class Settings(TypedDict):
    """What a publisher may tune; null is the server's default. Times are in seconds, memory is in bytes."""

    connection_timeout: int | None
    read_timeout: int | None
    init_timeout: int | None
    idle_timeout: int | None
    max_processes: int | None
    min_processes: int | None
    max_conns_per_process: int | None
    load_factor: float | None
    memory_request: int | None
    memory_limit: int | None
    cpu_request: float | None
    cpu_limit: float | None
    amd_gpu_limit: int | None
    nvidia_gpu_limit: int | None
    default_r_environment_management: bool | None
    default_py_environment_management: bool | None
    metrics_collection_enabled: bool
    notify_on_share: bool
    otel_enabled: bool


class ContentRecord(Settings):
    """A content item as it is stored. `app_role` is what the caller is to it; viewers see no versions."""

    guid: str
    id: str
    name: str
    title: str | None
    description: str
    access_type: AccessType
    locked: bool
    locked_message: str
    created_time: str
    last_deployed_time: str
    bundle_id: str | None
    app_mode: str
    content_category: str
    parameterized: bool
    environment_guid: str | None
    cluster_name: str | None
    image_name: str | None
    r_version: str | None
    py_version: str | None
    quarto_version: str | None
    node_version: str | None
    r_environment_management: bool | None
    py_environment_management: bool | None
    service_account_name: None
    default_image_name: None
    default_environment_guid: None
    run_as: None
    run_as_current_user: bool
    owner_guid: str
    content_url: str
    dashboard_url: str
    app_role: AppRole
    extension: bool
    draft_marker_enabled: bool
    public_content_status: None


def settings_object(tuning: dict[str, Any]) -> Settings:
    """The settings, those that were never made as null or false."""
    return {
        "connection_timeout": tuning.get("connection_timeout"),
        "read_timeout": tuning.get("read_timeout"),
        "init_timeout": tuning.get("init_timeout"),
        "idle_timeout": tuning.get("idle_timeout"),
        "max_processes": tuning.get("max_processes"),
        "min_processes": tuning.get("min_processes"),
        "max_conns_per_process": tuning.get("max_conns_per_process"),
        "load_factor": tuning.get("load_factor"),
        "memory_request": tuning.get("memory_request"),
        "memory_limit": tuning.get("memory_limit"),
        "cpu_request": tuning.get("cpu_request"),
        "cpu_limit": tuning.get("cpu_limit"),
        "amd_gpu_limit": tuning.get("amd_gpu_limit"),
        "nvidia_gpu_limit": tuning.get("nvidia_gpu_limit"),
        "default_r_environment_management": tuning.get("default_r_environment_management"),
        "default_py_environment_management": tuning.get("default_py_environment_management"),
        "metrics_collection_enabled": bool(tuning.get("metrics_collection_enabled")),
        "notify_on_share": bool(tuning.get("notify_on_share")),
        "otel_enabled": bool(tuning.get("otel_enabled")),
    }


def content_object(content: Content, owner: User, *, origin: str, app_role: AppRole, full: bool) -> ContentRecord:
    """The object for a caller of standing `app_role`; without `full` (viewers) versions are hidden."""
    address = f"{origin}/content/{content.guid}/"
    return {
        **settings_object(content.tuning),
        "guid": content.guid,
        "id": str(content.id),
        "name": content.name,
        "title": content.title,
        "description": content.description,
        "access_type": content.access_type,  # type: ignore[typeddict-item]  # only checked values are stored
        "locked": content.locked,
        "locked_message": content.locked_message,
        "created_time": wire(content.created_time) or "",
        "last_deployed_time": wire(content.last_deployed_time) or "",
        "bundle_id": None if content.bundle_id is None else str(content.bundle_id),
        "app_mode": content.app_mode,
        "content_category": content.content_category,
        "parameterized": False,
        "environment_guid": None,
        "cluster_name": "Local" if content.bundle_id is not None else None,
        "image_name": "Local" if content.bundle_id is not None else None,
        "r_version": None,
        "py_version": content.py_version if full else None,
        "quarto_version": None,
        "node_version": None,
        "r_environment_management": None,
        "py_environment_management": content.py_management if full else None,
        "service_account_name": None,
        "default_image_name": None,
        "default_environment_guid": None,
        "run_as": None,
        "run_as_current_user": False,
        "owner_guid": owner.guid,
        "content_url": address,
        "dashboard_url": f"{origin}/connect/#/apps/{content.guid}",
        "app_role": app_role,
        "extension": False,
        "draft_marker_enabled": False,
        "public_content_status": None,
    }


def owner_object(owner: User) -> OwnerObject:
    """The owner, where `include=owner` asks for it."""
    return {
        "guid": owner.guid,
        "username": owner.username,
        "first_name": owner.first_name,
        "last_name": owner.last_name,
    }
