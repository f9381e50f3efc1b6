"""Every route of the API below `/__api__`, in the order they are matched."""

from __future__ import annotations

import time

from server.access.api import AccessApi
from server.accounts.api import PeopleApi
from server.accounts.bootstrap import Bootstrap
from server.accounts.keys_api import KeysApi
from server.accounts.own_keys import OwnKeys
from server.audit.api import AuditApi
from server.bundles.api import BundlesApi
from server.caches.api import CachesApi
from server.claims.api import TokensApi
from server.clients.api import ClientsApi
from server.credentials.api import Exchange
from server.credentials.aws import ISSUES as AWS
from server.credentials.aws import aws_credentials, lent_aws_credentials
from server.credentials.lending import Lending
from server.credentials.limits import Limits
from server.credentials.minted import minted
from server.credentials.repeats import Repeats
from server.credentials.sources import Sources
from server.delegations.api import DelegationsApi
from server.discovery.api import Facts, discovery_routes
from server.discovery.description import Description
from server.groups.api import GroupsApi
from server.health.api import HealthApi
from server.images.api import ImagesApi
from server.instances.api import JobsApi
from server.links.api import LinksApi
from server.loans.api import LoansApi
from server.oauth import api as oauth
from server.packages.api import PackagesApi
from server.publishing.content_api import ContentApi
from server.publishing.deploy_api import deploy_routes
from server.publishing.lists_api import ListsApi
from server.publishing.records import Records
from server.publishing.variables_api import VariablesApi
from server.renderings.api import RenderingsApi
from server.repository.api import RepositoryApi
from server.running import IDLE_SECONDS
from server.services import Services
from server.tags.api import TagsApi
from server.tasks.api import task_routes
from server.thumbnails.api import ThumbnailApi
from server.usage.api import UsageApi
from server.usage.procs import Processes
from server.vanity.api import VanityApi
from server.vault import api as vault
from server.web.routes import Route


def api_routes(s: Services) -> list[Route]:
    """The declared routes of all rooms and services."""
    records = Records(s.settings.origin)
    groups = (
        discovery_routes(_facts(s)),
        Bootstrap(s.db, s.trail, s.settings.bootstrap_secretkey).routes(),
        PeopleApi(s.db, s.trail, s.passwords, s.sessions, s.settings.default_user_role).routes(),
        KeysApi(OwnKeys(s.db, s.sessions, s.trail)).routes(),
        GroupsApi(s.groups).routes(),
        ClientsApi(s.tools).routes(),
        TokensApi(s.claims, s.settings.origin).routes(),
        AccessApi(s.db, s.directory, s.guard, s.trail).routes(),
        ContentApi(
            s.db, s.directory, s.guard, s.trail, s.shelf, thumbnails=s.thumbnails, pool=s.pool, records=records
        ).routes(),
        ListsApi(s.db, s.guard, records).routes(),
        TagsApi(s.db, s.guard, s.trail).routes(),
        VanityApi(s.db, s.vanities, s.guard).routes(),
        ThumbnailApi(s.thumbnails, s.guard).routes(),
        LinksApi(s.links, s.guard, s.settings.origin).routes(),
        LoansApi(s.loans, s.guard, s.directory).routes(),
        VariablesApi(s.db, s.variables, s.guard, s.pool, s.trail).routes(),
        BundlesApi(s.db, s.intake, s.outbound, s.guard, s.trail, patience=s.settings.upload_patience).routes(),
        deploy_routes(s.deployer, s.fetching, s.guard),
        RepositoryApi(s.db, s.fetching, s.tasks, s.guard, s.trail).routes(),
        PackagesApi(s.db, s.guard).routes(),
        CachesApi(s.db, s.environments, s.tasks, s.trail).routes(),
        ImagesApi(s.db, s.trail).routes(),
        task_routes(s.tasks),
        RenderingsApi(s.db, s.guard, s.rerender, s.trail).routes(),
        JobsApi(s.db, s.guard, (s.pool.stop_instance, s.renderer.stop), s.data_dir / "run").routes(),
        UsageApi(s.db, Processes(s.db, s.settings.origin), s.settings.origin).routes(),
        AuditApi(s.db, s.settings.origin, s.trail).routes(),
        HealthApi(s.health).routes(),
        DelegationsApi(s.delegations).routes(),
    )
    sources = Sources(s.vault, s.visitors, s.visiting)
    lending = Lending(s.db, s.loans, s.vault.tokens)
    lending.through(AWS, lent_aws_credentials(s.minting.aws))
    sources.add(lending.issue)
    sources.choose_roles(s.choices.role_for)
    sources.add(minted(s.minting.minter))
    sources.add(aws_credentials(s.minting.aws, s.settings.origin))
    exchange = Exchange(
        sources,
        s.associations,
        s.directory,
        sessions=s.sessions,
        handles=s.handles,
        trail=s.trail,
        limits=Limits(s.settings.exchange_app_rate, s.settings.exchange_viewer_rate),
        origin=s.settings.origin,
        repeats=Repeats(s.db.changes, time.monotonic, lambda: (s.sessions.epoch, s.directory.epoch, s.handles.mark)),
        bundle_of=lambda guid, instance: _bundle(s, guid, instance),
    )
    found = [*exchange.routes, *(route for group in groups for route in group.routes)]
    found += oauth.routes(s.integrations, s.associations, s.guard)
    found += vault.routes(s.vault, s.integrations, s.trail, s.settings.origin)
    found += s.minting.api()
    return Description(found, s.settings.origin).routes


def _bundle(s: Services, content_guid: str, credential: str) -> int | None:
    """The bundle of a running instance, by the name of its credential."""
    running = s.pool.find(content_guid)
    return next((live.place.bundle_id for live in running if credential == f"instance:{live.key}"), None)


def _facts(s: Services) -> Facts:
    return Facts(s.settings.origin, s.interpreters, s.fetching.available, s.settings.app_start_timeout, IDLE_SECONDS)
