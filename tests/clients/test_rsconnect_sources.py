"""The real rsconnect CLI: content from git, builds, lock files, caches and execution environments."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.gateway import Gateway, until
from tests.harness.git import Origin
from tests.harness.publishing import Ran, rsconnect

MANIFEST = {
    "version": 1,
    "metadata": {"appmode": "static", "primary_html": "index.html", "entrypoint": "index.html"},
    "files": {"index.html": {"checksum": "0" * 32}},
}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    """A repository with a site in a folder of its own."""
    made = Origin(tmp_path_factory.mktemp("git") / "apps")
    made.commit({"site/manifest.json": json.dumps(MANIFEST), "site/index.html": "<p>one</p>", "README": "x"})
    made.git("tag", "v1")
    return made


@pytest.fixture(scope="module")
def cli(gateway: Gateway, home: Path) -> Any:
    def run(*arguments: str, code: int = 0) -> str:
        server = ("-s", gateway.url, "-k", gateway.admin_key)
        words = arguments.index("--") if "--" in arguments else len(arguments)
        ran: Ran = rsconnect(*arguments[:words], *server, *arguments[words + 1 :], home=home)
        assert ran.code == code, ran.text
        return ran.text

    return run


@pytest.fixture(scope="module")
def site(gateway: Gateway, cli: Any, origin: Origin) -> Iterator[str]:
    """Content that was deployed from the repository; its GUID."""
    where = ("--repository", origin.url, "--branch", "main", "--subdirectory", "site")
    text = cli("deploy", "git", "--", *where, "--title", "From git", "--no-polling", "-E", "A=1")
    (item,) = [c for c in gateway.api("GET", "/v1/content").json() if c["title"] == "From git"]
    assert f"{gateway.url}/content/{item['guid']}/" in text
    yield item["guid"]
    gateway.api("DELETE", f"/v1/content/{item['guid']}")


def active(gateway: Gateway, guid: str) -> dict[str, Any]:
    number = gateway.api("GET", f"/v1/content/{guid}").json()["bundle_id"]
    return dict(gateway.api("GET", f"/v1/content/{guid}/bundles/{number}").json())


def page(gateway: Gateway, guid: str) -> str:
    return gateway.visit(f"/content/{guid}/").text


class TestGit:
    """One item from a repository, through its life."""

    def test_it_is_fetched_and_served(self, gateway: Gateway, site: str, origin: Origin):
        assert page(gateway, site) == "<p>one</p>"
        assert active(gateway, site)["metadata"] | {"archive_md5": "", "archive_sha1": ""} == {
            "source": "git", "source_repo": origin.url, "source_branch": "main",
            "source_commit": origin.git("rev-parse", "main"), "archive_md5": "", "archive_sha1": "",
        }  # fmt: skip
        tags = [job["tag"] for job in gateway.api("GET", f"/v1/content/{site}/jobs").json()]
        assert "git" in tags

    def test_its_settings_are_shown(self, cli: Any, site: str, origin: Origin):
        text = cli("content", "repository", "show", "--", "--guid", site)
        shown = json.loads(text[text.index("{") : text.rindex("}") + 1])
        assert shown == {
            "repository": origin.url, "branch": "main", "directory": "site", "polling": False, "last_error": None,
            "last_known_commit": origin.git("rev-parse", "main"),
        }  # fmt: skip

    def test_deploying_again_fetches_again(self, gateway: Gateway, cli: Any, site: str, origin: Origin):
        origin.commit({"site/index.html": "<p>two</p>"})
        where = ("--repository", origin.url, "--branch", "main", "--subdirectory", "site", "--no-polling")
        cli("deploy", "git", "--", *where, "--app-id", site)
        assert page(gateway, site) == "<p>two</p>"

    def test_another_ref_is_deployed(self, gateway: Gateway, cli: Any, site: str):
        text = cli("content", "repository", "redeploy", "--", "--guid", site, "--ref", "v1")
        assert "Bundle created" in text
        until(lambda: page(gateway, site) == "<p>one</p>", "the tag to be served", 30)

    def test_what_cannot_be_deployed_says_why_and_changes_nothing(
        self, gateway: Gateway, cli: Any, site: str, origin: Origin
    ):
        before = len(gateway.api("GET", f"/v1/content/{site}/bundles").json())
        where = ("--repository", origin.url, "--branch", "main", "--no-polling", "--app-id", site)
        text = cli("deploy", "git", "--", *where, code=1)
        assert "write-manifest" in text
        assert "write-manifest" in gateway.api("GET", f"/v1/content/{site}/repository").json()["last_error"]
        assert len(gateway.api("GET", f"/v1/content/{site}/bundles").json()) == before
        cli("deploy", "git", "--", "--repository", "https://ann:CANARY@example.org/x", "--app-id", site, code=1)
        gateway.api("PATCH", f"/v1/content/{site}/repository", json={"directory": "site"})
        assert "CANARY" not in gateway.log()

    def test_a_polled_branch_is_followed(self, gateway: Gateway, cli: Any, site: str, origin: Origin):
        where = ("--repository", origin.url, "--branch", "main", "--subdirectory", "site", "--polling")
        cli("deploy", "git", "--", *where, "--app-id", site)
        commit = origin.commit({"site/index.html": "<p>three</p>"})
        until(lambda: page(gateway, site) == "<p>three</p>", "the new commit to be served", 30)
        assert active(gateway, site)["metadata"]["source_commit"] == commit

    def test_uploads_are_refused_until_the_setting_is_gone(self, gateway: Gateway, cli: Any, site: str):
        path = f"/v1/content/{site}/bundles"
        refused = gateway.api("POST", path, content=b"x")
        assert (refused.status_code, refused.json()["code"]) == (409, 144)
        cli("content", "repository", "delete", "--", "--guid", site, "--force")
        text = cli("content", "repository", "show", "--", "--guid", site, code=1)
        assert "not git-managed" in text
        assert gateway.api("POST", path, content=b"x").status_code == 400


def test_builds_lock_files_and_archives(gateway: Gateway, cli: Any, running: str, tmp_path: Path):
    cli("content", "build", "add", "--", "--guid", running)
    assert "1/1 content builds completed" in cli("content", "build", "run")
    listed = json.JSONDecoder().raw_decode(cli("content", "build", "ls"))[0]
    (built,) = [one for one in listed if one["guid"] == running]
    assert built["rsconnect_build_status"] == "COMPLETE"
    lock = tmp_path / "requirements.txt.lock"
    cli("content", "get-lockfile", "--", "--guid", running, "--output", str(lock))
    lines = lock.read_text().splitlines()
    assert any(line.startswith("panel==") for line in lines)
    archive = tmp_path / "b.tar.gz"
    cli("content", "download-bundle", "--", "--guid", running, "--output", str(archive))
    assert archive.read_bytes()[:2] == b"\x1f\x8b"


def test_caches_are_listed_and_looked_at_before_they_are_deleted(gateway: Gateway, cli: Any, running: str):
    shown = json.loads(cli("system", "caches", "list"))["caches"]
    version = gateway.api("GET", f"/v1/content/{running}").json()["py_version"]
    assert {"language": "python", "version": version, "image_name": "Local"} in shown
    choice = ("--language", "Python", "--version", version, "--image-name", "Local")
    assert "Dry run finished" in cli("system", "caches", "delete", "--", *choice, "--dry-run")
    text = cli("system", "caches", "delete", "--", "--language", "Python", "--version", "3.1.0", code=1)
    assert "Cache does not exist" in text


def test_execution_environments(gateway: Gateway, cli: Any):
    text = cli("environment", "add", "--", "example.org/image:1", "--title", "One", "--python", "3.12.1=/opt/python")
    made = gateway.api("GET", "/v1/environments").json()[-1]
    assert (made["name"], made["title"]) == ("example.org/image:1", "One"), text
    assert "One" in cli("environment", "list")
    cli("environment", "edit", "--", made["guid"], "--title", "Two")
    shown = cli("environment", "show", "--", made["guid"])
    assert "Two" in shown
    assert made["guid"] in shown
    cli("environment", "remove", "--", made["guid"])
    assert gateway.api("GET", "/v1/environments").json() == []
