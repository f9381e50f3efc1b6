"""The integrations a manifest asks for: associated at a deployment where exactly one fits (connect-api.md 2.4).

What cannot be done is said in the deployment's output. It never fails a deployment and never takes anything away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runners.bundles.manifest import ManifestProblem
from server.bundles import store as bundles
from server.bundles.shelf import Shelf
from server.content.directory import Directory
from server.content.view import ContentView
from server.db.engine import DatabaseUnavailable
from server.db.models import Bundle, Integration
from server.oauth.associations import Associations
from server.oauth.fitting import misfit
from server.oauth.integrations import Integrations
from server.web.caller import Caller
from server.web.errors import ApiError

log = logging.getLogger("tabard.publishing")
Report = Callable[[str], None]
# What a manifest may ask for at once; further requests are not looked at.
MOST = 20
LONGEST_SHOWN = 80


def fitting(request: Mapping[str, Any], usable: Sequence[Integration]) -> list[Integration]:
    """Those a request means: by `guid` alone where it has one, else by all it says of type, auth_type, name, config."""
    guid = request.get("guid")
    if isinstance(guid, str) and guid:
        return [row for row in usable if row.guid == guid.lower()]
    said = {
        "template": request.get("type"),
        "auth_type": request.get("auth_type"),
        "name": request.get("name"),
    }
    wanted = {field: value for field, value in said.items() if value}
    config = request.get("config") or {}
    if not isinstance(config, dict) or not (wanted or config):
        return []
    return [
        row
        for row in usable
        if all(getattr(row, field) == value for field, value in wanted.items())
        and all(_text(row.config.get(key)) == _text(value) for key, value in config.items())
    ]


def shown(request: Mapping[str, Any]) -> str:
    """What to call a request in a sentence."""
    for name in ("name", "type", "auth_type", "guid"):
        value = request.get(name)
        if isinstance(value, str) and value.isprintable() and value:
            return f"“{value[:LONGEST_SHOWN]}”"
    return "without a type or name"


class Requested:
    """Reads a version's requests and associates what they mean."""

    def __init__(self, shelf: Shelf, directory: Directory, integrations: Integrations, associations: Associations):
        self._shelf, self._directory = shelf, directory
        self._integrations, self._associations = integrations, associations

    async def associate(self, caller: Caller, view: ContentView, bundle: Bundle, report: Report) -> None:
        """Associate what the bundle's manifest asks for; `report` is told of each that is new or cannot be."""
        try:
            _code, manifest = await asyncio.to_thread(self._shelf.code, bundles.folder_of(bundle))
            if manifest.integration_requests:
                await self._each(caller, view.guid, manifest.integration_requests, report)
        except (ManifestProblem, ApiError, DatabaseUnavailable, OSError) as error:
            log.warning("the integrations of a manifest could not be associated: %s", type(error).__name__)
            report("The integrations that the manifest asks for could not be added; add them on the Access tab.")

    async def _each(self, caller: Caller, guid: str, requests: Sequence[Mapping[str, Any]], report: Report) -> None:
        view = await self._directory.by_guid(guid)
        if view is None:
            return
        there = {association.guid for association in await self._associations.for_content(guid)}
        usable = await self._integrations.usable_by(caller)
        added: dict[str, Integration] = {}
        for request in requests[:MOST]:
            found = fitting(request, usable)
            if any(row.guid in there or row.guid in added for row in found):
                continue
            problem = _problem(found, view)
            if problem is None:
                added[found[0].guid] = found[0]
            else:
                report(f"Integration request {shown(request)}: {problem}")
        if added:
            await self._associations.add(caller, view, list(added))
        for row in added.values():
            report(f"The integration {row.name or row.template} was added, as the manifest asks.")


def _problem(found: Sequence[Integration], view: ContentView) -> str | None:
    if not found:
        return "no integration that you may use fits it; add one on the Access tab."
    if len(found) > 1:
        return f"{len(found)} integrations fit it; name one by its guid, or add one on the Access tab."
    return misfit(found[0].auth_type, view.app_mode, view.access_type)


def _text(value: object) -> str:
    """Config values compare as the wire spells them: clients write switches as text."""
    return ("true" if value else "false") if isinstance(value, bool) else "" if value is None else str(value)
