"""The API is as its description says: schemathesis calls every operation with all of its checks (issue 3, item 5)."""

import re
from pathlib import Path

import pytest

from tests.conformance.described import ask, configure, describe, open_street


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("caller", "options"),
    [
        ("administrator", ()),
        # Who may do less is asked less: what differs is 403 and 404, which need no many tries.
        ("owner", ("--phases", "fuzzing", "--max-examples", "2")),
    ],
    ids=["administrator", "publisher"],
)
def test_the_api_is_as_it_is_described(tmp_path: Path, caller: str, options: tuple[str, ...]):
    with open_street(tmp_path) as street:
        street.house.fill()
        description = describe(street, tmp_path / "openapi.json")
        configuration = configure(tmp_path / "schemathesis.toml", street, caller)
        asked = ask(description, configuration, street.house.keys[caller], *options)
        # A key that stopped working in the middle would make the rest an easy 401.
        assert street.run(street.house.call(caller, "GET", "/v1/user")).status_code == 200
    assert asked.returncode == 0, asked.stdout[-20000:] + asked.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", asked.stdout)
    selected = re.search(r"Selected: (\d+)/(\d+)", asked.stdout)
    assert tested is not None
    assert selected is not None
    assert tested[1] == selected[1] == selected[2]
