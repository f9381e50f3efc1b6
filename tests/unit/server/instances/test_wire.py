"""Jobs as they are sent: stable once they have ended, with a reason where they failed."""

from datetime import timedelta

import pytest

from runners.journal import Entry
from runners.measuring import Measured
from server.db.clock import now
from server.db.models import Instance
from server.instances.wire import job_error, job_object, kill_order, log_entry, metric_sample


def run(**fields: object) -> Instance:
    return Instance(id=9, key="k", content_id=3, start_time=now() - timedelta(seconds=10), **fields)


def test_a_job_that_runs_and_one_that_has_ended():
    begun = job_object(run(bundle_id=7, tag="run_streamlit"), "g")
    assert (begun["status"], begun["pid"], begun["bundle_id"], begun["end_time"]) == (0, None, "7", None)
    assert begun["last_heartbeat_time"] == begun["start_time"]
    done = job_object(run(pid=4711, exit_code=0, end_time=now()), "g")
    assert (done["status"], done["pid"], done["exit_code"], done["content_guid"]) == (2, "4711", 0, "g")
    assert done["last_heartbeat_time"] == done["end_time"] is not None
    assert not {"ctx", "path"} & done.keys()


def test_an_order_to_end_has_the_recorded_keys():
    assert kill_order(run(), "g") == {
        "guid": "g", "app_id": 3, "app_guid": "g", "content_id": "3", "content_guid": "g", "job_id": 9,
        "job_key": "k", "result": "Order to kill job registered",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "summary"),
    [
        ({}, None),
        ({"end_time": now(), "exit_code": 0}, None),
        ({"end_time": now()}, None),
        ({"end_time": now(), "exit_code": 3}, "It ended with exit code 3."),
        ({"end_time": now(), "exit_code": 1, "error": "No such package."}, "No such package."),
    ],
)
def test_why_a_job_failed(fields: dict[str, object], summary: str | None):
    found = job_error(run(**fields))
    assert (None if found is None else found["summary"]) == summary


def test_a_line_and_a_measurement():
    assert log_entry(Entry(0.0, "stderr", "x")) == {
        "source": "stderr", "timestamp": "1970-01-01T00:00:00Z", "data": "x",
    }  # fmt: skip
    sample = metric_sample(run(pid=4), Measured(5.0, 1000))
    assert (sample["process_id"], sample["memory_bytes"]) == (4, 1000)
    assert sample["cpu_fraction"] == pytest.approx(0.5, abs=0.05)
