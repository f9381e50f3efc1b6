"""Every service of one server as one value: what the composition root makes and rooms are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from integrations import catalog
from integrations.http import OutboundClient
from runners import tools
from runners.backends.local import LocalRunner
from runners.environments.interpreters import Interpreter
from runners.environments.store import EnvironmentStore
from server.access.guard import Guard
from server.accounts.passwords import Passwords
from server.audit.trail import Trail
from server.bundles.intake import Intake
from server.bundles.shelf import Shelf
from server.claims.claims import Claims
from server.clients.tools import Tools
from server.content.directory import Directory
from server.content.variables import Variables
from server.db.engine import Database
from server.delegations.delegations import Delegations
from server.groups.groups import Groups
from server.health.health import HealthRecords
from server.installation import Installation
from server.instances.credentials import Credentials
from server.instances.live import Link
from server.instances.pool import Pool
from server.instances.prepare import Preparer
from server.keys.keyring import Keyring
from server.links.links import Links
from server.loans.loans import Loans
from server.minting.minting import Minting
from server.oauth.associations import Associations
from server.oauth.choices import Choices
from server.oauth.integrations import Integrations
from server.oauth.visiting import Visiting
from server.publishing.deploy import Deployer
from server.publishing.requested import Requested
from server.renderings.documents import Documents
from server.renderings.renderer import Renderer
from server.renderings.rerender import Rerender
from server.repository.fetching import Fetching, Means
from server.sessions.handles import Handles
from server.sessions.identify import Sessions
from server.sessions.visitors import VisitorKeys
from server.settings import Settings
from server.tasks.tasks import Tasks
from server.thumbnails.thumbnails import Thumbnails
from server.usage.recorder import Recorder
from server.vanity.vanities import Vanities
from server.vault.vault import Vault
from server.web.csrf import Csrf
from server.web.screens import Screens


@dataclass(frozen=True, kw_only=True)
class Grants:
    """The services of other systems' access: who may use which integration, as whom, with whose tokens."""

    integrations: Integrations
    associations: Associations
    choices: Choices
    visitors: VisitorKeys
    visiting: Visiting
    vault: Vault
    minting: Minting
    health: HealthRecords
    delegations: Delegations
    loans: Loans


@dataclass(frozen=True, kw_only=True)
class Services(Grants):
    """The services, by name."""

    settings: Settings
    data_dir: Path
    interpreters: tuple[Interpreter, ...]
    outbound: OutboundClient
    db: Database
    keyring: Keyring
    trail: Trail
    usage: Recorder
    passwords: Passwords
    sessions: Sessions
    tools: Tools
    claims: Claims
    handles: Handles
    directory: Directory
    guard: Guard
    groups: Groups
    variables: Variables
    shelf: Shelf
    thumbnails: Thumbnails
    vanities: Vanities
    links: Links
    intake: Intake
    fetching: Fetching
    tasks: Tasks
    environments: EnvironmentStore
    runner: LocalRunner
    pool: Pool
    renderer: Renderer
    documents: Documents
    rerender: Rerender
    deployer: Deployer
    csrf: Csrf
    screens: Screens


@dataclass(frozen=True)
class Network:
    """What the pool asks of the proxy: a link to an endpoint, how many are open under a tag, and to hang up."""

    open_link: Callable[[str, int], Link]
    busy: Callable[[str], int]
    hang_up: Callable[[str, str], object]


