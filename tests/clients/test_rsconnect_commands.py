"""The commands of the unmodified rsconnect CLI beside `deploy KIND`: servers, search, manifests, bundles, preflight."""

import json
import tarfile
from pathlib import Path

import pytest

from tests.harness.gateway import Gateway
from tests.harness.people import Someone, add_person, api_key
from tests.harness.publishing import Ran, app_copy, rsconnect

SEED = "panel_echo"


@pytest.fixture(scope="module")
def analyst(gateway: Gateway) -> Someone:
    return add_person(gateway, "anouk", "publisher")


@pytest.fixture(scope="module")
def mine(gateway: Gateway, analyst: Someone) -> tuple[str, ...]:
    """What names the server and the analyst's key on a command line."""
    return ("-s", gateway.url, "-k", api_key(gateway, analyst))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, gateway: Gateway, home: Path, mine: tuple[str, ...]) -> Path:
    """A project that was deployed once, by its manifest."""
    folder = app_copy(SEED, tmp_path_factory.mktemp("project"))
    written = rsconnect("write-manifest", "panel", str(folder), home=home)
    assert written.code == 0, written.text
    ran = rsconnect("deploy", "manifest", *mine, "--title", "By manifest", str(folder / "manifest.json"), home=home)
    assert ran.code == 0, ran.text
    return folder


def listed(ran: Ran) -> list[dict[str, object]]:
    """The JSON that a command prints, after its log lines."""
    assert ran.code == 0, ran.text
    found: list[dict[str, object]] = json.loads(ran.text[ran.text.index("[") : ran.text.rindex("]") + 1])
    return found


def found_by(mine: tuple[str, ...], home: Path, *terms: str) -> list[object]:
    """The titles found; what other tests on this server opened to everybody has none."""
    found = listed(rsconnect("content", "search", *mine, *terms, home=home))
    return [item["title"] for item in found if item["title"] is not None]


def test_servers_are_kept_listed_chosen_and_removed(gateway: Gateway, tmp_path: Path, mine: tuple[str, ...]):
    home = tmp_path
    added = rsconnect("server", "add", "-n", "first", *mine, home=home)
    assert added.code == 0, added.text
    again = rsconnect("server", "add", "-n", "second", "-s", f"{gateway.url}/", "-k", mine[-1], home=home)
    assert again.code == 0, again.text
    known = rsconnect("server", "list", home=home)
    assert gateway.url in known.text
    assert "first" in known.text
    assert "second" in known.text
    chosen = rsconnect("server", "set-default", "-n", "second", home=home)
    assert chosen.code == 0, chosen.text
    details = rsconnect("server", "details", "-n", "second", home=home)
    assert details.code == 0, details.text
    assert "2026.01.0" in details.text
    removed = rsconnect("server", "remove", "-n", "first", home=home)
    assert removed.code == 0, removed.text
    assert "first" not in rsconnect("server", "list", home=home).text


def test_search_filters_and_describe_shows(gateway: Gateway, home: Path, mine: tuple[str, ...], project: Path):
    unpublished = gateway.api("POST", "/v1/content", key=mine[-1], json={"title": "Not yet"}).json()
    assert found_by(mine, home, "--published") == ["By manifest"]
    assert found_by(mine, home, "--unpublished") == ["Not yet"]
    assert found_by(mine, home, "--content-type", "python-panel") == ["By manifest"]
    assert found_by(mine, home, "--content-type", "python-dash") == []
    assert found_by(mine, home, "--title-contains", "manif") == ["By manifest"]
    assert found_by(mine, home, "--py-version", ">=3.9.0") == ["By manifest"]
    assert found_by(mine, home, "--py-version", "<3.0.0") == []
    for order in ("created", "last_deployed"):
        assert set(found_by(mine, home, "--order-by", order)) == {"By manifest", "Not yet"}
    described = listed(rsconnect("content", "describe", *mine, "-g", unpublished["guid"], home=home))
    assert [item["guid"] for item in described] == [unpublished["guid"]]


def test_a_downloaded_bundle_is_deployed_as_new_content(
    gateway: Gateway, home: Path, mine: tuple[str, ...], project: Path, tmp_path: Path
):
    (item,) = [c for c in gateway.api("GET", "/v1/content", key=mine[-1]).json() if c["title"] == "By manifest"]
    kept = tmp_path / "kept.tar.gz"
    got = rsconnect("content", "download-bundle", *mine, "-g", item["guid"], "-o", str(kept), home=home)
    assert got.code == 0, got.text
    with tarfile.open(kept) as archive:
        assert "manifest.json" in archive.getnames()
    ran = rsconnect("deploy", "bundle", *mine, "--title", "From a bundle", str(kept), home=home)
    assert ran.code == 0, ran.text
    titles = {c["title"]: c["guid"] for c in gateway.api("GET", "/v1/content", key=mine[-1]).json()}
    assert titles["From a bundle"] != item["guid"]
    assert gateway.visit(f"/content/{titles['From a bundle']}/", key=mine[-1]).status_code == 200


def test_a_pyproject_is_deployed(gateway: Gateway, home: Path, mine: tuple[str, ...], tmp_path: Path):
    folder = app_copy("streamlit_echo", tmp_path)
    (folder / "pyproject.toml").write_text(
        "[project]\n"
        'name = "echo"\nversion = "1"\nrequires-python = ">=3.11"\n'
        f"dependencies = {json.dumps((folder / 'requirements.txt').read_text().split())}\n"
        "[tool.rsconnect]\n"
        'app_mode = "python-streamlit"\nentrypoint = "app.py"\ntitle = "By pyproject"\n'
    )
    ran = rsconnect("deploy", "pyproject", *mine, str(folder), home=home)
    assert ran.code == 0, ran.text
    (item,) = [c for c in gateway.api("GET", "/v1/content", key=mine[-1]).json() if c["title"] == "By pyproject"]
    assert item["app_mode"] == "python-streamlit"


def test_metadata_travels_with_the_bundle(gateway: Gateway, home: Path, mine: tuple[str, ...], project: Path):
    ran = rsconnect(
        "deploy", "manifest", *mine, "--metadata", "source=git", "--metadata", "source_commit=abc-dirty",
        str(project / "manifest.json"), home=home,
    )  # fmt: skip
    assert ran.code == 0, ran.text
    (item,) = [c for c in gateway.api("GET", "/v1/content", key=mine[-1]).json() if c["title"] == "By manifest"]
    newest = gateway.api("GET", f"/v1/content/{item['guid']}/bundles", key=mine[-1]).json()[0]
    assert newest["metadata"]["source"] == "git"
    assert newest["metadata"]["source_commit"] == "abc-dirty"


def test_preflight_reads_the_servers_pythons(gateway: Gateway, home: Path, mine: tuple[str, ...], project: Path):
    ran = rsconnect("preflight", *mine, str(project), home=home)
    assert ran.code in (0, 3), ran.text
    report = json.loads(ran.text[ran.text.index("{") : ran.text.rindex("}") + 1])
    assert report


def test_a_viewer_is_told_that_she_cannot_publish(gateway: Gateway, home: Path, tmp_path: Path):
    viewer = add_person(gateway, "vera-cli", "viewer")
    ran = rsconnect(
        "deploy", "panel", "-s", gateway.url, "-k", api_key(gateway, viewer), str(app_copy(SEED, tmp_path)), home=home
    )
    assert ran.code == 1
    assert "publisher" in ran.text
