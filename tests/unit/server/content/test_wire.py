"""The content object: every key in every state, and versions only for those who may edit."""

from datetime import UTC, datetime

from server.content.wire import ELSEWHERE, TUNING, content_object, owner_object
from server.db.models import Content, User

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
OWNER = User(guid="o", username="ann", username_key="ann", email="CANARY", first_name="Ann", password_hash="CANARY")


def shown(*, full: bool = True, **fields: object) -> dict[str, object]:
    row = Content(id=7, guid="g", name="app", owner_id=1, created_time=MOMENT, last_deployed_time=MOMENT, **fields)
    return content_object(row, OWNER, origin="https://apps.example.org", app_role="owner", full=full)


def test_every_key_is_there_in_every_state():
    fresh, served = shown(), shown(bundle_id=3, app_mode="python-panel", py_version="3.11.7")
    assert fresh.keys() == served.keys() == shown(full=False).keys()
    assert {*TUNING, *ELSEWHERE} <= fresh.keys()
    assert (fresh["bundle_id"], fresh["cluster_name"], fresh["py_version"]) == (None, None, None)
    assert (served["id"], served["bundle_id"], served["cluster_name"]) == ("7", "3", "Local")
    assert served["content_url"] == "https://apps.example.org/content/g/"
    assert served["dashboard_url"] == "https://apps.example.org/connect/#/apps/g"
    assert str(served["created_time"]).startswith("2026-11-21T09:30:00")


def test_versions_are_for_those_who_may_edit():
    versions = {"py_version": "3.11.7", "py_management": True}
    full, part = shown(**versions), shown(full=False, **versions)
    assert (full["py_version"], full["py_environment_management"]) == ("3.11.7", True)
    assert (part["py_version"], part["py_environment_management"]) == (None, None)


def test_settings_a_publisher_made_and_only_known_ones():
    found = shown(tuning={"max_processes": 3, "load_factor": 0.0, "CANARY": 1})
    assert (found["max_processes"], found["load_factor"], found["min_processes"]) == (3, 0.0, None)
    assert "CANARY" not in found


def test_the_owner_without_an_address():
    assert owner_object(OWNER) == {"guid": "o", "username": "ann", "first_name": "Ann", "last_name": ""}
