"""Being told to stop is an orderly end."""

import signal

import pytest

from server.cli import stopping


def test_sigterm_ends_with_0():
    before = signal.getsignal(signal.SIGTERM)
    try:
        stopping.stop_is_no_failure()
        with pytest.raises(SystemExit) as caught:
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught.value.code == 0
