"""Schedules in the database."""

import pytest

from server.renderings import schedules
from server.web.body import Fields
from server.web.errors import ApiError
from tests.unit.server.instances.rig import Rig

PLAN = {"type": "hour", "rule": '{"N": 2}', "start_time": "2030-01-01T09:00:00Z", "timezone": "UTC"}


def test_only_what_is_sent_is_set():
    sent = Fields({"schedule": "{}", "email": None, "activate": True, "id": 4, "next_run": "x"})
    assert schedules.fields_of(sent) == {"rule": "{}", "activate": True}
    with pytest.raises(ApiError):
        schedules.fields_of(Fields({"timezone": 1}))


async def test_they_are_found_by_content(rig: Rig):
    made = rig.db.write_now(schedules.add, rig.view.id, PLAN)
    assert made.id is not None
    assert made.next_run is not None
    assert made.next_run.isoformat() == "2030-01-01T09:00:00+00:00"
    found = rig.db.read_now(schedules.of_many, [rig.view.id, 4242])
    assert list(found) == [rig.view.id]
    assert rig.db.read_now(schedules.of_content, 4242) is None
    with pytest.raises(ApiError, match="hour") as caught:
        rig.db.write_now(schedules.change, made.id, {"type": "nothing"})
    assert caught.value.status == 400
    assert rig.db.read_now(schedules.one, made.id).type == "hour"
