"""What being told to stop means to a command that serves: an orderly end, and exit code 0."""

from __future__ import annotations

import signal


def stop_is_no_failure() -> None:
    """Let SIGTERM end the process with code 0.

    While uvicorn runs it has its own handler; once it has ended in order it raises the signal again, for this one.
    """
    signal.signal(signal.SIGTERM, _stop)


def _stop(_number: int, _frame: object) -> None:
    raise SystemExit(0)
