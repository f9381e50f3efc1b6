"""What the gateway's process takes from itself before it holds secrets (security.md 6.2 level 1, K-04)."""

from __future__ import annotations

import ctypes
import resource
import sys

PR_SET_DUMPABLE = 4


def harden() -> bool:
    """No core dumps, and no reading of this process's memory and environment by others of the same user.

    Returns whether the kernel took it; only Linux has the second half.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
