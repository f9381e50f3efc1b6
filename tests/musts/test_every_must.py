"""Each MUST of security.md's sections O, X and K has a test that is named after it."""

import re
from pathlib import Path

MUSTS = {"o": 44, "x": 10, "k": 10}
NAMED = re.compile(r"def test_([oxk])_(\d\d)_\w+\(")


def test_each_must_has_a_test_of_its_name():
    found = {
        (letter, int(number))
        for path in Path(__file__).parent.glob("test_*.py")
        for letter, number in NAMED.findall(path.read_text())
    }
    wanted = {(letter, number) for letter, most in MUSTS.items() for number in range(1, most + 1)}
    assert wanted - found == set()
    assert found - wanted == set()
