"""How the test process itself runs: what was collected stays, so the garbage collector need not walk it again."""

import gc

import pytest

# A full pass over every module and every test takes half a second; with Python's own terms a fifth of all the time.
PASSES = (10_000, 10, 50)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*PASSES)
