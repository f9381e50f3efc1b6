"""The real posit-sdk inside a running app: the viewer's own rights on this server, and tokens of integrations."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from posit import connect

from integrations.sandbox.settings import SandboxSettings
from integrations.sandbox.threaded import running as provider_running
from tests.harness.consent import give_consent
from tests.harness.gateway import Gateway, until
from tests.harness.integrations import associate, aws_integration, service_integration, viewer_integration
from tests.harness.people import Someone, add_person, sign_in
from tests.harness.publishing import APPS, bundle, new_content, publish

WRONG_TYPE = "Invalid requested_token_type. Expected 'urn:posit:connect:api-key'"


@pytest.fixture(scope="module")
def probe(gateway: Gateway) -> str:
    """The app, an administrator's, open to everybody who is signed in."""
    guid = new_content(gateway, name="flask-sdk", access_type="logged_in")
    files = {"app.py": (APPS / "flask_sdk/app.py").read_text()}
    needs = (APPS / "flask_sdk/requirements.txt").read_text()
    task = publish(gateway, guid, bundle(files, "python-api", "app:app", needs))
    assert task["code"] == 0, task["output"]
    return guid


@pytest.fixture(scope="module")
def visitor_key(gateway: Gateway) -> str:
    """The integration that every installation begins with."""
    with connect.Client(url=gateway.url, api_key=gateway.admin_key) as client:
        found = client.oauth.integrations.find_by(name="^Connect Visitor API Key$")
    assert found is not None
    assert (found["template"], found["auth_type"], found["config"]) == (
        "connect",
        "Visitor API Key",
        {"max_role": "Viewer"},
    )
    return str(found["guid"])


@pytest.fixture(scope="module")
def alice(gateway: Gateway) -> Someone:
    return add_person(gateway, "alice-in-app")


@pytest.fixture
def browser(gateway: Gateway, alice: Someone) -> Iterator[httpx.Client]:
    with closing(sign_in(gateway, alice)) as client:
        yield client


def asked(browser: httpx.Client, probe: str, path: str) -> dict[str, object]:
    reply = browser.get(f"/content/{probe}/{path}", headers={"Accept": "application/json"})
    assert reply.status_code == 200, reply.text
    found: dict[str, object] = reply.json()
    return found


def test_an_app_acts_as_its_viewer_until_she_signs_out(
    gateway: Gateway, probe: str, visitor_key: str, alice: Someone, browser: httpx.Client
):
    associate(gateway, probe)
    assert asked(browser, probe, "key")["code"] == 212
    associate(gateway, probe, visitor_key)
    assert asked(browser, probe, "me")["username"] == alice.username
    given = asked(browser, probe, "key")
    assert (given["token_type"], given["issued_token_type"]) == ("Key", "urn:posit:connect:api-key")
    assert asked(browser, probe, "key")["access_token"] == given["access_token"]
    refused = asked(browser, probe, "token")
    assert (refused["code"], refused["status"], refused["message"]) == (242, 400, WRONG_TYPE)
    kept = f"kept?guid={alice.guid}"
    assert asked(browser, probe, kept)["username"] == alice.username
    for locked in (True, False):
        body = {"locked": locked}
        assert gateway.api("POST", f"/v1/users/{alice.guid}/lock", json=body).status_code == 200
    with closing(httpx.Client(base_url=gateway.url, headers={"Authorization": f"Key {gateway.admin_key}"})) as admin:
        # The app still holds her key, and it is worth nothing any more.
        ended = asked(admin, probe, kept)
        assert (ended["code"], ended["status"]) == (30, 401)
        assert asked(admin, probe, "me")["username"] == gateway.api("GET", "/v1/user").json()["username"]


def test_tokens_of_integrations_reach_the_app(gateway: Gateway, probe: str, alice: Someone, browser: httpx.Client):
    with provider_running(SandboxSettings()) as provider:
        viewer, service = viewer_integration(gateway, provider), service_integration(gateway, provider)
        associate(gateway, probe)
        assert asked(browser, probe, "service")["kind"] is None
        associate(gateway, probe, viewer, service)
        assert give_consent(gateway, browser, viewer, probe).status_code == 303
        token = asked(browser, probe, "token")
        assert token == asked(browser, probe, f"token?audience={viewer}")
        assert asked(browser, probe, f"snowflake?audience={viewer}") == {**token, "authenticator": "oauth"}
        assert asked(browser, probe, f"token?audience={service}")["code"] == 252
        until(lambda: asked(browser, probe, "service").get("kind") == "Bearer", "the token file")
        for guid in (viewer, service):
            gateway.api("DELETE", f"/v1/oauth/integrations/{guid}")
        # A deletion moves the token file too: the app is told that nothing is configured any more.
        until(lambda: asked(browser, probe, "service").get("kind", "") is None, "the token file to go")


def test_aws_credentials_reach_the_app(gateway: Gateway, probe: str, alice: Someone, browser: httpx.Client):
    with provider_running(SandboxSettings(admin_token="sts-admin")) as provider:
        trust = {"audiences": ["tabard-viewer", "sts.amazonaws.com"]}
        as_admin = {"Authorization": "Bearer sts-admin"}
        assert httpx.put(f"{provider}/admin/sts", json=trust, headers=as_admin).status_code == 204
        viewer, content = aws_integration(gateway, provider), aws_integration(gateway, provider, service=True)
        associate(gateway, probe, viewer, content)
        assert give_consent(gateway, browser, viewer, probe).status_code == 303
        found = asked(browser, probe, "aws")
        assert found["keys"] == ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "expiration"]
        assert 3000 < float(str(found["seconds"])) <= 3600
        assert asked(browser, probe, "aws")["session"] == found["session"]
        until(lambda: "session" in asked(browser, probe, "aws?own=true"), "the token file")
        assert asked(browser, probe, "aws?own=true")["session"] != found["session"]
        refused = asked(browser, probe, "token")
        assert (refused["code"], refused["status"]) == (242, 400)
        for guid in (viewer, content):
            gateway.api("DELETE", f"/v1/oauth/integrations/{guid}")


def test_visits_are_told(gateway: Gateway, probe: str, alice: Someone, browser: httpx.Client):
    with connect.Client(url=gateway.url, api_key=gateway.admin_key) as client:
        before = len(list(client.metrics.hits.fetch(content_guid=probe)))
        assert gateway.visit(f"/content/{probe}/").status_code == 200
        browser.get(f"/content/{probe}/")
        until(lambda: len(list(client.metrics.hits.fetch(content_guid=[probe]))) >= before + 2, "the visits", 10)
        by_key, by_browser = list(client.metrics.hits.fetch(content_guid=probe))[-2:]
        assert (by_key["user_guid"], by_browser["user_guid"]) == (client.me["guid"], alice.guid)
        assert by_key["data"]["path"] == f"/content/{probe}/"
        assert client.metrics.hits.find_by(id=by_key["id"]) == by_key
        assert list(client.metrics.hits.fetch(start="2100-01-01T00:00:00Z")) == []
        visits = client.metrics.usage.find(content_guid=probe)
        assert [event.user_guid for event in visits][-2:] == [client.me["guid"], alice.guid]
        assert visits[-1].started == visits[-1].ended == by_browser["timestamp"]
        one = client.metrics.usage.find_one(content_guid=probe)
        assert one is not None
        assert one.content_guid == probe
