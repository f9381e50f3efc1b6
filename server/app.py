"""The composition root: mounts every room over the services, and hands uvicorn what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runners.environments.interpreters import discover
from server.api import api_routes
from server.authorize.claim import ClaimRoom
from server.authorize.device import DeviceRoom
from server.authorize.endpoints import Endpoints
from server.authorize.pages import ToolPages
from server.authorize.room import AuthorizeRoom
from server.connect.asking import Asking
from server.connect.finish import Finish
from server.connect.flows import Flows
from server.connect.pages import ConnectPages
from server.connect.roles import RoleDesk
from server.connect.room import ConnectRoom
from server.consent.check import Consent
from server.gateway.acquire import Acquirer
from server.gateway.answers import Answers
from server.gateway.by_name import ByName
from server.gateway.dispatch import Gateway
from server.gateway.presence import Presence
from server.gateway.visit import Visits
from server.installation import Installation
from server.links.entrance import Entrance
from server.loans.notice import Notices
from server.login.room import LoginRoom
from server.proxy.headers import HeaderPolicy
from server.proxy.registry import Registry
from server.proxy.sockets import socket_protocol
from server.proxy.strict import strict_protocol
from server.proxy.upstream import Upstream
from server.running import Background, running
from server.services import Network, Services, assemble
from server.sessions.cookies import gateway_cookies
from server.sessions.identify import REMEMBERED_OF
from server.settings import Settings
from server.web.api import Api
from server.web.room import load
from server.web.site import Site

# The WebSocket close code for "come back in a moment" (RFC 6455 section 7.4, IANA registry).
TRY_AGAIN = 1012


@dataclass(frozen=True)
class Application:
    """What uvicorn needs: the ASGI application and the protocol classes for HTTP and WebSocket."""

    asgi: Callable[[Scope, Receive, Send], Awaitable[None]]
    http: type[HttpToolsProtocol]
    ws: type[asyncio.Protocol]
    services: Services


def create_app(settings: Settings, opened: Installation) -> Application:
    """Build the server over an open installation. Nothing runs before the ASGI lifespan starts it.

    Raises NoSuchRoom where the settings name a dashboard that cannot be imported.
    """
    registry, background = Registry(), Background()
    network = Network(Upstream, registry.count, lambda tag, reason: registry.close(tag, TRY_AGAIN, reason))
    services = assemble(settings, opened, tuple(discover()), network)
    connect = _connect_room(services)
    login = LoginRoom(
        services.db, services.sessions, services.passwords, services.screens, services.trail, settings.origin
    )
    entrance = Entrance(services.links, services.screens)
    notices = Notices(services.screens, services.csrf, secure=settings.secure_cookies)
    api = Api(api_routes(services), services.csrf)
    rooms = [*login.routes(), *connect.routes, *_tool_routes(services), *entrance.routes(), *notices.routes()]
    rooms += services.minting.issuers.routes()
    site = Site(api, rooms, services.screens)
    if settings.dashboard:
        site.add(load(settings.dashboard)(services))
    services.vanities.reserve(site.first_names())
    policy = HeaderPolicy(gateway_cookies())
    answers = Answers(services.screens, connect.gate, notices)
    presence = Presence(services.directory, registry, services.sessions, services.links)
    by_name = ByName(services.directory, services.vanities, services.thumbnails)
    gateway = Gateway(
        _visits(services),
        answers,
        services.sessions,
        site,
        policy,
        registry,
        presence,
        by_name,
        services.usage,
        notices,
    )
    _follow_changes(services, presence, background)
    return Application(
        asgi=_WithLifespan(gateway, services, background, presence),
        http=strict_protocol(allowed_hosts=settings.hosts),
        ws=socket_protocol(gateway.decide_socket, policy, registry),
        services=services,
    )


def _visits(s: Services) -> Visits:
    consent, acquirer = Consent(s.vault.standings, s.choices, s.loans), Acquirer(s.pool, s.documents)
    return Visits(s.sessions, s.directory, s.associations, s.links, consent, acquirer, s.handles, s.settings.origins)


def _connect_room(s: Services) -> ConnectRoom:
    return ConnectRoom(
        s.integrations,
        Asking(s.integrations, s.associations, s.directory, s.vault.connections),
        RoleDesk(s.integrations, s.vault.connections, s.choices),
        Flows(s.db, s.keyring),
        Finish(s.vault, s.outbound),
        ConnectPages(s.screens, s.keyring, s.integrations.catalog),
        delegations=s.delegations,
        csrf=s.csrf,
        trail=s.trail,
        callback_url=s.settings.callback_url,
        secure=s.settings.secure_cookies,
    )


def _tool_routes(s: Services) -> list[Route]:
    """Where tools sign in, and where people let them."""
    pages = ToolPages(s.screens)
    authorize, device = AuthorizeRoom(s.tools, pages, s.csrf), DeviceRoom(s.tools, pages, s.csrf)
    rooms = (Endpoints(s.tools), authorize, device, ClaimRoom(s.claims, pages, s.csrf))
    return [route for room in rooms for route in room.routes()]


def _follow_changes(s: Services, presence: Presence, background: Background) -> None:
    """Who must hear of which change: ended access closes open pages, changed associations move token files."""

    s.sessions.when_ended(presence.session_ended)
    s.links.when_ended(presence.session_ended)
    s.sessions.when_changed(lambda guids: background.spawn(presence.people_changed(guids)))
    s.directory.when_changed(lambda guid: background.spawn(presence.content_changed(guid)))
    s.directory.when_changed(lambda guid: background.spawn(_end_renderings(s, guid)))
    s.associations.when_changed(lambda guid: background.spawn(s.pool.renew_tokens(guid)))

    changes = s.db.changes
    changes.when((*REMEMBERED_OF, "permissions", "share_links"), lambda: background.spawn(presence.look_again()))
    changes.when(("content", "bundles"), lambda: background.spawn(_catch_up(s)))
    changes.when(("associations", "integrations"), lambda: background.spawn(_renew_tokens(s)))


async def _catch_up(s: Services) -> None:
    """Another gateway changed content: end what we run of versions that are no longer the ones that are served."""
    for guid in s.pool.served():
        view = await s.directory.by_guid(guid)
        if view is None:
            s.pool.retire(guid, now=True)
        elif any(live.place.bundle_id != view.bundle_id and not live.place.draft for live in s.pool.find(guid)):
            s.pool.retire(guid, but=view.bundle_id)
        await _end_renderings(s, guid)


async def _renew_tokens(s: Services) -> None:
    for guid in s.pool.served():
        await s.pool.renew_tokens(guid)


async def _end_renderings(s: Services, guid: str) -> None:
    """What is being rendered of content that was deleted, nobody will see."""
    there = s.renderer.of(guid)
    if there and await s.directory.by_guid(guid) is None:
        await asyncio.gather(*(s.renderer.stop(key) for key in there))


class _WithLifespan:
    """The gateway with the ASGI lifespan protocol around it."""

    def __init__(self, gateway: Gateway, services: Services, background: Background, presence: Presence) -> None:
        self._gateway, self._services, self._background, self._presence = gateway, services, background, presence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._gateway(scope, receive, send)
            return
        await receive()
        async with running(self._services, self._background, self._presence.keep_checking):
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
