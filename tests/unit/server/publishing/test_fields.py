"""What a request may set of a content record (security.md S-12)."""

from typing import Any

import pytest

from server.publishing.fields import changes_from
from server.web.body import Fields
from server.web.caller import Caller
from server.web.errors import ApiError

ADMIN = Caller(user_id=1, guid="a", role="administrator", via="key")
PUBLISHER = Caller(user_id=2, guid="p", role="publisher", via="key")
PROTECTED = {
    "guid": "x", "id": "9", "owner_id": 9, "created_time": "2020-01-01T00:00:00Z", "bundle_id": "9",
    "app_mode": "static", "app_role": "owner", "content_url": "x", "last_deployed_time": "x", "py_version": "3",
    "extension": True, "tuning": {"a": 1}, "unknown": 1, "permissions": [], "user_role": "administrator",
}  # fmt: skip


@pytest.mark.parametrize("creating", [True, False])
def test_protected_and_unknown_fields_are_left_alone(creating: bool):
    assert changes_from(Fields(PROTECTED), ADMIN, creating=creating) == {}


def test_what_may_be_set():
    given = {
        "name": "my-app", "title": "T", "description": "d", "access_type": "all", "max_processes": 2,
        "load_factor": 0.5, "run_as": None, "default_py_environment_management": True, "min_processes": None,
    }  # fmt: skip
    made = changes_from(Fields(given), PUBLISHER, creating=True)
    tuning = {"max_processes": 2, "load_factor": 0.5, "default_py_environment_management": True}
    assert made == {"name": "my-app", "title": "T", "description": "d", "access_type": "all", "tuning": tuning}
    changed = changes_from(Fields({"max_processes": None, "title": ""}), PUBLISHER)
    assert changed == {"title": None, "tuning": {"max_processes": None}}
    assert changes_from(Fields({}), PUBLISHER) == {}
    assert changes_from(Fields({"name": None, "access_type": None, "owner_guid": None}), PUBLISHER) == {}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "ab"}, 5), ({"name": "a b c"}, 5), ({"name": "x" * 65}, 5), ({"name": "../x"}, 5),
        ({"name": "ü--"}, 5),
        ({"name": "abc\n"}, 5), ({"name": 5}, 25), ({"access_type": "secret"}, 117), ({"access_type": 1}, 25),
        ({"max_processes": "2"}, 25), ({"max_processes": 1.5}, 25), ({"max_processes": True}, 25),
        ({"max_processes": -1}, 25), ({"max_processes": 2**60}, 25), ({"load_factor": float("inf")}, 25),
        ({"description": "x" * 4097}, 25), ({"max_processes": 0}, 25), ({"load_factor": 1.1}, 25),
        ({"run_as": "ann"}, 25), ({"run_as_current_user": True}, 25), ({"service_account_name": "x"}, 25),
        ({"default_environment_guid": "x"}, 25), ({"content_category": "cats"}, 25), ({"idle_timeout": 2**31}, 25),
        ({"title": "a\0"}, 25), ({"run_as": 1}, 25),
    ],
)  # fmt: skip
def test_what_may_not(given: dict[str, Any], code: int):
    with pytest.raises(ApiError) as caught:
        changes_from(Fields(given), ADMIN)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_only_administrators_lock():
    assert changes_from(Fields({"locked": True, "locked_message": "m"}), ADMIN) == {
        "locked": True,
        "locked_message": "m",
    }
    for given in ({"locked": True}, {"locked_message": "m"}):
        with pytest.raises(ApiError) as caught:
            changes_from(Fields(given), PUBLISHER)
        assert caught.value.status == 403


def test_locking_keeps_the_message_and_a_message_keeps_the_lock():
    assert changes_from(Fields({"locked": False}), ADMIN) == {"locked": False}
    assert changes_from(Fields({"locked_message": "m"}), ADMIN) == {"locked_message": "m"}
