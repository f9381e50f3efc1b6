import pytest
from pydantic import ValidationError

from integrations.entries import Option, TextField, Visibility, visible

VIEWER = {"name": "auth_type", "value": "Viewer"}
PKCE = {"name": "use_pkce", "value": "true"}


@pytest.mark.parametrize(
    ("expression", "config", "answer"),
    [
        (None, {}, True),
        (VIEWER, {"auth_type": "Viewer"}, True),
        (VIEWER, {"auth_type": "Service Account"}, False),
        (VIEWER, {}, False),
        (PKCE, {"use_pkce": True}, True),
        (PKCE, {"use_pkce": "true"}, True),
        (PKCE, {"use_pkce": False}, False),
        ({"operator": "and", "operands": [VIEWER, PKCE]}, {"auth_type": "Viewer", "use_pkce": True}, True),
        ({"operator": "and", "operands": [VIEWER, PKCE]}, {"auth_type": "Viewer", "use_pkce": False}, False),
        ({"operator": "or", "operands": [VIEWER, PKCE]}, {"auth_type": "x", "use_pkce": True}, True),
        ({"operator": "not", "operands": [VIEWER]}, {"auth_type": "x"}, True),
    ],
)
def test_visibility(expression, config, answer):
    parsed = Visibility.model_validate(expression) if expression else None
    assert visible(parsed, config) is answer
    if parsed:
        assert parsed.wire() == expression


@pytest.mark.parametrize(
    "expression",
    [
        {},
        {"name": "a"},
        {"value": "a"},
        {"operator": "and"},
        {"operator": "and", "operands": []},
        {"operator": "xor", "operands": [VIEWER]},
        {"operator": "not", "operands": [VIEWER, PKCE]},
        {**VIEWER, "operator": "and", "operands": [PKCE]},
        {**VIEWER, "more": 1},
    ],
)
def test_broken_expressions_are_refused(expression):
    with pytest.raises(ValidationError):
        Visibility.model_validate(expression)


def test_an_option_must_offer_its_default():
    with pytest.raises(ValidationError, match="default"):
        Option(name="a", label="A", order=1, type="select", values=["x"], default="y")
    assert Option(name="a", label="A", order=1, type="bool", default="true").allowed == ["true", "false"]


def test_a_fields_expression_must_compile():
    with pytest.raises(ValidationError, match="regular expression"):
        TextField(name="a", label="A", order=1, validation="(")
