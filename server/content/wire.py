"""The content object of the API: every key always present, nothing that varies by request (connect-api.md 2.1)."""

from __future__ import annotations

from typing import Any

from server.db.clock import wire
from server.db.models import Content, User

# Process and resource settings with the type each must have; null means the server's default.
WHOLE_NUMBERS = (
    "connection_timeout",
    "read_timeout",
    "init_timeout",
    "idle_timeout",
    "max_processes",
    "min_processes",
    "max_conns_per_process",
    "memory_request",
    "memory_limit",
    "amd_gpu_limit",
    "nvidia_gpu_limit",
)
NUMBERS = ("load_factor", "cpu_request", "cpu_limit")
FLAGS = ("default_r_environment_management", "default_py_environment_management")
NAMES = ("service_account_name", "default_image_name", "default_environment_guid", "run_as")
TUNING = (*WHOLE_NUMBERS, *NUMBERS, *FLAGS, *NAMES)


def content_object(content: Content, owner: User, *, origin: str, app_role: str, full: bool) -> dict[str, Any]:
    """The object for a caller of standing `app_role`; without `full` (viewers) versions are hidden."""
    address = f"{origin}/content/{content.guid}/"
    return {
        "guid": content.guid,
        "id": str(content.id),
        "name": content.name,
        "title": content.title,
        "description": content.description,
        "access_type": content.access_type,
        "locked": content.locked,
        "locked_message": content.locked_message,
        **{name: content.tuning.get(name) for name in TUNING},
        "created_time": wire(content.created_time),
        "last_deployed_time": wire(content.last_deployed_time),
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
        "run_as_current_user": False,
        "owner_guid": owner.guid,
        "content_url": address,
        "dashboard_url": f"{origin}/connect/#/apps/{content.guid}",
        "app_role": app_role,
        "extension": False,
    }


def owner_object(owner: User) -> dict[str, Any]:
    """The owner, where `include=owner` asks for it."""
    return {
        "guid": owner.guid,
        "username": owner.username,
        "first_name": owner.first_name,
        "last_name": owner.last_name,
    }
