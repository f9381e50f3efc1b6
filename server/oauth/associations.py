"""Which content may use which integrations: asked on every visit, so held in memory and true by invalidation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

from sqlmodel import Session

from server.audit.trail import Trail
from server.content.directory import Directory
from server.content.view import ContentView
from server.db.clock import now
from server.db.engine import Database
from server.db.lent import end_loans
from server.db.models import Integration
from server.links.store import is_shared
from server.oauth import permissions, roles, store
from server.oauth.fitting import misfit
from server.oauth.integrations import Integrations
from server.oauth.store import AssociationView
from server.web.caller import Caller
from server.web.errors import ApiError
from server.web.remembered import Remembered

__all__ = ["AssociationView", "Associations"]

INVALID_LIST, NOT_PERMITTED, WRONG_AUTH_TYPE, TWICE = 208, 209, 237, 258


class Associations:
    """Reads and replaces the associations of a content item."""

    def __init__(self, db: Database, trail: Trail, integrations: Integrations, directory: Directory) -> None:
        self._db = db
        self._trail = trail
        self._catalog = integrations.catalog
        self._known: Remembered[str, tuple[AssociationView, ...]] = Remembered(
            self._load, changes=db.changes, tables=("associations", "integrations", "content")
        )
        self._on_change: list[Callable[[str], object]] = []
        integrations.when_changed(self._known.forget_all)
        integrations.when_moved(self._tell)
        directory.when_changed(self._known.forget)

    def when_changed(self, notice: Callable[[str], object]) -> None:
        """Call `notice(content_guid)` after what a content item may use was replaced, or was deleted elsewhere."""
        self._on_change.append(notice)

    async def for_content(self, content_guid: str) -> tuple[AssociationView, ...]:
        """What the content may use, oldest integration first. Warm: no database."""
        return await self._known.get(content_guid)

    async def _load(self, content_guid: str) -> tuple[AssociationView, ...]:
        found = await self._db.read(store.associations, content_guid)
        return tuple(self._completed(there) for there in found)

    def _completed(self, there: AssociationView) -> AssociationView:
        template = self._catalog.get(there.template)
        if template is None:
            return there
        takes, data = roles.takes_roles(template), template.data
        return replace(there, takes_roles=takes, minted=data.minted, issues=data.issues)

    async def replace(
        self, actor: Caller, view: ContentView, guids: Sequence[str], pins: Mapping[str, str] | None = None
    ) -> tuple[AssociationView, ...]:
        """Make the content's integrations exactly these.

        `pins` names the roles that are pinned, by integration GUID ("" takes a pin away); those it leaves out stay.
        Raises ApiError 400: 208 unknown, or a role that cannot be, 258 twice, 237 wrong kind for this content; 403:
        209 not the actor's to use.
        """
        found = await self._db.write(self._replace, actor, view, list(guids), pins or {})
        self._known.forget(view.guid)
        self._tell(view.guid)
        return tuple(self._completed(there) for there in found)

    async def add(self, actor: Caller, view: ContentView, guids: Sequence[str]) -> None:
        """Let the content also use these. Raises as `replace`, and then nothing was added."""

        def write(session: Session) -> None:
            before = [there.guid for there in store.associations(session, view.guid)]
            self._replace(session, actor, view, [*before, *(guid for guid in guids if guid not in before)], {})

        await self._db.write(write)
        self._known.forget(view.guid)
        self._tell(view.guid)

    def _tell(self, content_guid: str) -> None:
        for notice in self._on_change:
            notice(content_guid)

    def _replace(
        self, session: Session, actor: Caller, view: ContentView, guids: list[str], pins: Mapping[str, str]
    ) -> tuple[AssociationView, ...]:
        wanted = [guid.lower() for guid in guids]
        if len(set(wanted)) != len(wanted):
            raise ApiError(400, TWICE, "An integration is listed twice; list each once.")
        rows = {row.guid: row for row in store.everything(session)}
        before = {there.guid for there in store.associations(session, view.guid)}
        pinned = {guid.lower(): role for guid, role in pins.items()}
        shared = is_shared(session, view.id, now())
        chosen: list[Integration] = []
        for guid in wanted:
            row = rows.get(guid)
            if row is None:
                raise ApiError(400, INVALID_LIST, "An oauth_integration_guid in the list names no integration.")
            if guid not in before and not permissions.may_use(actor, row):
                raise ApiError(403, NOT_PERMITTED, f"The integration {guid} is not shared with you.")
            reason = misfit(row.auth_type, view.app_mode, view.access_type, shared=shared)
            if reason is not None:
                raise ApiError(400, WRONG_AUTH_TYPE, reason)
            wrong = roles.problem(self._catalog.get(row.template), pinned.get(guid, ""))
            if wrong is not None:
                raise ApiError(400, INVALID_LIST, wrong)
            chosen.append(row)
        ids = {row.guid: row.id for row in chosen if row.id is not None}
        gone = [rows[guid].id or 0 for guid in before - set(wanted) if guid in rows]
        for ended in end_loans(session, view.id, now(), integrations=gone):
            self._trail.record(session, actor, "end_loan", content=view.guid, **asdict(ended))
        store.replace_associations(
            session, view.id, list(ids.values()), {ids[guid]: role for guid, role in pinned.items() if guid in ids}
        )
        after = store.associations(session, view.guid)
        self._trail.record(
            session,
            actor,
            "edit_content_oauth_integrations",
            content=view.guid,
            integrations=sorted(wanted),
            roles={there.guid: there.role for there in after if there.role},
        )
        return after
