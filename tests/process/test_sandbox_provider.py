"""The sandbox provider on real sockets: in a thread, and as a process with a busy port."""

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from integrations.contract import Secret
from integrations.errors import Passing
from integrations.http import OutboundClient
from integrations.sandbox.settings import SandboxSettings
from integrations.sandbox.threaded import running

ROOT = Path(__file__).parents[2]
SERVICE = ("tabard-service", "sandbox-service-secret")
ADMIN = {"Authorization": "Bearer t"}
START = "import sys; from integrations.sandbox.run import run; sys.exit(run('127.0.0.1', int(sys.argv[1])))"


def test_a_person_walks_through_on_real_sockets():
    with running(SandboxSettings(admin_token="t")) as base, httpx.Client(base_url=base) as browser:
        assert browser.get("/.well-known/openid-configuration").json()["issuer"] == base
        browser.put("/admin/clients/tabard-viewer", json={"require_pkce": False}, headers=ADMIN)
        back = "http://127.0.0.1:9/__oauth__/integrations/callback"
        query = {"response_type": "code", "client_id": "tabard-viewer", "redirect_uri": back, "state": "s"}
        waiting = str(httpx.QueryParams(query))
        consent = browser.post("/signin", data={"next": waiting, "username": "bob", "password": "bob"}).headers[
            "location"
        ]
        key = re.search(r'name="form_key" value="([^"]+)"', browser.get(consent).text)[1]
        answer = browser.post(consent, data={"form_key": key, "decision": "allow"})
        code = httpx.URL(answer.headers["location"]).params["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        tokens = browser.post("/token", data=form, auth=("tabard-viewer", "sandbox-viewer-secret")).json()
        who = browser.get("/api/whoami", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json()
        assert who["name"] == "Bob Baker"


def test_slow_tokens_do_not_hold_up_the_data_api():
    with running(SandboxSettings(admin_token="t")) as base, httpx.Client(base_url=base) as client:
        form = {"grant_type": "client_credentials"}
        token = client.post("/token", data=form, auth=SERVICE).json()["access_token"]
        client.put("/admin/clients/tabard-service", json={"token_delay": 1.0}, headers=ADMIN)
        with ThreadPoolExecutor(20) as pool:
            started = time.monotonic()
            slow = [pool.submit(httpx.post, f"{base}/token", data=form, auth=SERVICE) for _ in range(10)]
            assert client.get("/api/rows", headers={"Authorization": f"Bearer {token}"}).status_code == 200
            assert {call.result().status_code for call in slow} == {200}
            assert time.monotonic() - started < 8
        assert len(client.get("/admin/log", headers=ADMIN).json()["requests"]) == 11


def start(port: int) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", START, str(port)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_busy_port_is_one_clear_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start(port) as process:
            out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert said.count("\n") == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in said
    assert "--port" in said


def test_it_starts_says_where_and_stops_when_told():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with start(port) as process:
        try:
            first = process.stderr.readline()
            assert f"http://localhost:{port}" in first
            deadline = time.monotonic() + 30
            while True:
                try:
                    assert httpx.get(f"http://127.0.0.1:{port}/healthz").text == "ok\n"
                    break
                except httpx.TransportError:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            assert httpx.get(f"http://127.0.0.1:{port}/authorize?code=SECRETCODE").status_code == 400
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "SECRETCODE" not in said
    assert "Traceback" not in said


TROUBLE = [("cut", None, "interrupted"), ("drip", 0.5, "timeout"), ("never", None, "timeout"), ("delay", 5, "timeout")]


@pytest.mark.parametrize(("kind", "value", "code"), TROUBLE)
async def test_answers_that_do_not_arrive_are_passing_trouble(kind: str, value: float | None, code: str):
    """A reset in the middle, a byte at a time, silence: our own deadline holds (security F-08 to F-10)."""
    with running(SandboxSettings(admin_token="t")) as base:
        fault = {"kind": kind, **({} if value is None else {"value": value})}
        httpx.put(f"{base}/admin/clients/tabard-service", json={"fail_next": [fault]}, headers=ADMIN)
        client = OutboundClient(allow_local=True, total_seconds=0.5)
        secret = Secret("Basic " + base64.b64encode(":".join(SERVICE).encode()).decode())
        try:
            started = time.monotonic()
            with pytest.raises(Passing) as caught:
                await client.post_form(f"{base}/token", {"grant_type": "client_credentials"}, auth=secret)
            assert caught.value.code == code
            assert time.monotonic() - started < 3
            answer = await client.post_form(f"{base}/token", {"grant_type": "client_credentials"}, auth=secret)
        finally:
            await client.aclose()
    assert answer.status == 200
    assert "date" in answer.headers
