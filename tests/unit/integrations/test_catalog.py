import re
from importlib import resources
from pathlib import Path

import pytest

from integrations import catalog
from integrations.catalog import TemplateError, parse

SOURCE = resources.files("integrations.templates").joinpath("github.toml").read_text()


def test_the_catalog_is_read_once_and_ordered():
    assert catalog.load() is catalog.load()
    keys = [template.key for template in catalog.load().all()]
    assert (keys[0], keys[-1]) == ("snowflake", "connect")
    assert keys == sorted(keys, key=lambda key: catalog.load().get(key).data.order)
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
        ('visibility_expression = { name = "auth_type"', 'visibility_expression = { name = "x"', "unknown key"),
        ("[quirks]", "[quirks", "not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(old, new, hint):
    assert old in SOURCE
    with pytest.raises(TemplateError, match=r"^github\.toml: ") as caught:
        parse(SOURCE.replace(old, new), "github.toml")
    assert hint in str(caught.value)


ROOT = Path(__file__).parents[3]
# The file that the documentation shows to whoever adds a vendor.
VENDOR = re.search(r"```toml\n(.*?)```", (ROOT / "docs/integrations.md").read_text(), re.DOTALL).group(1)


def test_a_vendor_is_added_by_adding_a_file(tmp_path):
    (tmp_path / "acme.toml").write_text(VENDOR)
    acme = catalog.read(tmp_path).get("acme")
    settled = acme.settle({"acme_host": "eu.acme.example", "client_id": "c", "client_secret": "s"}, allow_local=False)
    client = acme.client(settled.config, settled.secrets)
    assert client.authorization_uri == "https://eu.acme.example/oauth/authorize"
    assert client.scopes == ("rows", "offline_access")
    assert acme.in_words("rows") == "Read your rows"
    assert acme.guide("https://here.example.com/cb")[0].code == "https://here.example.com/cb"
    assert {field["name"] for field in acme.wire()["fields"]} == {"acme_host", "client_id", "client_secret", "scopes"}


def test_fixed_addresses_can_be_played_by_a_server_of_ones_own(tmp_path):
    fixed = VENDOR.replace('token_uri = "{acme_host}/oauth', 'token_uri = "https://login.acme.example')
    (tmp_path / "acme.toml").write_text(fixed)
    moved = catalog.rebased(catalog.read(tmp_path).get("acme"), "http://127.0.0.1:4000/acme")
    settled = moved.settle(moved.example("Viewer", acme_host="http://127.0.0.1:4000"), allow_local=True)
    client = moved.client(settled.config, settled.secrets)
    assert client.token_uri == "http://127.0.0.1:4000/acme/token"
    assert client.authorization_uri == "http://127.0.0.1:4000/oauth/authorize"
    assert catalog.rebased(catalog.load().get("connect"), "http://x") is catalog.load().get("connect")


def test_variants_are_moved_too():
    moved = catalog.rebased(catalog.load().get("databricks"), "http://127.0.0.1:4000")
    client = moved.client({**moved.example(), "level": "Account", "account_id": "a"}, {})
    assert client.token_uri == "http://127.0.0.1:4000/oidc/accounts/a/v1/token"
