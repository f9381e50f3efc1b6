"""The whole gateway for a benchmark: every step of a visit for a signed-in viewer, in front of any app on a port.

Only the runner is left out: the instance is put into the pool by hand, so that any peer can serve the same app.
"""

from __future__ import annotations

from pathlib import Path

import uvicorn
from sqlmodel import Session

from runners.contract import Endpoint, Handle
from runners.kinds import catalog
from server.accounts import store as accounts
from server.app import create_app
from server.db.clock import now
from server.db.models import BrowserSession, Bundle, Content
from server.installation import open_installation
from server.instances.live import Live, Place
from server.keys.credentials import digest
from server.proxy.upstream import Upstream
from server.settings import Settings

GUID = "0f0e0d0c-0b0a-4009-8807-060504030201"
TOKEN = "bench-session-token-0123456789abcdef0123456789"
HOST = "localhost:3939"


def _seed(session: Session) -> None:
    user = accounts.add_user(session, username="viewer", role="publisher")
    assert user.id is not None
    content = Content(guid=GUID, name="bench", owner_id=user.id, app_mode="python-streamlit")
    session.add(content)
    session.flush()
    assert content.id is not None
    bundle = Bundle(content_id=content.id, app_mode="python-streamlit", details={"folder": "none"})
    session.add(bundle)
    session.flush()
    content.bundle_id = bundle.id
    life = now().replace(year=now().year + 1)
    session.add(BrowserSession(token_hash=digest(TOKEN), guid=GUID, user_id=user.id, expires_at=life))


def serve(port: int, app_port: int, folder: Path) -> None:
    """Serve until stopped; requests carry the session cookie and `Host: localhost:3939`."""
    settings = Settings(data_dir=folder / "data", dashboard="", allowed_hosts=(HOST,))
    opened = open_installation(settings)
    opened.db.write_now(_seed)
    application = create_app(settings, opened)
    kind = catalog.by_mode("python-streamlit")
    assert kind is not None
    place = Place(GUID, 1)
    handle = Handle("bench", 0, 0, Endpoint("127.0.0.1", app_port), folder / "log")
    live = Live("bench", place, kind, handle, Upstream("127.0.0.1", app_port), folder)
    application.services.pool._live[place] = live
    uvicorn.run(
        application.asgi,
        host="127.0.0.1",
        port=port,
        http=application.http,
        ws=application.ws,
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
