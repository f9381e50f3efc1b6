"""The dashboard as one room: every screen's routes, as the gateway mounts them."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount

from dashboard.access_pages import AccessPages
from dashboard.activity_pages import ActivityPages
from dashboard.authorizations_pages import AuthorizationsPages
from dashboard.connections_pages import ConnectionsPages
from dashboard.content_pages import ContentFrame, InfoPages
from dashboard.desk import Desk
from dashboard.groups_pages import GroupsPages
from dashboard.home import HomePages
from dashboard.integration_delete import IntegrationDeletePages
from dashboard.integration_form import IntegrationForm
from dashboard.integration_overview import IntegrationOverviewPages
from dashboard.integrations_pages import IntegrationsPages
from dashboard.keys_pages import KeysPages
from dashboard.labels_pages import LabelPages
from dashboard.lent import LentPages
from dashboard.log_pages import LogPages
from dashboard.minting_pages import MintingPages
from dashboard.old_addresses import OldAddresses
from dashboard.reference_pages import ReferencePages
from dashboard.render import STATIC
from dashboard.sharing_pages import SharingPages
from dashboard.stage_pages import StagePages
from dashboard.tools_pages import ToolsPages
from server.services import Services
from server.web.site import CachedStatic


def room(services: Services) -> list[BaseRoute]:
    """The dashboard's routes over a server's services."""
    desk = Desk(services)
    frame, integrations = ContentFrame(desk), IntegrationsPages(desk)
    info = InfoPages(desk, frame)
    # Only these public files are compressed: a page holds a CSRF token, and compressing would tell of it (BREACH).
    static = GZipMiddleware(CachedStatic(directory=STATIC), minimum_size=1024, compresslevel=6)
    return [
        Mount("/dashboard-static", static),
        *HomePages(desk).routes(),
        *StagePages(desk).routes(),
        *info.routes(),
        *LabelPages(desk, frame, info).routes(),
        *AccessPages(desk, frame).routes(),
        *SharingPages(desk, frame).routes(),
        *LogPages(desk, frame).routes(),
        *integrations.routes(),
        *IntegrationForm(desk, integrations).routes(),
        *IntegrationOverviewPages(desk, integrations).routes(),
        *IntegrationDeletePages(desk, integrations).routes(),
        *MintingPages(desk, integrations).routes(),
        *AuthorizationsPages(desk).routes(),
        *GroupsPages(desk).routes(),
        *LentPages(desk).routes(),
        *ConnectionsPages(desk).routes(),
        *KeysPages(desk).routes(),
        *ToolsPages(desk).routes(),
        *ActivityPages(desk).routes(),
        *ReferencePages(desk).routes(),
        *OldAddresses(desk).routes(),
    ]
