"""Content without a process, published by the unmodified clients."""

import json
import re
from pathlib import Path

import pytest
from posit.connect import Client
from posit.connect.errors import ClientError

from integrations.sandbox.settings import SandboxSettings
from integrations.sandbox.threaded import running as provider_running
from tests.harness.gateway import Gateway
from tests.harness.integrations import associate, service_integration, viewer_integration
from tests.harness.publishing import app_copy, bundle, deploy, new_content, publish, run_deploy


def site(where: Path, text: str) -> Path:
    for name, held in (("index.html", f'<link rel="stylesheet" href="css/a.css"><p>{text}'), ("css/a.css", "p {}")):
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(held)
    return where


def test_rsconnect_deploys_html(gateway: Gateway, home: Path, tmp_path: Path):
    guid = deploy(gateway, "html", site(tmp_path / "site", "one"), title="My site", home=home)
    page = gateway.visit(f"/content/{guid}/")
    assert (page.status_code, page.text.endswith("one")) == (200, True)
    assert page.headers["cache-control"] == "private, no-cache"
    style = gateway.visit(f"/content/{guid}/css/a.css")
    assert (style.text, style.headers["content-type"]) == ("p {}", "text/css; charset=utf-8")
    for hidden in ("manifest.json", "css", "nothing.html"):
        assert gateway.visit(f"/content/{guid}/{hidden}").status_code == 404
    assert gateway.api("GET", f"/v1/content/{guid}").json()["app_mode"] == "static"
    assert deploy(gateway, "html", site(tmp_path / "site", "two"), title="My site", home=home) == guid
    again = gateway.visit(f"/content/{guid}/", **{"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.text.endswith("two")) == (200, True)
    assert gateway.visit(f"/content/{guid}/", **{"If-None-Match": again.headers["etag"]}).status_code == 304


@pytest.fixture(scope="module")
def notebook(gateway: Gateway, home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = app_copy("notebook_echo", tmp_path_factory.mktemp("notebook"))
    options, extra = ("-E", "GREETING=hello", "--hide-tagged-input"), (str(folder / "dot.png"),)
    return deploy(gateway, "notebook", folder / "report.ipynb", *options, title="Report", home=home, extra=extra)


def test_rsconnect_deploys_a_notebook(gateway: Gateway, notebook: str):
    guid = notebook
    page = gateway.visit(f"/content/{guid}/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for shown in ("forty 42", "greeting hello", f"guid {guid}", '<b id="made">made by the kernel</b>'):
        assert shown in page.text
    assert "hidden source" not in page.text
    assert gateway.visit(f"/content/{guid}/dot.png").headers["content-type"] == "image/png"
    for hidden in ("report.ipynb", "requirements.txt", "manifest.json"):
        assert gateway.visit(f"/content/{guid}/{hidden}").status_code == 404


def test_the_sdk_renders_again(gateway: Gateway, notebook: str):
    client = Client(gateway.url, gateway.admin_key)
    item = client.content.get(notebook)
    assert item.is_rendered
    before = item._default_variant["rendering_id"]
    task = item.render()
    task.wait_for()
    assert (task.is_finished, task.error_code, task.error_message) == (True, 0, "")
    assert item._default_variant["rendering_id"] > before
    job = item.jobs[0]
    assert (job["tag"], job["exit_code"], job["variant_id"]) == ("build_jupyter", 0, str(item._default_variant["id"]))
    entries = gateway.api("GET", f"/v1/content/{notebook}/jobs/{job['key']}/log").json()["entries"]
    assert any("Converting notebook report.ipynb to html" in entry["data"] for entry in entries)
    with pytest.raises(ValueError, match="Restart not supported"):
        item.restart()


@pytest.mark.filterwarnings("ignore:The schedule API is experimental:FutureWarning")
def test_the_sdk_plans(gateway: Gateway, notebook: str):
    client = Client(gateway.url, gateway.admin_key)
    item = client.content.get(notebook)
    plans = item.schedule
    assert plans.find_one() is None
    made = plans.create(type="dayofweek", days=["monday", 3], timezone="America/New_York")
    assert (made.rule, made["activate"], made["email"]) == ({"Days": [1, 3]}, True, False)
    again = plans.create(type="semimonth", first=False)
    assert (again["id"], again.rule, again["timezone"]) == (made["id"], {"First": False}, "America/New_York")
    assert again["activate"] is True
    found = plans.find_one()
    assert found is not None
    assert dict(found) == dict(again)
    with pytest.warns(FutureWarning), pytest.raises(ClientError) as caught:
        item._default_variant.send_mail("me")
    assert caught.value.error_code == 43
    plans.delete()
    assert plans.find_one() is None


def test_a_notebook_that_fails_fails_its_deployment(gateway: Gateway, home: Path, notebook: str, tmp_path: Path):
    folder = app_copy("notebook_echo", tmp_path)
    text = (folder / "report.ipynb").read_text().replace("6 * 7", "6 * seven")
    (folder / "report.ipynb").write_text(text)
    ran = run_deploy(gateway, "notebook", folder / "report.ipynb", "--app-id", notebook, home=home)
    assert ran.code != 0
    assert "NameError: name 'seven' is not defined" in ran.text
    (newest, *_rest) = gateway.api("GET", f"/v1/content/{notebook}/bundles").json()
    assert newest["active"] is False
    draft = gateway.visit(f"/content/{notebook}/_bundle{newest['id']}/")
    assert draft.status_code == 502
    assert "seven" in draft.json()["error"]
    assert "forty 42" in gateway.visit(f"/content/{notebook}/").text


ASKING = """
import json, os, urllib.parse, urllib.request
token = open(os.environ["CONNECT_CONTENT_SESSION_TOKEN_FILE"]).read().strip()
form = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:posit:connect:content-session-token",
    "subject_token": token,
}
address = os.environ["CONNECT_SERVER"] + "__api__/v1/oauth/integrations/credentials"
key = os.environ["CONNECT_API_KEY"]
asked = urllib.request.Request(address, urllib.parse.urlencode(form).encode(), {"Authorization": f"Key {key}"})
print("kind", json.load(urllib.request.urlopen(asked))["token_type"])
print("key", key, "end")
"""


def test_a_service_accounts_token_while_it_is_rendered(gateway: Gateway):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": [], "source": ASKING}
    source = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    archive = bundle({"report.ipynb": source}, "jupyter-static", "report.ipynb", "ipykernel\n")
    guid = new_content(gateway, name="asks-for-a-token")
    with provider_running(SandboxSettings()) as provider:
        service, viewer = service_integration(gateway, provider), viewer_integration(gateway, provider)
        associate(gateway, guid, service)
        task = publish(gateway, guid, archive)
        assert task["code"] == 0, task
        body = [{"oauth_integration_guid": viewer}]
        refused = gateway.api("PUT", f"/v1/content/{guid}/oauth/integrations/associations", json=body)
        assert (refused.status_code, "rendered once for everybody" in refused.json()["error"]) == (400, True)
        for made in (service, viewer):
            gateway.api("DELETE", f"/v1/oauth/integrations/{made}")
    page = gateway.visit(f"/content/{guid}/").text
    assert "kind Bearer" in page
    key = re.search(r"key (\S+) end", page)
    assert key is not None
    assert gateway.api("GET", f"/v1/content/{guid}", key=key[1]).status_code == 401, "it ended with the rendering"
