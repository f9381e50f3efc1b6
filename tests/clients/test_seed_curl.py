"""The seed's own example: curl associates an integration with content, sending JSON under a form content type."""

import json
import subprocess
from contextlib import closing

from tests.harness.gateway import Gateway
from tests.harness.integrations import associate, service_integration, viewer_integration
from tests.harness.people import Someone, add_person, csrf_of, sign_in
from tests.harness.publishing import new_content

LINE = """
curl -H "Authorization: Key ${CONNECT_API_KEY}" \\
-XPUT https://connect.example.org/__api__/v1/content/<content-guid>/oauth/integrations/associations \\
--data '[
{"oauth_integration_guid": "<oauth-integration-guid>"}
]'
"""
PATH = "/__api__/v1/content/{}/oauth/integrations/associations"


def run(gateway: Gateway, content: str, integration: str, key: str) -> tuple[int, str]:
    """The line with its three placeholders filled in, by bash and the real curl."""
    line = LINE.replace("https://connect.example.org", gateway.url)
    line = line.replace("<content-guid>", content).replace("<oauth-integration-guid>", integration)
    line = line.replace("\ncurl ", "\ncurl -sS -w '\\n%{http_code}' ")
    done = subprocess.run(
        ["bash", "-c", line], env={"CONNECT_API_KEY": key}, capture_output=True, text=True, timeout=30, check=True
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def associations(gateway: Gateway, content: str) -> list[str]:
    found = gateway.api("GET", f"/v1/content/{content}/oauth/integrations/associations").json()
    return [row["oauth_integration_guid"] for row in found]


def test_the_line_works_as_it_is_written(gateway: Gateway, running: str):
    content, integration = running, viewer_integration(gateway, "https://provider.example.org")
    status, body = run(gateway, content, integration, gateway.admin_key)
    assert status == 200, body
    assert [row["oauth_integration_guid"] for row in json.loads(body)] == [integration]
    assert associations(gateway, content) == [integration]
    associate(gateway, content)


def test_a_wrong_key_changes_nothing(gateway: Gateway):
    content, integration = new_content(gateway), viewer_integration(gateway, "https://provider.example.org")
    status, body = run(gateway, content, integration, "wrong")
    assert status == 401
    assert json.loads(body)["code"] == 30
    assert associations(gateway, content) == []


def test_a_stranger_to_the_content_learns_nothing(gateway: Gateway, publisher_key: str):
    content, integration = new_content(gateway), viewer_integration(gateway, "https://provider.example.org")
    status, body = run(gateway, content, integration, publisher_key)
    assert status == 404
    assert json.loads(body)["code"] == 4


def owner_and_content(gateway: Gateway, name: str) -> tuple[Someone, str]:
    """A publisher who owns one item."""
    owner = add_person(gateway, name, "publisher")
    content = new_content(gateway)
    reply = gateway.api("PATCH", f"/v1/content/{content}", json={"owner_guid": owner.guid})
    assert reply.status_code == 200, reply.text
    return owner, content


def test_the_same_body_with_a_cookie_needs_a_json_content_type_and_the_token(gateway: Gateway):
    owner, content = owner_and_content(gateway, "curly")
    integration = service_integration(gateway, "https://provider.example.org")
    body = json.dumps([{"oauth_integration_guid": integration}])
    with closing(sign_in(gateway, owner)) as browser:
        token = {"X-Tabard-Csrf": csrf_of(browser.get("/__no_such_page__").text), "Sec-Fetch-Site": "same-origin"}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        refused = browser.put(PATH.format(content), content=body, headers=form | token)
        assert (refused.status_code, refused.json()["code"]) == (415, 87), refused.text
        plain = browser.put(PATH.format(content), content=body, headers={"Content-Type": "text/plain"} | token)
        assert plain.status_code == 415
        no_token = browser.put(PATH.format(content), content=body, headers={"Content-Type": "application/json"})
        assert (no_token.status_code, no_token.json()["code"]) == (403, 92)
        assert associations(gateway, content) == []
        allowed = browser.put(PATH.format(content), content=body, headers={"Content-Type": "application/json"} | token)
        assert allowed.status_code == 200, allowed.text
    assert associations(gateway, content) == [integration]
