"""Every kind behind the real gateway: it opens, knows its viewer and no other, talks back, and learns no secret."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.harness.gateway import Gateway, until
from tests.harness.people import Someone, add_person, sign_in
from tests.harness.publishing import APPS, bundle, new_content, upload, wait_task

# Folder of tests/apps → app mode and entry point, as the clients write them.
APPS_SERVED = {
    "flask_echo": ("python-api", "app"),
    "fastapi_echo": ("python-fastapi", "app:api"),
    "dash_echo": ("python-dash", "app:app"),
    "bokeh_echo": ("python-bokeh", "app.py"),
    "shiny_echo": ("python-shiny", "shiny.express.app:app_2e_py"),
    "gradio_echo": ("python-gradio", "app"),
    "voila_echo": ("jupyter-voila", "app.ipynb"),
}
if R := shutil.which("Rscript"):
    APPS_SERVED |= {"rshiny_echo": ("shiny", "app.R"), "plumber_echo": ("api", "")}
needs_r = pytest.mark.skipif(R is None, reason="R is not installed")
FORGED = {
    "X-App-User": "mallory",
    "X_App_User": "mallory",
    "Posit-Connect-User-Session-Token": "forged",
    "RStudio-Connect-Credentials": '{"user": "mallory", "groups": []}',
    "Shiny-Server-Credentials": '{"user": "mallory", "groups": []}',
    "X-Forwarded-Prefix": "/evil",
}


@dataclass
class House:
    """A gateway with every app, and two people who are signed in."""

    gateway: Gateway
    guids: Mapping[str, str]
    tasks: Mapping[str, str]
    people: Mapping[str, httpx.Client]

    def base(self, app: str) -> str:
        """The public path of an app that is being served by now."""
        task = wait_task(self.gateway, self.tasks[app])
        assert task["code"] == 0, (task["error"], task["output"])
        return f"/content/{self.guids[app]}"

    def socket(
        self, who: str, path: str, protocols: list[str] | None = None
    ) -> contextlib.AbstractContextManager[ClientConnection]:
        """A WebSocket as the person's browser would open it, with forged headers beside her cookies."""
        everywhere = [cookie for cookie in self.people[who].cookies.jar if cookie.path == "/"]
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in everywhere)
        return connect(
            f"ws://localhost:{self.gateway.port}{path}",
            origin=self.gateway.url,  # type: ignore[arg-type]
            subprotocols=protocols,  # type: ignore[arg-type]
            additional_headers={**FORGED, "Cookie": cookies},
            proxy=None,
        )


