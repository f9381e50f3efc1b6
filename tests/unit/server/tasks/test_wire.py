"""A task as it is sent."""

from server.db.models import Task
from server.tasks.wire import task_object


def test_every_key_that_clients_index():
    shown = task_object(Task(id="t", user_guid="CANARY"), ["a"], 1)
    assert shown == {
        "id": "t", "output": ["a"], "result": None, "finished": False, "code": 0, "error": "", "last": 1,
    }  # fmt: skip
