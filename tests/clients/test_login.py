"""`rsconnect login`, unmodified, from the browser's opening to the sign-in's end."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.harness import tool_browser
from tests.harness.gateway import Gateway
from tests.harness.people import Someone, csrf_of, sign_in
from tests.harness.publishing import RSCONNECT, Ran, app_copy, rsconnect, rsconnect_variables

NAME = "oauth"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A home folder that no other sign-in has touched."""
    return tmp_path


def store(home: Path) -> Path:
    (found,) = home.rglob("servers.json")
    return found


def entry(home: Path) -> dict[str, Any]:
    return dict(json.loads(store(home).read_text())[NAME])


def change(home: Path, **fields: str) -> None:
    known = json.loads(store(home).read_text())
    known[NAME] |= fields
    store(home).write_text(json.dumps(known))


def login(gateway: Gateway, person: Someone, home: Path, decision: str = "allow") -> Ran:
    program = f"{sys.executable} {tool_browser.__file__} %s"
    return rsconnect(
        "login", "-s", gateway.url, "-n", NAME, home=home, BROWSER=program, TABARD_TEST_ORIGIN=gateway.url,
        TABARD_TEST_USER=person.username, TABARD_TEST_PASSWORD=person.password, TABARD_TEST_DECISION=decision,
        PYTHONPATH=str(Path(__file__).parents[2]),
    )  # fmt: skip


def who(gateway: Gateway, token: str) -> int:
    return gateway.api("GET", "/v1/user", headers={"Authorization": f"Bearer {token}"}).status_code


def test_sign_in_by_browser_publish_refresh_and_sign_out(
    gateway: Gateway, publisher: Someone, mine: Path, tmp_path: Path
):
    ran = login(gateway, publisher, mine)
    assert ran.code == 0, ran.text
    kept = entry(mine)
    assert "api_key" not in kept
    assert who(gateway, kept["oauth_access_token"]) == 200

    folder = app_copy("panel_echo", tmp_path)
    deployed = rsconnect("deploy", "panel", "-n", NAME, "--title", "By sign-in", str(folder), home=mine)
    assert deployed.code == 0, deployed.text

    # An access token that has ended: the CLI refreshes once and goes on.
    change(mine, oauth_access_token="ended")
    found = rsconnect("content", "search", "-n", NAME, "--title-contains", "By sign-in", home=mine)
    assert found.code == 0, found.text
    assert "By sign-in" in found.text
    fresh = entry(mine)
    assert fresh["oauth_refresh_token"] != kept["oauth_refresh_token"]
    assert who(gateway, fresh["oauth_access_token"]) == 200

    # The refresh token that was replaced: whoever shows it, the whole sign-in ends.
    change(mine, oauth_access_token="ended", oauth_refresh_token=kept["oauth_refresh_token"])
    refused = rsconnect("content", "search", "-n", NAME, home=mine)
    assert refused.code != 0
    assert who(gateway, fresh["oauth_access_token"]) == 401

    # The client is still registered, so signing in again needs no new one.
    again = login(gateway, publisher, mine)
    assert again.code == 0, again.text
    assert entry(mine)["oauth_client_id"] == kept["oauth_client_id"]
    out = rsconnect("logout", "-n", NAME, home=mine)
    assert out.code == 0, out.text
    assert not entry(mine).get("oauth_access_token")


def test_whoever_presses_cancel_signs_nothing_in(gateway: Gateway, publisher: Someone, mine: Path):
    ran = login(gateway, publisher, mine, "cancel")
    assert ran.code != 0
    assert "access_denied" in ran.text


def test_a_removed_client_registers_anew(gateway: Gateway, publisher: Someone, mine: Path):
    assert login(gateway, publisher, mine).code == 0
    kept = entry(mine)
    gone = gateway.api("DELETE", f"/v1/oauth/clients/{kept['oauth_client_id']}")
    assert gone.status_code == 204
    assert who(gateway, kept["oauth_access_token"]) == 401
    ran = rsconnect("content", "search", "-n", NAME, home=mine)
    assert ran.code != 0
    assert entry(mine)["oauth_client_id"] != kept["oauth_client_id"]
    assert login(gateway, publisher, mine).code == 0


class Waiting:
    """`rsconnect login --use-device-code` while it waits; `code` is what it shows."""

    def __init__(self, gateway: Gateway, home: Path) -> None:
        command = [str(RSCONNECT), "login", "-s", gateway.url, "-n", NAME, "--use-device-code"]
        self.process = subprocess.Popen(
            command, env=rsconnect_variables(home) | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []

    def code(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith("Enter the code: "):
                return line.removeprefix("Enter the code: ").strip()
        raise AssertionError("".join(self.lines))

    def end(self) -> int:
        assert self.process.stdout is not None
        self.lines += self.process.stdout.readlines()
        self.process.stdout.close()
        return self.process.wait(60)


def decide_by_code(gateway: Gateway, person: Someone, code: str, decision: str) -> None:
    with contextlib.closing(sign_in(gateway, person)) as browser:
        form = browser.get("/oauth/v1/device").text
        same = {"Sec-Fetch-Site": "same-origin"}
        # As people type: small letters, no hyphen.
        typed = {"csrf": csrf_of(form), "user_code": code.lower().replace("-", "")}
        page = browser.post("/oauth/v1/device", data=typed, headers=same)
        assert page.status_code == 200, page.text
        assert code in page.text
        action, fields = tool_browser.decision_form(page.text)
        done = browser.post(action, data=fields | {"decision": decision}, headers=same)
        assert done.status_code == 200, done.text


@pytest.mark.parametrize(("decision", "works"), [("allow", True), ("cancel", False)])
def test_sign_in_by_code(gateway: Gateway, publisher: Someone, mine: Path, decision: str, works: bool):
    waiting = Waiting(gateway, mine)
    stop = threading.Timer(90, waiting.process.kill)
    stop.start()
    try:
        decide_by_code(gateway, publisher, waiting.code(), decision)
        assert (waiting.end() == 0) == works, "".join(waiting.lines)
    finally:
        stop.cancel()
    if works:
        assert who(gateway, entry(mine)["oauth_access_token"]) == 200
