"""What clients are told about the server, with the keys they read (connect-api.md 1.3)."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

# Every app mode that clients know (connect-api.md 2.4), whether it can run here or not.
AppMode = Literal[
    "unknown",
    "shiny",
    "rmd-shiny",
    "rmd-static",
    "static",
    "api",
    "tensorflow-saved-model",
    "jupyter-static",
    "python-api",
    "python-dash",
    "python-streamlit",
    "python-bokeh",
    "python-fastapi",
    "quarto-shiny",
    "quarto-static",
    "python-shiny",
    "jupyter-voila",
    "python-gradio",
    "python-panel",
    "nodejs",
]


class Authentication(TypedDict):
    """How people sign in."""

    handles_credentials: bool
    handles_login: bool
    challenge_response_enabled: bool
    external_user_data: bool
    external_user_search: bool
    groups_enabled: bool
    name: str
    warning_delay: int


# Its keys have dashes, so it cannot be written as a class.
License = TypedDict(
    "License",
    {
        "status": str,
        "tier": str,
        "days-left": int,
        "users": str,
        "allow-apis": bool,
        "current-user-execution": bool,
        "enable-launcher": bool,
        "oauth-integrations": bool,
    },
)


class ServerSettings(TypedDict):
    """What is asked first, by anybody."""

    version: str
    hostname: str
    build: str
    about: str
    authentication: Authentication
    license: License
    runtimes: list[str]
    git_enabled: bool
    git_available: bool
    dashboard_path: str
    execution_type: str
    enable_runtime_constraints: bool
    enable_image_management: bool
    enable_runtime_cache_management: bool
    default_image_selection_enabled: bool
    default_environment_management_selection: bool
    default_r_environment_management: bool
    default_py_environment_management: bool
    oauth_integrations_enabled: bool
    mail_configured: bool
    system_display_name: str
    viewers_can_only_see_themselves: bool
    default_content_list_view: str
    maximum_app_image_size: int


class PublicSettings(TypedDict):
    """What a sign-in page may say."""

    authentication: Authentication
    self_registration: bool
    system_display_name: str
    public_warning: str
    customized_landing: bool
    mail_configured: bool
    prohibited_usernames: list[str]
    username_validator: str


class ApplicationSettings(TypedDict):
    """What content may be set to."""

    access_types: list[str]
    run_as: str
    run_as_group: str
    run_as_current_user: bool


class SchedulerSettings(TypedDict):
    """How processes are run unless content says otherwise: seconds and numbers; a `max` or `limit` of 0 is none."""

    min_processes: int
    max_processes: int
    max_conns_per_process: int
    load_factor: float
    init_timeout: int
    idle_timeout: int
    min_processes_limit: int
    max_processes_limit: int
    connection_timeout: int
    read_timeout: int
    cpu_request: float
    max_cpu_request: float
    cpu_limit: float
    max_cpu_limit: float
    memory_request: int
    max_memory_request: int
    memory_limit: int
    max_memory_limit: int
    amd_gpu_limit: int
    max_amd_gpu_limit: int
    nvidia_gpu_limit: int
    max_nvidia_gpu_limit: int


class AppModePath(TypedDict):
    """Whose settings are asked for."""

    app_mode: AppMode


class Installed(TypedDict):
    """One interpreter or tool of this server."""

    version: str
    cluster_name: str
    image_name: str


class Publishable(Installed):
    """One interpreter, and whether content may be published for it."""

    publishable: bool


class Installations(TypedDict):
    """Every version of one tool."""

    installations: list[Installed]


class PythonInstallations(TypedDict):
    """Every Python that content can run on."""

    installations: list[Publishable]
    api_enabled: bool


class NodeInstallations(Installations):
    """Every Node.js; `enabled` says whether such content may be published."""

    enabled: bool


class Timezone(TypedDict):
    """A time zone and its offset from UTC at this moment, such as `+02:00`."""

    timezone: str
    offset: str
