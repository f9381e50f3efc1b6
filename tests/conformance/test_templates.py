"""Every template loads, settles a complete config, refuses each missing or hostile value, and makes a client."""

import json
import re
from dataclasses import fields
from urllib.parse import urlsplit

import pytest

from integrations import catalog
from integrations.contract import ClientConfig, fingerprint
from integrations.endpoints import check_endpoint
from integrations.grants.authorization_code import begin
from integrations.settling import ConfigProblems
from integrations.template import Template

CLIENT = {"client_id": "client-1", "client_secret": "CANARY"}
COMPLETE: dict[str, dict[str, str]] = {
    "snowflake": {**CLIENT, "account_url": "https://my-org.snowflakecomputing.com"},
    "databricks": {**CLIENT, "workspace_host": "dbc-1.cloud.databricks.com"},
    "bigquery": CLIENT,
    "azure": {**CLIENT, "tenant_id": "contoso.onmicrosoft.com"},
    "github": CLIENT,
    "salesforce": {**CLIENT, "sf_host_domain": "acme.my.salesforce.com"},
    "connect": {},
    "external-oauth": {"audiences": "https://my-org.snowflakecomputing.com"},
    "custom": {
        **CLIENT,
        "authorization_uri": "https://idp.example.com/authorize",
        "token_uri": "https://idp.example.com/token",
    },
}
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
DIRECTORY_DOMAINS = {"evil.test", "contoso.onmicrosoft.com.evil.test"}
TEMPLATES = catalog.load().all()
CLIENTS = [template for template in TEMPLATES if template.data.endpoints]

each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
each_client = pytest.mark.parametrize("template", CLIENTS, ids=lambda template: template.key)


def test_the_vendors_are_those_of_the_seed():
    assert {template.key for template in TEMPLATES} == set(COMPLETE)


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


@each_client
def test_the_authentication_types_are_those_of_the_seed(template: Template):
    both = template.key in {"azure", "custom"}
    assert set(template.auth_types) == ({"Viewer", "Service Account"} if both else {"Viewer"})


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
    complete = COMPLETE[template.key]
    for name in complete:
        for absent in (
            {k: v for k, v in complete.items() if k != name},
            {**complete, name: ""},
            {**complete, name: "  \t"},
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
