"""An interpreter as it is: with the packages somebody else gave it."""

import platform
import sys
from pathlib import Path

import pytest

from runners.environments.found import Lacking, as_it_is
from runners.environments.interpreters import Interpreter

OWN = Interpreter(platform.python_version(), Path(sys.executable))


async def test_what_is_there_is_used():
    found = await as_it_is(OWN, ["pytest", "httpx>=0.1"])
    assert (found.python, found.version, found.managed, found.key) == (OWN.path, OWN.version, False, "")
    assert "pytest" in found.packages


async def test_what_lacks_is_named():
    with pytest.raises(Lacking, match=r"has no tabard_no_such_package>=1\. Deploy with environment management"):
        await as_it_is(OWN, ["pytest", "tabard_no_such_package>=1"])
    with pytest.raises(Lacking, match="does not start"):
        await as_it_is(Interpreter("3.11.7", Path("/bin/false")), [])
