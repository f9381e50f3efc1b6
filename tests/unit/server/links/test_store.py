"""What the database tells of share links."""

from datetime import timedelta
from pathlib import Path

import pytest

from server.db.clock import now
from server.db.engine import Database
from server.db.models import ShareLink
from server.links import store
from server.web.errors import ApiError
from tests.unit.server.instances.rig import Rig


def test_links_of_content(db: Database, tmp_path: Path):
    rig, moment = Rig(db, tmp_path), now()
    for number, life in ((1, 1), (2, -1)):
        row = ShareLink(
            guid=f"g{number}",
            secret_hash=f"h{number}",
            content_id=rig.view.id,
            created_by=rig.owner.guid,
            expires_at=moment + timedelta(hours=life),
        )
        db.write_now(lambda s, r=row: s.add(r))
    assert [row.guid for row in db.read_now(store.of_content, rig.view.id)] == ["g1", "g2"]
    assert db.read_now(store.is_shared, rig.view.id, moment)
    assert not db.read_now(store.is_shared, rig.view.id, moment + timedelta(hours=2))
    found = db.read_now(store.by_secret, "h2")
    assert found is not None
    assert (found.guid, found.content_guid) == ("g2", rig.guid)
    assert db.read_now(store.by_secret, "h3") is None
    db.write_now(store.used, "g1", moment)
    assert db.read_now(store.one, rig.view.id, "g1").last_used_time == moment
    with pytest.raises(ApiError):
        db.read_now(store.one, rig.view.id + 1, "g1")
