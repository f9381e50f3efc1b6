"""Every template loads, settles a complete config, refuses each missing or hostile value, and makes a client."""

import json
import re
from dataclasses import fields
from urllib.parse import urlsplit

import pytest

from integrations import catalog
from integrations.contract import AuthType, ClientConfig, fingerprint
from integrations.endpoints import check_endpoint
from integrations.grants.authorization_code import begin
from integrations.settling import ConfigProblems
from integrations.template import Template
from tests.harness.pem import rsa_pem

TEMPLATES = catalog.load().all()
CLIENTS = [template for template in TEMPLATES if template.data.endpoints]
# Content itself is signed for by this server there, so a service account is no OAuth client.
SIGNED_FOR = {"aws"}


def complete(template: Template, auth_type: AuthType | None = None) -> dict[str, str]:
    """A config that the template takes, made of its own examples."""
    config = template.example(auth_type)
    secrets = {"client_secret": "CANARY", "private_key": rsa_pem()}
    return {**config, **{name: secrets[name] for name in secrets.keys() & config.keys()}}


COMPLETE = {template.key: complete(template) for template in TEMPLATES}
HOSTS = {
    "snowflake": "account_url",
    "databricks": "workspace_host",
    "salesforce": "sf_host_domain",
    "azure": "tenant_id",
}
HOSTILE = [
    "evil.test/?x=",
    "evil.test/",
    "evil.test",
    "{good}@evil.test",
    "evil.test@{good}",
    "evil.test#{good}",
    "evil.test#",
    "evil.test?{good}",
    "{good}.evil.test",
    "{good}/../x",
    "{good}/path",
    "{good}:8443",
    "a b",
    "..",
    "undefined",
    "null",
    "common",
    "{good}%2f",
    "{good}\\@evil.test",
    "{good}\n",
    "evil{good}/x",
    "http://{good}",
    "javascript:{good}",
    "https://https://{good}",
    "169.254.169.254",
    "localhost",
    "127.0.0.1:80",
    "[::1]",
    "2130706433",
    "ä.{good}",
]
DIRECTORY_DOMAINS = {"evil.test", "8f4ac2d1-6f0e-4a43-9a52-0d7f5f3c1b11.evil.test"}

each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
each_client = pytest.mark.parametrize("template", CLIENTS, ids=lambda template: template.key)


# Those that posit-sdk knows.
OF_THE_SDK = {
    "aws", "azure", "azure-openai", "connect", "custom", "databricks", "github", "bigquery", "drive", "sheets",
    "vertex-ai", "msgraph", "salesforce", "sharepoint", "snowflake",
}  # fmt: skip


def test_the_vendors_are_those_of_the_seed():
    assert {template.key for template in TEMPLATES} >= OF_THE_SDK | {"oidc"}


@each_template
def test_the_wire_shape(template: Template):
    wire = template.wire()
    assert set(wire) == {"id", "name", "description", "sections", "options", "fields", "environment_variables"}
    assert all(set(section) == {"id", "order", "name", "description"} for section in wire["sections"])
    common = {"name", "description", "order", "label", "visibility_expression", "default"}
    assert all(set(option) == common | {"type", "values"} for option in wire["options"])
    text = common | {"validation", "validation_description", "secret", "multiline"}
    assert all(set(field) == text for field in wire["fields"])
    assert json.loads(json.dumps(wire)) == wire
    assert all(re.compile(field["validation"]) for field in wire["fields"])


VIEWER_ONLY = {"snowflake", "bigquery", "sheets", "drive", "vertex-ai"}


@each_client
def test_the_authentication_types_are_those_of_the_vendor(template: Template):
    assert template.auth_types[0] == "Viewer"
    assert ("Service Account" not in template.auth_types) == (template.key in VIEWER_ONLY)


@each_client
def test_a_service_account_has_a_token_address_and_no_other(template: Template):
    for auth_type in template.auth_types[1:] if template.key not in SIGNED_FOR else ():
        settled = template.settle(complete(template, auth_type), allow_local=False)
        client = template.client(settled.config, settled.secrets)
        assert client.authorization_uri is None
        assert check_endpoint(client.token_uri, allow_local=False) is None
        assert template.guide("https://here.example.com/cb", auth_type)
        assert "CANARY" not in json.dumps(settled.config)


@each_client
def test_a_complete_config_makes_a_client(template: Template):
    settled = template.settle(COMPLETE[template.key], allow_local=False)
    assert "CANARY" not in json.dumps(settled.config) + repr(settled)
    client = template.client(settled.config, settled.secrets)
    assert client.use_pkce
    assert "CANARY" not in repr(client)
    for entry in fields(ClientConfig):
        value = getattr(client, entry.name)
        if entry.name.endswith("_uri") and value is not None:
            assert check_endpoint(value, allow_local=False) is None
    begun = begin(client, redirect_uri="https://here.example.com/cb", state="s")
    assert urlsplit(begun.url).scheme == "https"
    assert fingerprint(client) == fingerprint(template.client(settled.config, {}))