def assemble(
    settings: Settings, opened: Installation, interpreters: tuple[Interpreter, ...], network: Network
) -> Services:
    """Make every service once; nothing runs yet."""
    db, keyring, data = opened.db, opened.keyring, opened.data_dir
    outbound = OutboundClient(allow_local=settings.oauth_allow_local_providers)
    trail, directory, handles = Trail(db), Directory(db), Handles(keyring)
    sessions = _sessions(settings, db)
    grants = _grants(settings, db, keyring, trail, directory, sessions, outbound)
    integrations, associations = grants.integrations, grants.associations
    shelf, variables = Shelf(data / "bundles", settings.max_bundle_size), Variables(db, keyring)
    intake, requested = Intake(db, shelf, trail), Requested(shelf, directory, integrations, associations)
    environments = _environments(settings, data, interpreters)
    preparer = Preparer(shelf, environments)
    issuer = Credentials(db, handles, settings.internal_url, associations=associations, forget_key=sessions.forget_key)
    runner, tasks, csrf = LocalRunner(), Tasks(db), Csrf(keyring, settings.origins)
    renderer = Renderer(db, shelf, variables, issuer, run_root=data / "run", timeout=settings.render_timeout)
    documents = Documents(db, shelf, preparer, renderer)
    pool = _pool(settings, opened, runner, preparer, issuer, variables, network)
    return Services(
        **vars(grants),
        settings=settings,
        data_dir=data,
        interpreters=interpreters,
        outbound=outbound,
        db=db,
        keyring=keyring,
        trail=trail,
        usage=Recorder(db, retention=settings.usage_retention),
        passwords=Passwords(),
        sessions=sessions,
        tools=Tools(db, sessions, trail, settings.origin),
        claims=Claims(db, sessions, trail),
        handles=handles,
        directory=directory,
        guard=Guard(directory),
        groups=Groups(db, sessions, directory, trail),
        variables=variables,
        shelf=shelf,
        thumbnails=Thumbnails(db, data / "thumbnails", trail),
        vanities=Vanities(db, directory, trail),
        links=Links(db, trail, secure=settings.secure_cookies),
        intake=intake,
        fetching=Fetching(db, intake, outbound, _means(settings, data)),
        tasks=tasks,
        environments=environments,
        runner=runner,
        pool=pool,
        renderer=renderer,
        documents=documents,
        rerender=Rerender(db, tasks, preparer, documents, trail),
        deployer=Deployer(db, directory, tasks, preparer, pool, documents, trail, associate=requested.associate),
        csrf=csrf,
        screens=Screens(csrf, settings.origin, https=settings.secure_cookies),
    )


def _sessions(settings: Settings, db: Database) -> Sessions:
    secure, idle, absolute = settings.secure_cookies, settings.session_idle, settings.session_absolute
    return Sessions(db, secure=secure, idle=idle, absolute=absolute)


def _grants(
    settings: Settings,
    db: Database,
    keyring: Keyring,
    trail: Trail,
    directory: Directory,
    sessions: Sessions,
    outbound: OutboundClient,
) -> Grants:
    allow_local = settings.oauth_allow_local_providers
    integrations = Integrations(db, keyring, catalog.load(), trail, allow_local=allow_local, outbound=outbound)
    associations = Associations(db, trail, integrations, directory)
    visiting = Visiting(directory, associations)
    sessions.entitle(visiting.role)
    vault = Vault(db, keyring, integrations, client=outbound, trail=trail)
    loans = Loans(db, associations, vault.standings, trail)
    sessions.when_changed(lambda _guids: loans.forget_all())
    integrations.when_changed(loans.forget_all)
    directory.when_changed(loans.forget)
    associations.when_changed(loans.forget)
    return Grants(
        integrations=integrations,
        associations=associations,
        choices=Choices(db, trail),
        visitors=VisitorKeys(db, keyring, sessions),
        visiting=visiting,
        vault=vault,
        delegations=Delegations(db, integrations, vault.connections, trail),
        minting=Minting(db, keyring, integrations, vault, client=outbound, trail=trail, origin=settings.origin),
        health=HealthRecords(db, integrations, vault.outcomes),
        loans=loans,
    )


def _environments(settings: Settings, data: Path, interpreters: tuple[Interpreter, ...]) -> EnvironmentStore:
    return EnvironmentStore(
        data / "environments",
        uv=Path(find_uv_bin()),
        interpreters=interpreters,
        installer_variables=settings.installer_variables,
    )


def _means(settings: Settings, data: Path) -> Means:
    return Means(tools.find("git"), data / "git", settings.installer_variables, settings.git_allow_local)


def _pool(
    settings: Settings,
    opened: Installation,
    runner: LocalRunner,
    preparer: Preparer,
    issuer: Credentials,
    variables: Variables,
    network: Network,
) -> Pool:
    return Pool(
        opened.db,
        runner,
        preparer,
        issuer,
        variables,
        opened.keyring,
        run_root=opened.data_dir / "run",
        origins=settings.origins,
        start_timeout=settings.app_start_timeout,
        open_link=network.open_link,
        busy=network.busy,
        hang_up=network.hang_up,
    )
