"""The shapes of packages and of the lock file."""

from server.db.models import Package
from server.packages.wire import content_package, lockfile, server_package

ROW = Package(content_id=7, language="python", name="flask", version="3", language_version="3.11.7", bundle_id=9)


def test_no_key_clashes_with_what_clients_add():
    # posit-sdk builds its objects with `ctx` and `path` beside these keys (connect-api.md 0.4).
    assert not {"ctx", "path"} & {*content_package(ROW), *server_package(ROW, "g")}


def test_a_lock_file_is_a_requirements_file():
    first, *lines = lockfile([ROW], "3.11.7").splitlines()
    assert first.startswith("# ")
    assert "3.11.7" in first
    assert lines == ["flask==3"]
