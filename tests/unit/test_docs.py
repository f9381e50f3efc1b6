"""The documents say what the tree says: settings, routes, commands, links."""

import importlib.util
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from server.settings import PARSERS, PREFIX, Settings, load

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
# Names with the prefix that no settings reader sees: the compose file's own, read by docker compose.
COMPOSE = {"TABARD_IMAGE", "TABARD_BASE_IMAGE", "TABARD_SECRETS"}


def rows() -> dict[str, list[str]]:
    """The table of settings: TOML name to the row's other cells."""
    found = re.findall(r"^\| `(\w+)` \| (.*) \|$", CONFIGURATION, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in found if name in PARSERS}


def test_every_setting_is_described_under_both_of_its_names():
    table = rows()
    assert sorted(table) == sorted(PARSERS)
    for name, cells in table.items():
        assert cells[0] == f"`{PREFIX}{name.upper()}`"
        assert len(cells) == 3
        assert cells[2], name


def test_the_defaults_are_the_settings_own():
    defaults = {field.name: field.default for field in fields(Settings)}
    for name, (_variable, shown, _meaning) in rows().items():
        if shown.startswith("`") and name != "public_url":
            given = shown.strip("`")
            assert PARSERS[name](given) == defaults[name], name
        else:
            assert not defaults[name], name
    assert load(environ={}).origin == "http://localhost:3939"


def test_the_settings_file_of_the_page_can_be_used(tmp_path: Path):
    example = re.search(r"```toml\n(.*?)```", CONFIGURATION, re.DOTALL)
    assert example is not None
    assert set(tomllib.loads(example[1])) <= set(PARSERS)
    file = tmp_path / "tabard.toml"
    file.write_text(example[1])
    assert load(config=file, environ={}).public_url == "https://apps.example.org"


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_variable_named_in_a_document_exists(page: Path):
    known = {f"{PREFIX}{name.upper()}{end}" for name in PARSERS for end in ("", "_FILE")} | COMPOSE | {"TABARD_CONFIG"}
    # "TABARD_*" and "TABARD_*_FILE" are families, not names.
    assert set(re.findall(r"\bTABARD_[A-Z][A-Z_]*\b", page.read_text())) <= known


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_named_in_a_document_exists(page: Path):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_named_in_a_document_exists(page: Path):
    named = re.findall(
        r"`((?:server|runners|integrations|dashboard|tools|tests|deploy|docs)/[\w./-]+)`", page.read_text()
    )
    example = "tests/unit/server/vault/test_lease.py"
    for name in named:
        assert (ROOT / name).exists() or name == example, name


def test_the_page_of_the_api_lists_the_routes_there_are():
    spec = importlib.util.spec_from_file_location("api_doc", ROOT / "tools/api_doc.py")
    assert spec is not None
    assert spec.loader is not None
    api_doc = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(api_doc)
    page = (ROOT / "docs/api.md").read_text()
    listed = re.findall(r"^\| `([A-Z]+ /\S+)` \|", page, re.MULTILINE)
    there = [f"{route.method} {route.path}" for route in api_doc.routes()]
    assert sorted(listed) == sorted(there), "run: .venv/bin/python tools/api_doc.py"


def test_every_template_is_described():
    page = (ROOT / "docs/integrations.md").read_text()
    for file in (ROOT / "integrations/templates").glob("*.toml"):
        assert f"### `{file.stem}`" in page


def test_every_command_named_in_a_document_exists():
    commands = {path.stem.replace("_", "-") for path in (ROOT / "server/cli").glob("*.py")}
    for page in DOCUMENTS:
        for name in re.findall(r"(?:`|^|/)tabard ([a-z][a-z-]*)", page.read_text(), re.MULTILINE):
            assert name in commands, f"{page.name}: tabard {name}"
