"""One word for how an item is doing, from what the pool holds."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dashboard.health import health, known_kind
from server.instances.pool import Pool


def pool(*drafts: bool, starting: bool = False) -> Pool:
    lives = [SimpleNamespace(place=SimpleNamespace(draft=draft)) for draft in drafts]
    found: Any = SimpleNamespace(find=lambda _guid: lives, progress=lambda _place: ["line"] if starting else [])
    return cast(Pool, found)


@pytest.mark.parametrize(
    ("given", "bundle", "failed", "says"),
    [
        (pool(), None, True, "never_deployed"),
        (pool(False), 1, True, "running"),
        (pool(True), 1, False, "idle"),  # only a draft runs
        (pool(starting=True), 1, True, "starting"),
        (pool(), 1, True, "failed"),
        (pool(), 1, False, "idle"),
    ],
)
def test_the_word(given: Pool, bundle: int | None, failed: bool, says: str) -> None:
    assert health(given, "g", "python-panel", bundle, failed=failed) == says


@pytest.mark.parametrize(
    ("mode", "bundle", "failed", "says"),
    [
        ("static", 1, False, "published"),
        ("jupyter-static", 1, False, "published"),
        ("jupyter-static", 1, True, "failed"),
        ("static", None, False, "never_deployed"),
    ],
)
def test_what_runs_no_process(mode: str, bundle: int | None, failed: bool, says: str) -> None:
    assert health(pool(), "g", mode, bundle, failed=failed) == says


def test_an_item_without_a_version_has_no_kind_yet() -> None:
    assert known_kind("unknown") == ""
    assert known_kind("python-panel") == "python-panel"
