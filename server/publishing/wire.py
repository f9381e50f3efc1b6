"""What requests about content records hold, and the object with what `include` adds (connect-api.md 2.1, 2.2)."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from server.content.wire import AccessType, ContentRecord, OwnerObject
from server.renderings.wire import ScheduleObject
from server.tags.wire import TagObject
from server.web.described import Guid, PageQuery, text

CATEGORIES = ("", "site", "plot", "pin", "api", "mcp")
INCLUDES = frozenset({"tags", "owner", "vanity_url", "bookmarked", "schedule"})
LARGEST_32, LARGEST = 2**31 - 1, 2**53 - 1
_ONE = "tags|owner|vanity_url|bookmarked|schedule"

Seconds = Annotated[int, Field(ge=0, le=LARGEST_32)] | None
Count = Annotated[int, Field(ge=1, le=LARGEST_32)] | None
Bytes = Annotated[int, Field(ge=0, le=LARGEST)] | None
Cores = Annotated[float, Field(ge=0, le=LARGEST)] | None
Title = Annotated[str, text(1024)]
Description = Annotated[str, text()]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{3,64}$")]
Include = Annotated[str, Field(pattern=rf"^(?:(?:{_ONE})(?:,(?:{_ONE}))*)?$")]


class ContentObject(ContentRecord):
    """A content item; the last keys are there when `include` asks for them, and the content has any."""

    owner: NotRequired[OwnerObject]
    tags: NotRequired[list[TagObject]]
    vanity_url: NotRequired[str]
    bookmarked: NotRequired[bool]
    schedules: NotRequired[list[ScheduleObject]]


class NewContent(TypedDict, total=False):
    """What may be said of new content; a name is invented where none is given."""

    name: Name | None
    title: Title | None
    description: Description | None
    access_type: AccessType | None
    connection_timeout: Seconds
    read_timeout: Seconds
    init_timeout: Seconds
    idle_timeout: Seconds
    max_processes: Count
    min_processes: Seconds
    max_conns_per_process: Count
    load_factor: Annotated[float, Field(ge=0, le=1)] | None
    memory_request: Bytes
    memory_limit: Bytes
    cpu_request: Cores
    cpu_limit: Cores
    amd_gpu_limit: Bytes
    nvidia_gpu_limit: Bytes
    default_r_environment_management: bool | None
    default_py_environment_management: bool | None
    metrics_collection_enabled: bool | None
    notify_on_share: bool | None
    otel_enabled: bool | None
    run_as: None
    run_as_current_user: Literal[False] | None
    service_account_name: None
    default_image_name: None
    default_environment_guid: None


class ContentChange(NewContent, total=False):
    """What changes of content; what is not sent stays. Locking is the administrators'."""

    owner_guid: Guid | None
    content_category: Literal["", "site", "plot", "pin", "api", "mcp"] | None
    locked: bool | None
    locked_message: Description | None


class IncludeQuery(TypedDict, total=False):
    """What else to tell of each item, with commas between."""

    include: Include


class ListQuery(IncludeQuery, total=False):
    """Which content: of exactly this name, of this owner."""

    name: str
    owner_guid: str


class SearchQuery(PageQuery, IncludeQuery, total=False):
    """What to look for, which page of it, in which order.

    `q` holds words, and filters: owner:@me, type:api,python-api, tag:"Sales", published:true, is:locked.
    """

    q: str
    sort: Literal["last_deployed_time", "created_time", "name", "title", "owner"]
    order: Literal["asc", "desc"]


class Bookmarked(TypedDict):
    """A person's bookmark."""

    created_time: str


class LegacyContent(TypedDict):
    """What clients that know content by its number need of it."""

    id: int
    guid: str
    name: str
    title: str | None
    url: str


class VariableSetting(TypedDict):
    """A variable and its value; null deletes it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,255}$")]
    value: NotRequired[Annotated[str, Field(max_length=65536)] | None]
