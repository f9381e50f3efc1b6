from importlib import resources

import pytest

from integrations.catalog import TemplateError, parse

SOURCE = resources.files("integrations.templates").joinpath("github.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("service_grant", "no_such_quirk", "no_such_quirk"),
        ('quirks = { service_grant = "github_app"', 'quirks = { service_grant = "magic"', "service_grant"),
        ("{github_host}/login/oauth/authorize", "{nowhere}/login", "endpoints.authorization_uri"),
        ('name = "github_host", value = ""', 'name = "nowhere", value = ""', "unknown keys: nowhere"),
        ("[variants.endpoints]", "[variants.endpoints]\nmystery_uri = \"https://x.example\"", "mystery_uri"),
        ("[scope_words]", '[roles]\nscope = "role"\n[scope_words]', "must end with {role}"),
    ],
)  # fmt: skip
def test_what_variants_and_roles_say_is_checked(old, new, hint):
    assert old in SOURCE
    with pytest.raises(TemplateError, match=r"^github\.toml: ") as caught:
        parse(SOURCE.replace(old, new, 1), "github.toml")
    assert hint in str(caught.value)


def test_the_second_secret_goes_wherever_the_first_does():
    data = parse(SOURCE, "github.toml").data
    first, second = (
        next(field for field in data.fields if field.name == name) for name in ("client_secret", "second_client_secret")
    )
    assert (second.visibility_expression, second.section) == (first.visibility_expression, first.section)
    assert (second.secret, second.required, second.folded) == (True, False, True)
