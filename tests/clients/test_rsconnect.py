"""The real, unmodified rsconnect CLI against a running gateway."""

import base64
import json
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.gateway import Gateway
from tests.harness.publishing import app_copy, rsconnect, run_deploy
from tests.harness.streamlit_client import page_text


def the_one(gateway: Gateway, title: str) -> dict[str, str]:
    """The only content of a title."""
    (found,) = [c for c in gateway.api("GET", "/v1/content").json() if c["title"] == title]
    return dict(found)


def page(gateway: Gateway, guid: str, bundle: str | None = None) -> str:
    draft = "" if bundle is None else f"_bundle{bundle}/"
    reply = gateway.visit(f"/content/{guid}/{draft}")
    assert reply.status_code == 200, reply.text
    return reply.text


def panel_app(where: Path, version: str, code: str | None = None) -> Path:
    """The echo app of Panel, saying `version`."""
    folder = app_copy("panel_echo", where)
    original = (Path(__file__).parents[1] / "apps/panel_echo/app.py").read_text()
    (folder / "app.py").write_text(code or original.replace("version 1", version))
    return folder


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("bootstrap")
    with Gateway(folder / "data", environ={"TABARD_DASHBOARD": ""}) as made:
        yield made


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("panel")


@pytest.fixture(scope="module")
def guid(gateway: Gateway, home: Path, work: Path) -> str:
    ran = run_deploy(
        gateway, "panel", panel_app(work, "version 1"), "--title", "Echo P", "-E", "GREETING=grüezi", home=home
    )
    assert ran.code == 0, ran.text
    return the_one(gateway, "Echo P")["guid"]


@pytest.fixture(scope="module")
def second(gateway: Gateway, home: Path, work: Path, guid: str) -> str:
    ran = run_deploy(gateway, "panel", panel_app(work, "version 2"), home=home)
    assert ran.code == 0, ran.text
    now = the_one(gateway, "Echo P")
    assert now["guid"] == guid
    return now["bundle_id"]


def run_bootstrap(gateway: Gateway, secret: bytes, home: Path) -> dict[str, Any]:
    """What `rsconnect bootstrap` prints; it ends with 0 whatever the server said, and gives its status."""
    keyfile = home / "bootstrap.key"
    keyfile.write_text(base64.b64encode(secret).decode())
    ran = rsconnect("bootstrap", "-s", gateway.url, "--jwt-keypath", str(keyfile), home=home)
    assert ran.code == 0, ran.text
    return dict(json.loads(ran.text[ran.text.index("{") : ran.text.rindex("}") + 1]))


def test_bootstrap_works_once(fresh: Gateway, home: Path):
    wrong = run_bootstrap(fresh, b"w" * 32, home)
    assert wrong["status"] == 401, wrong
    assert not wrong["api_key"]

    first = run_bootstrap(fresh, fresh.secret, home)
    assert first["status"] == 200, first
    assert fresh.api("GET", "/v1/user", key=first["api_key"]).json()["user_role"] == "administrator"

    second = run_bootstrap(fresh, fresh.secret, home)
    assert second["status"] == 403, second
    assert second["message"]
    assert fresh.api("GET", "/v1/users", key=first["api_key"]).json()["total"] == 1


def test_add_and_details(gateway: Gateway, home: Path):
    added = rsconnect("add", "-n", "here", "-s", gateway.url, "-k", gateway.admin_key, home=home)
    assert added.code == 0, added.text
    bare = rsconnect("details", "-s", gateway.url, home=home)
    assert bare.code == 0, bare.text
    known = rsconnect("details", "-n", "here", home=home)
    assert known.code == 0, known.text
    assert "2026.01.0" in known.text
    assert platform.python_version() in known.text
    wrong = rsconnect("add", "-n", "wrong", "-s", gateway.url, "-k", "nonsense", home=home)
    assert wrong.code == 1
    assert "The specified API key is not valid" in wrong.text


