"""The tables, one module a subject. Importing this package registers all of them for migrations."""

from server.db.models.audit import AuditEvent, AuditHead
from server.db.models.content import Bundle, Content, EnvironmentVariable, Instance, Permission
from server.db.models.delegations import PreAuthorization
from server.db.models.health import IntegrationHealth, IntegrationHour
from server.db.models.labels import Bookmark, ContentTag, Tag, Thumbnail, Vanity
from server.db.models.minting import RoleMapping, SigningKey
from server.db.models.oauth import Association, Connection, Flow, Integration, Revocation, RoleChoice
from server.db.models.people import ApiKey, BrowserSession, Group, Membership, User, VisitorKey
from server.db.models.renderings import Rendering, Schedule
from server.db.models.sharing import Loan, ShareLink
from server.db.models.sources import EnvironmentPermission, ExecutionEnvironment, Package, Repository
from server.db.models.system import Change, Meta, Task, TaskLine
from server.db.models.tools import ClaimToken, ToolClient, ToolCode, ToolDevice, ToolSignIn, ToolToken
from server.db.models.usage import Hit, LiveUse

__all__ = [
    "ApiKey",
    "Association",
    "AuditEvent",
    "AuditHead",
    "Bookmark",
    "BrowserSession",
    "Bundle",
    "Change",
    "ClaimToken",
    "Connection",
    "Content",
    "ContentTag",
    "EnvironmentPermission",
    "EnvironmentVariable",
    "ExecutionEnvironment",
    "Flow",
    "Group",
    "Hit",
    "Instance",
    "Integration",
    "IntegrationHealth",
    "IntegrationHour",
    "LiveUse",
    "Loan",
    "Membership",
    "Meta",
    "Package",
    "Permission",
    "PreAuthorization",
    "Rendering",
    "Repository",
    "Revocation",
    "RoleChoice",
    "RoleMapping",
    "Schedule",
    "ShareLink",
    "SigningKey",
    "Tag",
    "Task",
    "TaskLine",
    "Thumbnail",
    "ToolClient",
    "ToolCode",
    "ToolDevice",
    "ToolSignIn",
    "ToolToken",
    "User",
    "Vanity",
    "VisitorKey",
]
