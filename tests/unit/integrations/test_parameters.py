import pytest

from integrations.endpoints import RESERVED_PARAMETERS
from integrations.parameters import read_parameters


def test_one_parameter_a_line():
    text = "resource = https://api.example.com/?a=b\r\n\n prompt=login \nempty="
    assert read_parameters(text) == (
        {"resource": "https://api.example.com/?a=b", "prompt": "login", "empty": ""},
        None,
    )


@pytest.mark.parametrize("name", sorted(RESERVED_PARAMETERS))
def test_what_each_request_sets_itself_is_refused(name):
    found, problem = read_parameters(f"{name.upper()}=evil")
    assert (found, problem) == ({}, f"must not set {name}; each request sets that itself")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("no sign", "name=value"),
        ("=x", "name=value"),
        ("a b=x", "name=value"),
        ("a=1\na=2", "twice"),
        ("a=x\x07", "control"),
        ("\n".join(f"p{number}=x" for number in range(21)), "at most 20"),
    ],
)
def test_what_is_no_parameter_is_told(text, hint):
    found, problem = read_parameters(text)
    assert found == {}
    assert hint in problem