def test_a_streamlit_app_with_variables_is_deployed_and_replaced(gateway: Gateway, home: Path, tmp_path: Path):
    folder = app_copy("streamlit_echo", tmp_path)
    ran = run_deploy(gateway, "streamlit", folder, "--title", "Echo S", "-E", "GREETING=hello there", home=home)
    assert ran.code == 0, ran.text
    before = the_one(gateway, "Echo S")
    assert before["app_mode"] == "python-streamlit"
    path = f"/content/{before['guid']}/"
    assert f"{gateway.url}{path}" in ran.text
    assert "hello there" in page_text(gateway, path)

    (folder / "app.py").write_text((folder / "app.py").read_text().replace("Greeting:", "Second greeting:"))
    ran = run_deploy(gateway, "streamlit", folder, "-E", "GREETING=good evening", home=home)
    assert ran.code == 0, ran.text
    after = the_one(gateway, "Echo S")
    assert after["guid"] == before["guid"]
    assert int(after["bundle_id"]) > int(before["bundle_id"])
    text = page_text(gateway, path)
    assert "Second greeting:" in text
    assert "good evening" in text
    active = {b["id"]: b["active"] for b in gateway.api("GET", f"/v1/content/{after['guid']}/bundles").json()}
    assert active == {after["bundle_id"]: True, before["bundle_id"]: False}


class TestPanel:
    """One Panel item through its life: first version, second version, draft, and versions that cannot start."""

    def test_the_variable_reaches_the_page(self, gateway: Gateway, guid: str):
        assert "Greeting grüezi version" in page(gateway, guid)

    def test_a_redeploy_changes_the_page(self, gateway: Gateway, guid: str, second: str):
        assert "Greeting grüezi version 2" in page(gateway, guid)

    def test_a_draft_leaves_the_active_version_alone(
        self, gateway: Gateway, home: Path, work: Path, guid: str, second: str, publisher_key: str
    ):
        ran = run_deploy(gateway, "panel", panel_app(work, "version 3"), "--draft", home=home)
        assert ran.code == 0, ran.text
        assert the_one(gateway, "Echo P")["bundle_id"] == second
        assert "version 2" in page(gateway, guid)
        newest = gateway.api("GET", f"/v1/content/{guid}/bundles").json()[0]
        assert newest["active"] is False
        assert f"/draft/{newest['id']}" in ran.text
        assert "version 3" in page(gateway, guid, newest["id"])
        other = gateway.visit(f"/content/{guid}/_bundle{newest['id']}/", key=publisher_key)
        assert other.status_code == 403

    @pytest.mark.parametrize(
        ("code", "requirements", "reason"),
        [
            ("def broken(:\n    pass\n", None, "SyntaxError|invalid syntax|not Python"),
            (None, "panel>=1.5\ntabard-no-such-package-5f2c==1.0\n", "tabard-no-such-package-5f2c"),
            ("import tabard_no_such_module\n", None, "line 1: it imports tabard_no_such_module, which neither"),
            ("import os\nos._exit(7)\n", None, "Could not access the deployed content"),
        ],
        ids=["syntax error", "missing package", "missing import", "ends at its first page"],
    )
    def test_a_version_that_cannot_start_changes_nothing(
        self,
        gateway: Gateway,
        home: Path,
        work: Path,
        guid: str,
        second: str,
        code: str | None,
        requirements: str | None,
        reason: str,
    ):
        folder = panel_app(work, "version 4", code)
        kept = (folder / "requirements.txt").read_text()
        try:
            (folder / "requirements.txt").write_text(requirements or kept)
            ran = run_deploy(gateway, "panel", folder, home=home)
        finally:
            (folder / "requirements.txt").write_text(kept)
        assert ran.code == 1, ran.text
        assert re.search(reason, ran.text), ran.text
        assert the_one(gateway, "Echo P")["bundle_id"] == second
        assert "version 2" in page(gateway, guid)


def test_a_streamlit_app_that_ends_at_start_says_why(gateway: Gateway, home: Path, tmp_path: Path):
    folder = app_copy("streamlit_echo", tmp_path)
    assert run_deploy(gateway, "streamlit", folder, "--title", "Falls over", home=home).code == 0
    before = the_one(gateway, "Falls over")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text('[logger]\nlevel = "nonsense"\n')
    ran = run_deploy(gateway, "streamlit", folder, home=home)
    assert ran.code == 1, ran.text
    assert "exit code 1" in ran.text
    assert "undefined log level" in ran.text
    assert the_one(gateway, "Falls over")["bundle_id"] == before["bundle_id"]
    assert "nothing" in page_text(gateway, f"/content/{before['guid']}/")
