"""Runs every benchmark of this folder, one after the other: `make bench`, or `python -m tests.bench [NAME...]`."""

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Run each `bench_*.py` beside this file, or only those named ("proxy" for bench_proxy.py)."""
    wanted = sys.argv[1:]
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        name = path.stem.removeprefix("bench_")
        if not wanted or name in wanted:
            print(f"== {name}", flush=True)
            importlib.import_module(f"tests.bench.{path.stem}").main()


if __name__ == "__main__":
    main()
