"""What this very process has used, and nothing of one that is another."""

import os

from runners.measuring import measure
from runners.process import inspect


def test_a_process_is_measured_only_if_it_is_the_one():
    own = inspect(os.getpid())
    assert own is not None
    found = measure(*own.identity)
    assert found is not None
    assert found.cpu_seconds > 0
    assert found.memory > 1024 * 1024
    assert measure(own.pid, own.start_ticks + 1) is None
    assert measure(2**22 + 1, 1) is None
