"""The integrations service: creates, changes and deletes OAuth clients, and opens one for a grant."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from integrations.catalog import Catalog
from integrations.contract import ClientConfig, fingerprint
from integrations.discovery import issuer_to_read, pinned, read_metadata
from integrations.http import OutboundClient
from integrations.schema import SECOND_SECRET
from integrations.settling import ConfigProblems, Settled
from integrations.template import Template
from server.audit.trail import Trail
from server.db.clock import now
from server.db.engine import Database
from server.db.models import Integration
from server.keys.keyring import Keyring, SealBroken
from server.oauth import permissions, store
from server.web.caller import Caller
from server.web.errors import ApiError

log = logging.getLogger("tabard.oauth")
PURPOSE = "integration"
BAD_NAME, BAD_DESCRIPTION = 225, 226
NO_TEMPLATE, BAD_CONFIG, TEMPLATE_FIXED = 227, 228, 229
# Connect has numbers of its own for some keys that are wrong alone; everything else is 228.
BAD_KEYS = {"scopes": 201, "client_id": 203, "tenant_id": 204, "client_secret": 205}

Afterwards = Callable[[], None]
Watcher = Callable[[Session, Integration, ClientConfig], Afterwards | None]
"""Called inside the transaction that ends an integration's connections, with the client as it was; what it
returns runs on the event loop once that is committed."""


class ConfigRefused(ApiError):
    """400, code 228, or the number of the one key that is wrong; `problems` holds one sentence for each config key."""

    def __init__(self, error: ConfigProblems) -> None:
        wrong = {problem.field for problem in error.problems}
        code = BAD_KEYS.get(wrong.pop(), BAD_CONFIG) if len(wrong) == 1 else BAD_CONFIG
        super().__init__(400, code, str(error))
        self.problems = {problem.field: problem.message for problem in error.problems}


@dataclass(frozen=True)
class Draft:
    """What an administrator sends. None means "not sent": on a change the stored value stays."""

    template: str | None = None
    name: str | None = None
    description: str | None = None
    config: Mapping[str, object] | None = None
    permissions: Any = None
    secret_expires_at: datetime | None = None
    switches: Mapping[str, bool] = field(default_factory=dict)
    """`own_callback` and `one_account`, those that are sent."""
    sent: frozenset[str] = frozenset()


class Integrations:
    """All integrations; secrets are sealed as one JSON object a row, bound to its GUID."""

    def __init__(
        self,
        db: Database,
        keyring: Keyring,
        catalog: Catalog,
        trail: Trail,
        *,
        allow_local: bool,
        outbound: OutboundClient | None = None,
    ) -> None:
        self._db = db
        self._keyring = keyring
        self.catalog = catalog
        self._trail = trail
        self._allow_local = allow_local
        self._outbound = outbound
        self._watchers: list[Watcher] = []
        self._on_edit: list[Watcher] = []
        self._on_change: list[Callable[[], object]] = []
        self._on_move: list[Callable[[str], object]] = []

    def when_ending(self, watcher: Watcher) -> None:
        """Let `watcher` see a deletion, or a change after which old connections are unusable."""
        self._watchers.append(watcher)

    def when_edited(self, watcher: Watcher) -> None:
        """Let `watcher` see a change after which old connections are still those of the same client."""
        self._on_edit.append(watcher)

    def when_changed(self, notice: Callable[[], object]) -> None:
        """Call `notice()` after every change of any integration."""
        self._on_change.append(notice)

    def when_moved(self, notice: Callable[[str], object]) -> None:
        """Call `notice(content_guid)` for all that used an integration which was deleted or acts as somebody else."""
        self._on_move.append(notice)

    def template(self, key: str) -> Template:
        """The template with this key. Raises ApiError 400, code 227."""
        found = self.catalog.get(key)
        if found is None:
            known = ", ".join(template.key for template in self.catalog.all())
            raise ApiError(400, NO_TEMPLATE, f"There is no such integration template; use one of {known}.")
        return found

    def client_config(self, row: Integration, role: str = "") -> ClientConfig:
        """The OAuth client of a row, with its secret, asking for `role` if one is named.

        Raises SealBroken, ApiError (unknown template, a role that cannot be asked for).
        """
        template = self.template(row.template)
        if problem := template.role_problem(role):
            raise ApiError(400, BAD_CONFIG, problem)
        return template.client(row.config, self._secrets(row), role)

    def stored_secrets(self, row: Integration) -> frozenset[str]:
        """The names of the secrets that are kept, for a form that says so."""
        return frozenset(self._secrets(row))

    def _secrets(self, row: Integration) -> dict[str, str]:
        opened: dict[str, str] = json.loads(
            self._keyring.open(row.sealed_secrets, purpose=PURPOSE, bound_to=f"integrations|{row.guid}")
        )
        return opened

    def _readable(self, row: Integration) -> dict[str, str]:
        """The secrets; none where they do not open (another row's, or damaged), so that they can be entered again."""
        try:
            return self._secrets(row)
        except SealBroken:
            log.error("the secrets of integration %s do not open; they have to be entered again", row.guid)
            return {}

    async def all(self) -> list[Integration]:
        """All integrations, oldest first."""
        return await self._db.read(store.everything)

    async def usable_by(self, caller: Caller) -> list[Integration]:
        """Those the caller may associate, oldest first."""
        return [row for row in await self.all() if permissions.may_use(caller, row)]

    async def get(self, guid: str) -> Integration:
        """One integration. Raises ApiError 404."""
        return await self._db.read(store.by_guid, guid)

    async def find(self, integration_id: int) -> Integration | None:
        """One integration by its number, or None."""
        return await self._db.read(store.by_id, integration_id)

    async def counts(self) -> dict[int, int]:
        """How many content items use each, by integration id."""
        return await self._db.read(store.counts)

    async def usages(self, guid: str) -> tuple[Integration, list[store.Usage]]:
        """An integration with the content that uses it. Raises ApiError 404."""

        def find(session: Session) -> tuple[Integration, list[store.Usage]]:
            row = store.by_guid(session, guid)
            assert row.id is not None
            return row, store.usages(session, row.id)

        return await self._db.read(find)

    async def create(self, actor: Caller, draft: Draft) -> Integration:
        """A new integration. Raises ApiError 400 (227, 228, 225, 226, 261, 262)."""
        draft = await self._discovered(self.catalog.get(draft.template or ""), {}, draft)
        row = await self._db.write(self.add, actor, draft)
        self._changed([], [])
        return row

    async def change(self, actor: Caller, guid: str, draft: Draft) -> Integration:
        """Change what was sent; config is merged key by key, and an empty secret keeps the stored one.

        A change of what identifies the provider or our client ends every connection at once (O-30).
        Raises ApiError 404, 400 (228, 229, ...).
        """
        if draft.config:
            before = await self.get(guid)
            draft = await self._discovered(self.catalog.get(before.template), before.config, draft)
        row, afterwards, moved = await self._db.write(self._update, actor, guid, draft)
        self._changed(afterwards, moved)
        return row

    async def discovered(
        self, template: Template, stored: Mapping[str, object], given: Mapping[str, object]
    ) -> Mapping[str, object]:
        """What is given, with the addresses that its issuer publishes, where the template has them read.

        They are read now, outside any transaction, and kept from here on (security.md 7.4). Raises ConfigProblems.
        """
        issuer = issuer_to_read(template.data, stored, given)
        if issuer is None or self._outbound is None:
            return given
        metadata = await read_metadata(self._outbound, template.data, issuer)
        return pinned(template.data, metadata, stored, given, allow_local=self._allow_local)

    async def _discovered(self, template: Template | None, stored: Mapping[str, object], draft: Draft) -> Draft:
        if template is None or draft.config is None:
            return draft
        try:
            return replace(draft, config=await self.discovered(template, stored, draft.config))
        except ConfigProblems as error:
            raise ConfigRefused(error) from None

    async def use_second_alone(self, actor: Caller, guid: str) -> Integration:
        """End a rotation: the second client secret takes the place of the first; connections stay (O-31).

        Raises ApiError 404; 400, code 205, where there is no second one.
        """
        row = await self._db.write(self._promote, actor, guid)
        self._changed([], [])
        return row

    async def delete(self, actor: Caller, guid: str) -> None:
        """Delete with associations and connections. Raises ApiError 404."""
        self._changed(*await self._db.write(self._drop, actor, guid))

    def tell_changed(self) -> None:
        """Somebody else changed what is kept of an integration, but not as whom it acts."""
        self._changed([], [])

    def opened_secrets(self, row: Integration) -> Mapping[str, str]:
        """The secrets that are kept, for a trial of the client. Raises SealBroken."""
        return self._secrets(row)

    def _changed(self, afterwards: list[Afterwards], moved: list[str]) -> None:
        for notice in self._on_change:
            notice()
        for content_guid in moved:
            for tell in self._on_move:
                tell(content_guid)
        for act in afterwards:
            act()

    def _settle(self, template: Template, config: Mapping[str, object]) -> Settled:
        try:
            return template.settle(config, allow_local=self._allow_local)
        except ConfigProblems as error:
            raise ConfigRefused(error) from None

    def _fill(self, row: Integration, template: Template, settled: Settled) -> None:
        row.config, row.auth_type = dict(settled.config), settled.auth_type
        row.fingerprint = fingerprint(template.client(settled.config, settled.secrets))
        self._seal(row, settled.secrets)

    def _seal(self, row: Integration, secrets: Mapping[str, str]) -> None:
        row.sealed_secrets = self._keyring.seal(
            json.dumps(dict(secrets)), purpose=PURPOSE, bound_to=f"integrations|{row.guid}"
        )

    def add(self, session: Session, actor: Caller | None, draft: Draft) -> Integration:
        """A new integration, in the caller's own transaction. Raises as `create`."""
        template = self.template(draft.template or "")
        settled = self._settle(template, draft.config or {})
        row = Integration(
            guid=str(uuid.uuid4()),
            template=template.key,
            name=_name(draft.name),
            description=_description(draft.description),
            auth_type=settled.auth_type,
            sealed_secrets=b"",
            fingerprint="",
            permissions=permissions.checked(session, draft.permissions),
            secret_expires_at=draft.secret_expires_at,
            own_callback=draft.switches.get("own_callback", False),
            one_account=draft.switches.get("one_account", False),
        )
        self._fill(row, template, settled)
        row.updated_time = row.configured_time = row.created_time
        session.add(row)
        session.flush()
        self._trail.record(session, actor, "add_oauth_integration", integration=row.guid, template=row.template)
        return row

    def _update(
        self, session: Session, actor: Caller, guid: str, draft: Draft
    ) -> tuple[Integration, list[Afterwards], list[str]]:
        row = store.by_guid(session, guid, lock=True)
        acted_as = row.auth_type
        if draft.template not in (None, row.template):
            raise ApiError(
                400, TEMPLATE_FIXED, "The template of an integration cannot change; create a new integration."
            )
        if "name" in draft.sent:
            row.name = _name(draft.name)
        if "description" in draft.sent:
            row.description = _description(draft.description)
        for name, flag in draft.switches.items():
            setattr(row, name, flag)
        if "permissions" in draft.sent:
            row.permissions = permissions.checked(session, draft.permissions)
        if "secret_expires_at" in draft.sent:
            row.secret_expires_at = draft.secret_expires_at
        afterwards: list[Afterwards] = []
        secrets_changed = False
        if draft.config:
            afterwards, secrets_changed = self._merge(session, row, draft.config)
        row.updated_time = now()
        session.add(row)
        self._trail.record(
            session,
            actor,
            "edit_oauth_integration",
            integration=guid,
            fields=sorted(draft.sent),
            config_version=row.config_version,
            secrets_changed=secrets_changed,
        )
        return row, afterwards, _users(session, row) if row.auth_type != acted_as else []

    def _merge(self, session: Session, row: Integration, given: Mapping[str, object]) -> tuple[list[Afterwards], bool]:
        template, before, secrets = self.template(row.template), row.fingerprint, self._readable(row)
        old, kept = template.client(row.config, secrets), row.config
        sent = {key: value for key, value in given.items() if value or key not in template.secret_names}
        if SECOND_SECRET in given and given[SECOND_SECRET] is None:
            sent[SECOND_SECRET] = None
        settled = self._settle(template, {**row.config, **secrets, **sent})
        self._fill(row, template, settled)
        if (row.config, settled.secrets) != (kept, secrets):
            row.configured_time = now()
        afterwards: list[Afterwards] = []
        if row.fingerprint != before:
            row.config_version += 1
            afterwards = self._end_connections(session, row, old)
        elif row.config != kept:
            afterwards = _told(self._on_edit, session, row, old)
        return afterwards, settled.secrets != secrets

    def _promote(self, session: Session, actor: Caller, guid: str) -> Integration:
        row = store.by_guid(session, guid, lock=True)
        secrets = self._readable(row)
        second = secrets.pop(SECOND_SECRET, None)
        if second is None:
            raise ApiError(400, BAD_KEYS["client_secret"], "There is no second client secret; store the new one first.")
        self._seal(row, {**secrets, "client_secret": second})
        # The end that was noted is the first secret's.
        row.secret_expires_at = None
        row.updated_time = row.configured_time = now()
        session.add(row)
        self._trail.record(session, actor, "rotate_oauth_secret", integration=guid)
        return row

    def _drop(self, session: Session, actor: Caller, guid: str) -> tuple[list[Afterwards], list[str]]:
        row = store.by_guid(session, guid, lock=True)
        moved = _users(session, row)
        afterwards = self._end_connections(session, row, self.client_config(row)) if self._opens(row) else []
        self._trail.record(session, actor, "remove_oauth_integration", integration=guid, template=row.template)
        session.delete(row)
        return afterwards, moved

    def _opens(self, row: Integration) -> bool:
        """Whether its client can still be made; what cannot be opened must be deletable all the same."""
        try:
            self.client_config(row)
        except Exception:
            return False
        return True

    def _end_connections(self, session: Session, row: Integration, old: ClientConfig) -> list[Afterwards]:
        return _told(self._watchers, session, row, old)


def _told(watchers: list[Watcher], session: Session, row: Integration, old: ClientConfig) -> list[Afterwards]:
    acts = [watcher(session, row, old) for watcher in watchers]
    return [act for act in acts if act is not None]


def _users(session: Session, row: Integration) -> list[str]:
    assert row.id is not None
    return [used.content_guid for used in store.usages(session, row.id)]


def _name(text: str | None) -> str | None:
    if text is not None and (len(text) > 255 or not text.isprintable()):
        raise ApiError(400, BAD_NAME, "The name of an integration has at most 255 characters, on one line.")
    return text.strip() or None if text is not None else None


def _description(text: str | None) -> str | None:
    if text is not None and len(text) > 4096:
        raise ApiError(400, BAD_DESCRIPTION, "The description of an integration has at most 4096 characters.")
    return text or None if text is not None else None
