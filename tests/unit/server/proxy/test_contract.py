"""The raw target of a scope."""

import pytest

from server.proxy.contract import target_of


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        ({"raw_path": b"/a%2Fb", "query_string": b""}, b"/a%2Fb"),
        ({"raw_path": b"/a", "query_string": b"x=%2e&y"}, b"/a?x=%2e&y"),
        ({"raw_path": b"/a", "query_string": b"", "extensions": {}}, b"/a"),
        ({"raw_path": b"/a", "query_string": b"", "extensions": {"tabard.target": {"raw": b"/a?"}}}, b"/a?"),
    ],
)
def test_the_target_is_what_the_client_sent(scope, target):
    assert target_of(scope) == target
