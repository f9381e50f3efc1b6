"""What clients are shown of variants, renderings and schedules."""

from datetime import timedelta

from server.content import store as content
from server.db.clock import now
from server.db.models import Rendering, Schedule
from server.renderings import wire
from tests.unit.server.instances.rig import Rig


async def test_times_and_durations(rig: Rig):
    row = rig.db.read_now(content.by_guid, rig.guid)
    shown = Rendering(id=7, content_id=row.id or 0, bundle_id=2, job_key="j", folder="f", primary="p", seconds=1.5)
    variant = wire.variant_object(row, shown)
    assert (variant["rendering_id"], variant["render_duration"]) == (7, 1_500_000_000)
    rendering = wire.rendering_object(shown, rig.view, active=True)
    assert (rendering["render_duration"], rendering["variant_id"]) == (1_500_000_000, row.id)


def test_a_schedule_always_shows_what_is_to_come():
    row = Schedule(id=1, content_id=2, type="day", rule='{"N": 1}', start_time="2020-01-01T09:00:00Z", timezone="UTC")
    first = wire.schedule_object(row, now())["next_run"]
    later = wire.schedule_object(row, now() + timedelta(days=400))["next_run"]
    assert first is not None
    assert later is not None
    assert first < later
    row.start_time = "9999-12-31T00:00:00Z"
    assert wire.schedule_object(row, now())["next_run"] is None
