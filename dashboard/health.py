"""Says in one word how a content item is doing."""

from __future__ import annotations

from dashboard.views.home import Health
from server.instances.live import Place
from server.instances.pool import Pool
from server.renderings.documents import runs


def health(pool: Pool, guid: str, app_mode: str, bundle_id: int | None, *, failed: bool) -> Health:
    """The state of the version that serves; `failed` is about its newest run or rendering."""
    if bundle_id is None:
        return "never_deployed"
    if not runs(app_mode):
        return "failed" if failed else "published"
    if any(not live.place.draft for live in pool.find(guid)):
        return "running"
    if pool.progress(Place(guid, bundle_id)):
        return "starting"
    return "failed" if failed else "idle"


def known_kind(app_mode: str) -> str:
    """An app mode as screens name kinds: empty before the first deployment."""
    return "" if app_mode == "unknown" else app_mode
