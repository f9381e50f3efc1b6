"""Integration forms drawn from template data, and read back."""

from typing import Any

import pytest

from dashboard.fields import draw, read, visible
from integrations.catalog import load
from tools.page_samples import TEMPLATE


def by_name(**arguments: Any) -> dict[str, Any]:
    values = arguments.pop("values", {})
    return {field.name: field for field in draw(TEMPLATE, values, **arguments)}


def test_order_controls_and_defaults_come_from_the_template() -> None:
    drawn = draw(TEMPLATE, {})
    assert [field.name for field in drawn] == [
        "auth_type", "authorization_uri", "token_uri", "auth_mode", "client_id", "client_secret", "scopes", "use_pkce",
        "extra_token", "expires_in",
    ]  # fmt: skip
    fields = {field.name: field for field in drawn}
    assert fields["auth_type"].control == "select"
    assert fields["auth_type"].choices == ("Viewer", "Service Account")
    assert fields["auth_type"].value == "Viewer"
    assert fields["use_pkce"].control == "checkbox"
    assert fields["use_pkce"].checked
    assert fields["scopes"].control == "textarea"
    assert fields["client_secret"].control == "password"
    assert fields["authorization_uri"].shown_when == '{"name": "auth_type", "value": "Viewer"}'


def test_values_win_over_defaults_even_when_empty_or_false() -> None:
    fields = by_name(values={"scopes": "", "use_pkce": False})
    assert fields["scopes"].value == ""
    assert not fields["use_pkce"].checked


def test_a_secret_is_written_and_never_read_back() -> None:
    field = by_name(values={"client_secret": "hunter2"}, stored_secrets=["client_secret"])["client_secret"]
    assert field.value == ""
    assert field.stored
    assert "hunter2" not in repr(field)


def test_a_multiline_secret_stays_a_secret() -> None:
    template = {"fields": [{"name": "private_key", "order": 1, "secret": True, "multiline": True}]}
    (field,) = draw(template, {"private_key": "CANARY"})
    # One line would lose a key's line breaks, so it is written into a larger box, and never read back either.
    assert (field.control, field.value) == ("textarea", "")


@pytest.mark.parametrize(
    ("values", "kept", "problems", "folded"),
    [
        ({}, [], {}, True),
        ({"style": "json"}, [], {}, True),
        ({"style": "form"}, [], {}, False),
        ({}, ["style"], {}, False),
        ({}, [], {"style": "No."}, False),
    ],
)
def test_a_folded_entry_shows_once_it_is_wanted(
    values: dict[str, str], kept: list[str], problems: dict[str, str], folded: bool
) -> None:
    template = {"fields": [{"name": "style", "default": "json", "folded": True, "example": "form"}]}
    (field,) = draw(template, values, stored_secrets=kept, problems=problems)
    assert (field.folded, field.example) == (folded, "form")


def test_problems_stand_at_their_field() -> None:
    fields = by_name(problems={"token_uri": "Enter the token URL."})
    assert fields["token_uri"].problem == "Enter the token URL."
    assert fields["client_id"].problem == ""


def test_a_template_with_only_names_still_draws() -> None:
    (field,) = draw({"fields": [{"name": "a.b c"}]}, {})
    assert (field.label, field.control, field.id, field.input_name) == ("a.b c", "text", "config-a-b-c", "config.a.b c")


LEAF = {"name": "auth_mode", "value": "Public"}
OTHER = {"name": "use_pkce", "value": True}


@pytest.mark.parametrize(
    ("expression", "values", "expected"),
    [
        (None, {}, True),
        ({}, {}, True),
        (LEAF, {"auth_mode": "Public"}, True),
        (LEAF, {}, False),
        (OTHER, {"use_pkce": "true"}, True),
        (OTHER, {"use_pkce": False}, False),
        ({"operator": "AND", "operands": [LEAF, OTHER]}, {"auth_mode": "Public"}, False),
        ({"operator": "and", "operands": [LEAF, OTHER]}, {"auth_mode": "Public", "use_pkce": True}, True),
        ({"operator": "or", "operands": [LEAF, OTHER]}, {"auth_mode": "Public"}, True),
        ({"operator": "not", "operands": [LEAF]}, {}, True),
        (
            {"operator": "or", "operands": [{"operator": "not", "operands": [LEAF]}, OTHER]},
            {"auth_mode": "Public"},
            False,
        ),
    ],
)
def test_visible(expression: Any, values: Any, expected: bool) -> None:
    assert visible(expression, values) is expected


def test_an_unknown_operator_is_a_template_mistake() -> None:
    with pytest.raises(ValueError, match="xor"):
        visible({"operator": "xor", "operands": []}, {})


def test_read_takes_what_the_template_knows() -> None:
    posted = [
        ("csrf", "x"), ("name", "Mine"), ("config.token_uri", "  https://a/token "), ("config.admin", "yes"),
        ("config.scopes", "a\r\nb"), ("config.use_pkce", "false"), ("config.use_pkce", "true"),
        ("config.authorization_uri", ""),
    ]  # fmt: skip
    assert read(TEMPLATE, posted) == {
        "token_uri": "https://a/token",
        "scopes": "a\nb",
        "use_pkce": True,
        "authorization_uri": "",
    }


def test_read_leaves_out_an_empty_secret_and_an_unticked_box_is_false() -> None:
    assert read(TEMPLATE, [("config.client_secret", " "), ("config.use_pkce", "false")]) == {"use_pkce": False}
    assert read(TEMPLATE, [("config.client_secret", "s3cret")]) == {"client_secret": "s3cret"}


@pytest.mark.parametrize("template", [template.wire() for template in load().all()], ids=lambda wire: wire["id"])
def test_every_shipped_template_draws_and_its_defaults_read_back(template: dict[str, Any]) -> None:
    drawn = draw(template, {})
    assert drawn
    values = {field.name: field.value for field in drawn}
    for entry in [*template["options"], *template["fields"]]:
        visible(entry["visibility_expression"], values)
    secrets = {entry["name"] for entry in template["fields"] if entry["secret"]}
    config = read(template, [(field.input_name, field.value) for field in drawn])
    assert set(config) == {field.name for field in drawn if field.name not in secrets}


def test_an_option_without_a_choice_is_carried_but_not_shown() -> None:
    option = {"name": "auth_type", "order": 1, "type": "select", "values": ["Viewer"], "default": "Viewer"}
    (field,) = draw({"options": [option]}, {})
    assert (field.control, field.value) == ("fixed", "Viewer")
    assert read({"options": [option]}, [("config.auth_type", "Viewer")]) == {"auth_type": "Viewer"}
