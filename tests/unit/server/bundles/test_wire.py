"""A bundle as it is sent."""

from server.bundles.wire import bundle_object
from server.db.models import Bundle


def test_a_bundle_on_the_wire():
    details = {"folder": "CANARY", "md5": "m", "sha1": "s", "metadata": {"source": "git", "source_commit": "abc"}}
    row = Bundle(id=7, content_id=1, app_mode="python-panel", details=details, size=9, py_version="3.11.7")
    shown = bundle_object(row, "g", active=True)
    assert (shown["id"], shown["active"], shown["py_environment_management"]) == ("7", True, True)
    assert shown["metadata"] == {
        "source": "git", "source_repo": None, "source_branch": None, "source_commit": "abc",
        "archive_md5": "m", "archive_sha1": "s",
    }  # fmt: skip
    assert "CANARY" not in repr(shown)
    assert bundle_object(Bundle(content_id=1, details={}), "g", active=False)["py_environment_management"] is None
