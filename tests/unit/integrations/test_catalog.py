from importlib import resources

import pytest

from integrations import catalog
from integrations.catalog import TemplateError, parse

SOURCE = resources.files("integrations.templates").joinpath("github.toml").read_text()


def test_the_catalog_is_read_once_and_ordered():
    assert catalog.load() is catalog.load()
    keys = [template.key for template in catalog.load().all()]
    assert keys == [
        "snowflake",
        "external-oauth",
        "databricks",
        "bigquery",
        "azure",
        "github",
        "salesforce",
        "custom",
        "connect",
    ]
    assert catalog.load().get("nope") is None


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ('key = "github"', 'key = "gitlab"', "key: must be the file's own name"),
        ('key = "github"', "key = 3", "key: Input should be a valid string"),
        ('key = "github"', 'key = "github"\ncolour = "red"', "colour: Extra inputs"),
        ("order = 50", 'order = "50"', "order: Input should be a valid integer"),
        ('name = "scopes"', 'name = "client_id"', "must be unique"),
        ('name = "scopes"', 'name = "scope"', "must include scopes"),
        ('check = "identifier"', 'check = "text"', "endpoints.revocation_uri"),
        ("[quirks]", "[quirks]\nmystery = true", "quirks.mystery"),
        ('default = "Viewer"', 'default = "Both"', "options.0"),
        ('label = "Scopes"', 'label = "Scopes"\nsection = 9', "section 9 does not exist"),
        ("secret = true", 'secret = true\nvisibility_expression = { name = "x", value = "y" }', "unknown key"),
        ("[quirks]", "[quirks", "not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(old, new, hint):
    assert old in SOURCE
    with pytest.raises(TemplateError, match=r"^github\.toml: ") as caught:
        parse(SOURCE.replace(old, new), "github.toml")
    assert hint in str(caught.value)
