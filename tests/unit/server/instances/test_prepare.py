"""From a recorded bundle to something launchable: the entry point, the requirements, and sentences for what lacks."""

import json
from pathlib import Path

import pytest

from runners.contract import BuiltEnvironment
from runners.environments import package_files
from runners.environments.store import EnvironmentFailed, EnvironmentRequest
from server.bundles.receive import Upload
from server.bundles.shelf import Shelf
from server.db.models import Bundle
from server.instances import prepare
from server.instances.live import StartProblem
from server.instances.prepare import Preparer
from tests.harness.publishing import bundle


class Environments:
    """In place of the environments: remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[EnvironmentRequest] = []
        self.failure: EnvironmentFailed | None = None

    async def locked(self, _file: object) -> str:
        return "locked\n"

    async def build(self, wanted: EnvironmentRequest, report) -> BuiltEnvironment:
        self.asked.append(wanted)
        report("building")
        if self.failure is not None:
            raise self.failure
        return BuiltEnvironment(Path("/env"), Path("/env/python"), "3.11.7", "key")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "bundles", 10 * 1024 * 1024)


def shelve(shelf: Shelf, files: dict[str, str], **terms: str) -> Bundle:
    path = shelf.incoming / "upload"
    path.write_bytes(bundle(files, **terms))
    shelf.shelve(Upload(path, path.stat().st_size), "f")
    return Bundle(content_id=1, details={"folder": "f"})


async def test_a_bundle_is_prepared(shelf: Shelf):
    row = shelve(shelf, {"app.py": "x = 1", "requirements.txt": "streamlit\npandas\n"})
    environments, lines = Environments(), []
    made = await Preparer(shelf, environments).prepare(row, lines.append)  # type: ignore[arg-type]
    assert (made.kind.app_mode, made.entrypoint, made.environment.key) == ("python-streamlit", "app.py", "key")
    assert (made.code / "app.py").read_text() == "x = 1"
    (asked,) = environments.asked
    assert (asked.requirements, asked.required) == ("streamlit\npandas\n", made.kind.required)
    assert lines == ["building"]


async def test_the_installers_output_is_kept_for_the_publisher(shelf: Shelf):
    row = shelve(shelf, {"app.py": "", "requirements.txt": "streamlit\n"})
    environments = Environments()
    environments.failure = EnvironmentFailed("No such package.", "uv says: no")
    with pytest.raises(StartProblem) as caught:
        await Preparer(shelf, environments).prepare(row, lambda _line: None)  # type: ignore[arg-type]
    assert (caught.value.message, caught.value.detail) == ("No such package.", "uv says: no")


async def refused(shelf: Shelf, row: Bundle) -> str:
    environments = Environments()
    with pytest.raises(StartProblem) as caught:
        await Preparer(shelf, environments).prepare(row, lambda _line: None)  # type: ignore[arg-type]
    assert environments.asked == []
    return caught.value.message


async def test_an_entry_point_that_is_not_named_is_the_first_there_is(shelf: Shelf):
    row = shelve(shelf, {"main.py": "", "requirements.txt": "flask\n"}, mode="python-api", entrypoint="")
    environments = Environments()
    made = await Preparer(shelf, environments).prepare(row, lambda _line: None)  # type: ignore[arg-type]
    assert made.entrypoint == "main.py"
    (asked,) = environments.asked
    assert (asked.required, asked.adds) == ("", ("waitress",))


async def test_a_kind_that_is_not_run_here_says_what_is_missing(shelf: Shelf):
    row = shelve(shelf, {"app.R": "", "requirements.txt": ""}, mode="tensorflow-saved-model")
    assert "it has no tensorflow_model_server" in await refused(shelf, row)


async def test_r_content_runs_with_the_machines_library_or_says_what_is_missing(shelf: Shelf, monkeypatch):
    row = shelve(shelf, {"server.R": ""}, mode="shiny", entrypoint="")
    found = BuiltEnvironment(Path("/usr/bin"), Path("/usr/bin/Rscript"), "4.2.2", "", managed=False)
    asked, lines = [], []

    async def library(package: str) -> BuiltEnvironment:
        asked.append(package)
        if len(asked) > 1:
            raise EnvironmentFailed("This server has no Rscript.")
        return found

    monkeypatch.setattr(prepare.system, "r_library", library)
    monkeypatch.setattr(prepare.tools, "find", lambda _name: found.python)
    made = await Preparer(shelf, Environments()).prepare(row, lines.append)  # type: ignore[arg-type]
    assert (made.environment, made.python, made.entrypoint) == (found, None, "server.R")
    assert "R 4.2.2" in lines[0]
    assert await refused(shelf, row) == "This server has no Rscript."
    assert asked == ["shiny", "shiny"]


async def test_what_lacks_is_said_before_anything_is_built(shelf: Shelf, monkeypatch):
    gone = Bundle(content_id=1, details={"folder": "gone"})
    assert await refused(shelf, gone) == "The files of this version are gone; deploy it again."
    row = shelve(shelf, {"app.py": "", "requirements.txt": "streamlit\n"})
    code, _manifest = shelf.code("f")
    monkeypatch.setattr(package_files, "MOST_BYTES", 5)
    assert "larger than 5 bytes" in await refused(shelf, row)
    (code / "requirements.txt").write_bytes(b"\xff\xfe")
    assert await refused(shelf, row) == "requirements.txt is not UTF-8 text."
    (code / "requirements.txt").unlink()
    (code / "requirements.txt").symlink_to("/etc/passwd")
    assert "has no requirements.txt" in await refused(shelf, row)
    (code / "app.py").unlink()
    assert "app.py" in await refused(shelf, row)


async def test_packages_from_a_lock_file_a_project_or_nowhere(shelf: Shelf):
    async def asked(files: dict[str, str], **manifest: object) -> EnvironmentRequest:
        row = shelve(shelf, {"app.py": "", **files})
        place = shelf.code("f")[0] / "manifest.json"
        place.write_text(json.dumps(json.loads(place.read_text()) | manifest))
        environments = Environments()
        await Preparer(shelf, environments).prepare(row, lambda _line: None)  # type: ignore[arg-type]
        shelf.discard(["f"])
        return environments.asked[0]

    def named(name: str) -> dict[str, object]:
        return {"version": "3.11.7", "package_manager": {"name": "uv", "package_file": name}}

    locked = await asked({"uv.lock": "x"}, python=named("uv.lock"))
    assert (locked.requirements, locked.file) == ("locked\n", "uv.lock")
    project = '[project]\ndependencies = ["streamlit"]'
    assert (await asked({"pyproject.toml": project}, python=named("pyproject.toml"))).requirements == "streamlit\n"
    unmanaged = await asked({}, environment={"environment_management": {"python": False}})
    assert (unmanaged.requirements, unmanaged.managed) == ("", False)
