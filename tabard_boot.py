"""Starts Tabard: puts the wheel's private package root on sys.path of this process, and nowhere else."""

import sys
from pathlib import Path


def main() -> int:
    """Run the `tabard` command line; returns the process exit code."""
    private_root = Path(__file__).parent / "_tabard"
    if private_root.is_dir():
        sys.path.insert(0, str(private_root))
    from server.cli.main import main as run  # noqa: PLC0415 - only now is the package on the path

    return run()
