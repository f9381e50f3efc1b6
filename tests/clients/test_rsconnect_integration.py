"""`rsconnect integration` of the unmodified CLI: templates, add, list, show, edit, remove."""

import json
from pathlib import Path
from typing import Any

from tests.harness.gateway import Gateway
from tests.harness.people import Someone
from tests.harness.publishing import Ran, rsconnect

SECRET = "CLI-CANARY-secret"
CONFIG = (
    "-C", "client_id=client", "-C", f"client_secret={SECRET}", "-C", "scopes=a b",
    "-C", "authorization_uri=https://provider.example.org/authorize",
    "-C", "token_uri=https://provider.example.org/token",
)  # fmt: skip


def printed(ran: Ran) -> Any:
    """The JSON that a command prints, after its log lines."""
    assert ran.code == 0, ran.text
    begins = min(at for at in (ran.text.find("{"), ran.text.find("[")) if at >= 0)
    return json.loads(ran.text[begins : max(ran.text.rfind("}"), ran.text.rfind("]")) + 1])


def test_an_integration_from_its_making_to_its_end(gateway: Gateway, publisher: Someone, home: Path):
    server = ("-s", gateway.url, "-k", gateway.admin_key)

    def run(*arguments: str) -> Ran:
        return rsconnect("integration", *arguments, home=home)

    templates = run("templates", "list", *server)
    assert templates.code == 0, templates.text
    for name in ("custom", "snowflake", "connect"):
        assert name in templates.text
    assert printed(run("templates", "show", *server, "connect"))["options"][0]["name"] == "max_role"

    named = ("-t", "custom", "-N", "By command", "-d", "Sales", "--allow-user", publisher.guid)
    made = run("add", *server, *named, *CONFIG)
    assert made.code == 0, made.text
    assert SECRET not in made.text
    (row,) = [one for one in gateway.api("GET", "/v1/oauth/integrations").json() if one["name"] == "By command"]
    assert row["permissions"][0]["user_guid"] == publisher.guid
    assert "By command" in run("list", *server).text
    assert printed(run("show", *server, row["guid"]))["description"] == "Sales"

    edited = run("edit", *server, "-C", "scopes=c", "-C", "use_pkce=false", "-N", "Renamed", row["guid"])
    assert edited.code == 0, edited.text
    now = gateway.api("GET", f"/v1/oauth/integrations/{row['guid']}").json()
    assert (now["name"], now["config"]["scopes"], now["config"]["use_pkce"]) == ("Renamed", "c", False)
    assert now["permissions"] == row["permissions"]
    sealed = f"select length(sealed_secrets) > 60 from integrations where guid = '{row['guid']}'"
    assert gateway.rows(sealed) == [(1,)]

    refused = run("add", *server, "-t", "connect", "-N", "x", "-C", "max_role=Owner")
    assert refused.code != 0
    assert "max_role must be one of (Viewer, Publisher, Admin)" in refused.text

    removed = run("remove", *server, row["guid"])
    assert removed.code == 0, removed.text
    assert gateway.api("GET", f"/v1/oauth/integrations/{row['guid']}").status_code == 404
