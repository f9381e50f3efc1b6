"""Kinds the unmodified rsconnect CLI publishes, deployed as its users do: as a draft, seen to start, activated.

Dash, Shiny, Gradio and Voila are published by it in tests/browser/test_kinds.py, Streamlit and Panel in
test_rsconnect.py, pages and notebooks in test_documents.py.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests.harness.gateway import Gateway
from tests.harness.publishing import app_copy, deploy, run_deploy

# The CLI's word, the app in tests/apps, options, the app mode it becomes, and what its first answer says.
KINDS = [
    ("api", "flask_echo", (), "python-api", '"headers"'),
    ("fastapi", "fastapi_echo", ("--entrypoint", "app:api"), "python-fastapi", '"headers"'),
    ("bokeh", "bokeh_echo", (), "python-bokeh", "bokeh"),
]


@pytest.mark.parametrize(("word", "app", "options", "mode", "says"), KINDS, ids=[kind[0] for kind in KINDS])
def test_a_kind_is_published(
    gateway: Gateway, home: Path, tmp_path: Path, word: str, app: str, options: tuple[str, ...], mode: str, says: str
):
    folder = app_copy(app, tmp_path)
    title = f"By {word}"
    guid = deploy(gateway, word, folder, *options, title=title, home=home)
    item = gateway.api("GET", f"/v1/content/{guid}").json()
    assert item["app_mode"] == mode
    assert item["bundle_id"]
    page = gateway.visit(f"/content/{guid}/")
    if word == "bokeh":  # Bokeh sends its root to its app's own name
        assert page.headers["location"] == f"/content/{guid}/app"
        page = gateway.visit(page.headers["location"])
    assert page.status_code == 200, page.text
    assert says in page.text


def test_flask_is_the_other_name_of_api(gateway: Gateway, home: Path, tmp_path: Path):
    guid = deploy(gateway, "flask", app_copy("flask_echo", tmp_path), "--no-verify", title="By flask", home=home)
    assert gateway.api("GET", f"/v1/content/{guid}").json()["app_mode"] == "python-api"


LACKING = ["quarto-static", "rmd-static", "nodejs", "tensorflow-saved-model"]
LACKING += [] if shutil.which("Rscript") else ["shiny", "api"]


@pytest.mark.parametrize("mode", LACKING)
def test_what_needs_a_tool_the_server_lacks_is_stored_and_refused_at_deploy_in_words(
    gateway: Gateway, home: Path, tmp_path: Path, mode: str
):
    (tmp_path / "report.qmd").write_text("---\ntitle: x\n---\nHello")
    manifest = {
        "version": 1,
        "metadata": {"appmode": mode, "entrypoint": "report.qmd"},
        "files": {"report.qmd": {"checksum": ""}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    ran = run_deploy(gateway, "manifest", tmp_path / "manifest.json", "--title", f"As {mode}", home=home)
    assert ran.code == 1, ran.text
    (item,) = [c for c in gateway.api("GET", "/v1/content").json() if c["title"] == f"As {mode}"]
    assert item["app_mode"] == mode
    assert item["bundle_id"] is None
    assert len(gateway.api("GET", f"/v1/content/{item['guid']}/bundles").json()) == 1
    said = [line for line in ran.text.splitlines() if "This server" in line]
    assert said, ran.text