@each_template
def test_settling_twice_changes_nothing(template: Template):
    once = template.settle(COMPLETE[template.key], allow_local=False)
    assert template.settle({**once.config, **once.secrets}, allow_local=False) == once


@each_template
def test_each_missing_value_is_named(template: Template):
    whole = COMPLETE[template.key]
    required = {field.name for field in template.data.fields if field.required}
    for name in required & whole.keys():
        for absent in (
            {k: v for k, v in whole.items() if k != name},
            {**whole, name: ""},
            {**whole, name: "  \t"},
        ):
            if name in template.secret_names and absent.get(name):
                continue  # blanks may be a secret
            with pytest.raises(ConfigProblems) as caught:
                template.settle(absent, allow_local=False)
            assert [problem.field for problem in caught.value.problems] == [name]
            assert str(caught.value) == f"The config key {name} is required"


def test_visitor_keys_have_one_option_and_no_client():
    template = catalog.load().get("connect")
    assert template is not None
    assert template.auth_types == ("Visitor API Key",)
    settled = template.settle({}, allow_local=False)
    assert (settled.config, settled.secrets, settled.auth_type) == ({"max_role": "Viewer"}, {}, "Visitor API Key")
    client = template.client({"max_role": "Viewer"}, {})
    assert [client.token_uri, client.authorization_uri, client.client_id] == ["", None, ""]
    assert fingerprint(client) == fingerprint(template.client({"max_role": "Admin"}, {}))
    for wrong in ("viewer", "Administrator", "x"):
        with pytest.raises(ConfigProblems) as caught:
            template.settle({"max_role": wrong}, allow_local=False)
        assert str(caught.value) == "The config key max_role must be one of (Viewer, Publisher, Admin)"
    with pytest.raises(ConfigProblems, match="scopes"):
        template.settle({"scopes": "admin"}, allow_local=False)


@each_client
def test_unknown_keys_and_authentication_types_are_refused(template: Template):
    with pytest.raises(ConfigProblems) as caught:
        template.settle({**COMPLETE[template.key], "auth_type": "Visitor API Key", "extra": "x"}, allow_local=True)
    assert {problem.field for problem in caught.value.problems} == {"auth_type", "extra"}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("key", sorted(HOSTS))
def test_hosts_and_tenants_are_validated_not_concatenated(key: str, hostile: str):
    template = catalog.load().get(key)
    assert template is not None
    good = COMPLETE[key][HOSTS[key]].removeprefix("https://")
    value = hostile.replace("{good}", good)
    config = {**COMPLETE[key], HOSTS[key]: value}
    # A trailing line break is trimmed, and any domain may name a directory: neither moves the endpoint.
    if value.strip() == good or (key == "azure" and value in DIRECTORY_DOMAINS):
        settled = template.settle(config, allow_local=False)
        token_uri = urlsplit(template.client(settled.config, settled.secrets).token_uri)
        assert token_uri.netloc == ("login.microsoftonline.com" if key == "azure" else good)
        assert "evil" not in token_uri.netloc
        assert ".." not in token_uri.path
        return
    with pytest.raises(ConfigProblems) as caught:
        template.settle(config, allow_local=False)
    assert [problem.field for problem in caught.value.problems] == [HOSTS[key]]
    assert "evil" not in str(caught.value)


@each_client
def test_client_ids_cannot_move_an_address(template: Template):
    for hostile in ["../../evil", "a/b", "a?b", "a#b", "x\r\ny"]:
        try:
            settled = template.settle({**COMPLETE[template.key], "client_id": hostile}, allow_local=False)
        except ConfigProblems:
            continue
        client = template.client(settled.config, settled.secrets)
        assert hostile not in f"{client.token_uri}{client.revocation_uri}{client.userinfo_uri}"


@pytest.mark.parametrize("key", ["snowflake", "databricks", "salesforce"])
def test_a_sandbox_on_this_machine_needs_the_switch(key: str):
    template = catalog.load().get(key)
    assert template is not None
    config = {**COMPLETE[key], HOSTS[key]: "http://localhost:3940"}
    with pytest.raises(ConfigProblems):
        template.settle(config, allow_local=False)
    settled = template.settle(config, allow_local=True)
    assert template.client(settled.config, settled.secrets).token_uri.startswith("http://localhost:3940/")


def test_another_host_or_tenant_has_another_fingerprint():
    for key, other in {"snowflake": "b.snowflakecomputing.com", "azure": "other.example.com"}.items():
        template = catalog.load().get(key)
        assert template is not None
        first, second = (
            template.client(template.settle(config, allow_local=False).config, {})
            for config in (COMPLETE[key], {**COMPLETE[key], HOSTS[key]: other})
        )
        assert fingerprint(first) != fingerprint(second)