def files(app: str) -> dict[str, str]:
    return {path.name: path.read_text() for path in (APPS / app).iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Every app is deployed at once and run once; a test waits for its own only."""
    with Gateway(tmp_path_factory.mktemp("kinds") / "data") as gateway, contextlib.ExitStack() as stack:
        gateway.bootstrap()
        guids, tasks = {}, {}
        for app, (mode, entrypoint) in APPS_SERVED.items():
            guids[app] = new_content(gateway, name=app, access_type="logged_in")
            held = files(app)
            number = upload(gateway, guids[app], bundle(held, mode, entrypoint, held.get("requirements.txt", "")))
            reply = gateway.api("POST", f"/v1/content/{guids[app]}/deploy", json={"bundle_id": number})
            tasks[app] = reply.json()["task_id"]
        people: dict[str, httpx.Client] = {}
        for name in ("alice", "bob"):
            someone: Someone = add_person(gateway, name)
            people[name] = stack.enter_context(contextlib.closing(sign_in(gateway, someone)))
            people[name].headers.update(FORGED)
            people[name].cookies.set("mine", "1")
        yield House(gateway, guids, tasks, people)


def seen(reply: httpx.Response | list[list[str]]) -> dict[str, list[str]]:
    """The headers an echo saw, all copies of each."""
    pairs = reply.json()["headers"] if isinstance(reply, httpx.Response) else reply
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name.lower(), []).append(value)
    return found


def check_identity(headers: dict[str, list[str]], user: str, base: str) -> None:
    assert headers["x-app-user"] == [user]
    assert headers["x-app-email"] == [f"{user}@example.org"]
    assert json.loads(headers["rstudio-connect-credentials"][0]) == {"user": user, "groups": []}
    (token,) = headers["posit-connect-user-session-token"]
    assert token not in ("", "forged")
    assert headers.get("x-forwarded-prefix") == [base]
    assert "mallory" not in json.dumps(headers)
    assert "tabard" not in json.dumps(headers.get("cookie", []))


@pytest.mark.parametrize("app", ["flask_echo", "fastapi_echo"])
def test_an_api_is_told_who_asks_and_where_it_is(house: House, app: str) -> None:
    base = house.base(app)
    tokens = set()
    for name, client in house.people.items():
        reply = client.get(f"{base}/")
        check_identity(seen(reply), name, base)
        assert reply.json()["cookies"] == {"mine": "1"}
        assert reply.json()["url"] == f"{house.gateway.url}{base}/"
        tokens.add(seen(reply)["posit-connect-user-session-token"][0])
    assert len(tokens) == 2
    found = house.people["alice"].get(f"{base}/path/a%20b;v=1/c?x=%2F&y").json()
    assert (found["raw"].removeprefix(base), found["script"]) == ("/path/a%20b;v=1/c?x=%2F&y", base)
    assert found["rest"] == "a b;v=1/c"
    for hidden in ("/__ready__", "//evil.example/x"):
        assert house.people["alice"].get(base + hidden).status_code == 404


@pytest.mark.parametrize("app", ["flask_echo", "fastapi_echo"])
def test_events_arrive_as_they_are_sent(house: House, app: str) -> None:
    base, client = house.base(app), house.people["alice"]
    with client.stream("GET", f"{base}/events") as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line) == "data: first"
        assert client.post(f"{base}/go").status_code == 200
        assert next(line for line in lines if line) == "data: second"


def test_flask_redirects_and_cookies_stay_inside(house: House) -> None:
    base, client = house.base("flask_echo"), house.people["bob"]
    assert client.get(f"{base}/leave").headers["location"] == f"{base}/"
    reply = client.get(f"{base}/leave?plain")
    assert reply.headers["location"] == f"{base}/somewhere"
    assert reply.headers["set-cookie"] == f"choice=dark; Path={base}/in"


def test_flask_viewers_at_once_are_not_mixed(house: House) -> None:
    base = house.base("flask_echo")
    asked = ["alice", "bob"] * 8
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda name: house.people[name].get(f"{base}/slow").text, asked)
        assert list(answers) == asked


def test_fastapi_sockets_and_docs(house: House) -> None:
    base = house.base("fastapi_echo")
    for name in house.people:
        with house.socket(name, f"{base}/talk") as socket:
            headers = seen(json.loads(socket.recv(10)))
            check_identity(headers, name, base)
            assert headers["cookie"] == ["mine=1"]
            socket.send("you")
            assert socket.recv(10) == "heard you"
    client = house.people["alice"]
    assert f"{base}/openapi.json" in client.get(f"{base}/docs").text
    assert client.get(f"{base}/slashed").headers["location"] == f"{house.gateway.url}{base}/slashed/"


def test_dash_calls_back(house: House) -> None:
    base = house.base("dash_echo")
    for name, client in house.people.items():
        page = client.get(f"{base}/").text
        scripts = re.findall(r'src="([^"]+)"', page)
        assert scripts
        assert all(script.startswith(f"{base}/") for script in scripts)
        assert client.get(scripts[0]).status_code == 200
        clicked = {
            "output": "said.children",
            "outputs": {"id": "said", "property": "children"},
            "inputs": [{"id": "click", "property": "n_clicks", "value": 3}],
            "changedPropIds": ["click.n_clicks"],
        }
        reply = client.post(f"{base}/_dash-update-component", json=clicked)
        assert reply.json()["response"]["said"]["children"] == f"{name} clicked 3 times; token: yes"
        assert client.get(f"{base}/health").text == "healthy ['mine']"


def test_bokeh_sessions(house: House) -> None:
    base = house.base("bokeh_echo")
    assert house.people["alice"].get(f"{base}/").headers["location"] == f"{base}/app"
    for name, client in house.people.items():
        page = client.get(f"{base}/app").text
        assert f"<title>user {name} token yes cookies mine</title>" in page
        token = re.search(r'"token":\s*"([^"]+)"', page)
        assert token is not None
        with house.socket(name, f"{base}/app/ws", ["bokeh", token[1]]) as socket:
            assert "ACK" in str(socket.recv(10))


def test_shiny_knows_its_viewer(house: House) -> None:
    base = house.base("shiny_echo")
    assert "Express" in house.people["alice"].get(f"{base}/").text
    with contextlib.ExitStack() as stack:
        sockets = {name: stack.enter_context(house.socket(name, f"{base}/websocket/")) for name in house.people}
        for clicks, (name, socket) in enumerate(sockets.items(), start=1):
            start = {".clientdata_output_said_hidden": False, "click:shiny.action": 0}
            socket.send(json.dumps({"method": "init", "data": start}))
            assert said(socket, "clicked 0") == f"{name} [] clicked 0 times; token: yes; mine=1"
            socket.send(json.dumps({"method": "update", "data": {"click:shiny.action": clicks}}))
            assert said(socket, f"clicked {clicks}") == f"{name} [] clicked {clicks} times; token: yes; mine=1"


def said(socket: ClientConnection, wanted: str) -> str:
    """The output the server sends, when it says what is wanted."""
    while True:
        message: Any = json.loads(socket.recv(20))
        found = str(message.get("values", {}).get("said", ""))
        if wanted in found:
            return found


def test_gradio_streams_to_its_viewer(house: House) -> None:
    base = house.base("gradio_echo")
    page = house.people["alice"].get(f"{base}/").text
    assert f"{house.gateway.url}{base}" in page
    for name, client in house.people.items():
        event = client.post(f"{base}/gradio_api/call/greet", json={"data": ["you"]}).json()["event_id"]
        with client.stream("GET", f"{base}/gradio_api/call/greet/{event}") as stream:
            lines = [line for line in stream.iter_lines() if line]
        assert lines[:2] == ["event: generating", 'data: ["first"]']
        assert f"hello you from {name}; token: yes; ['mine']" in lines[-1]
    arguments = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in house.gateway.app_pids()]
    assert not any(b"frpc" in line for line in arguments)


def test_voila_kernels_know_their_viewer(house: House) -> None:
    base = house.base("voila_echo")

    def shown(name: str) -> str:
        return house.people[name].get(f"{base}/", timeout=60).text

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        pages = dict(zip(house.people, pool.map(shown, house.people), strict=True))
    for name, page in pages.items():
        assert f"user {name} token yes" in page
        assert "mallory" not in page
        found = re.search(r'"kernelId":\s*"([^"]+)"', page)
        assert found is not None
        with house.socket(name, f"{base}/api/kernels/{found[1]}/channels") as socket:
            assert socket.ping().wait(10)


@needs_r
def test_shiny_for_r_knows_its_viewer(house: House) -> None:
    base = house.base("rshiny_echo")
    assert "Shiny for R" in house.people["alice"].get(f"{base}/").text
    for name in house.people:
        with house.socket(name, f"{base}/websocket/") as socket:
            start = {".clientdata_output_said_hidden": False, "click:shiny.action": 2}
            socket.send(json.dumps({"method": "init", "data": start}))
            assert said(socket, "clicked") == f"{name} clicked 2 times; token: yes"


@needs_r
def test_plumber_knows_its_viewer(house: House) -> None:
    base = house.base("plumber_echo")
    for name, client in house.people.items():
        assert client.get(f"{base}/").json() == {"user": name, "token": True, "path": "/"}
    assert house.people["alice"].get(f"{base}/__ready__").status_code == 404


def test_a_broken_app_says_why(house: House) -> None:
    guid = new_content(house.gateway, name="broken")
    requirements = files("flask_echo")["requirements.txt"]

    def deploy(text: str, mode: str = "python-api") -> dict[str, Any]:
        number = upload(house.gateway, guid, bundle({"app.py": text}, mode, "app", requirements))
        reply = house.gateway.api("POST", f"/v1/content/{guid}/deploy", json={"bundle_id": number})
        return wait_task(house.gateway, reply.json()["task_id"])

    raised = deploy("from flask import Flask\nraise RuntimeError('no settings')\n")
    assert "exit code 1" in str(raised["error"])
    assert any("RuntimeError: no settings" in line for line in raised["output"])
    nameless = deploy("from flask import Flask\n")
    assert any("app defines no app or application" in line for line in nameless["output"])
    foreign = deploy("", "tensorflow-saved-model")
    assert "it has no tensorflow_model_server" in str(foreign["error"])
    assert house.gateway.api("GET", f"/v1/content/{guid}").json()["app_mode"] == "tensorflow-saved-model"


def test_nothing_of_it_is_in_the_log(house: House) -> None:
    until(house.gateway.log, "the log")
    assert "Traceback" not in house.gateway.log()
