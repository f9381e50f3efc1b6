"""One name catches everything an app can fail with."""

import pytest

from server.proxy.failures import UpstreamBroke, UpstreamFailed, UpstreamRefused, UpstreamTimedOut


@pytest.mark.parametrize("kind", [UpstreamRefused, UpstreamTimedOut, UpstreamBroke])
def test_every_failure_is_an_upstream_failure(kind):
    assert issubclass(kind, UpstreamFailed)
