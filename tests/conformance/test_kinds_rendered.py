"""Kinds without a process: none can be launched; a notebook really runs once, shows what it should, leaves nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from pathlib import Path

import pytest
import uv

from runners import process, rendering
from runners.backends.local import LocalRunner
from runners.contract import BuiltEnvironment, Handle, LaunchSpec, RenderSpec, StartFailed
from runners.environments import interpreters
from runners.environments.store import EnvironmentRequest, EnvironmentStore
from runners.kinds import catalog, jupyter_static
from runners.kinds.still import is_still

APPS = Path(__file__).parent.parent / "apps"
INSTALLER = re.compile(r"UV_.*|SSL_CERT_(FILE|DIR)|(HTTPS?|ALL|NO)_PROXY", re.IGNORECASE)
STILL = [kind.app_mode for kind in catalog.KINDS if is_still(kind.family)]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> BuiltEnvironment:
    """An environment whose publisher listed nothing: the kind brings what it needs."""
    given = {name: value for name, value in os.environ.items() if INSTALLER.fullmatch(name)}
    given.setdefault("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))
    store = EnvironmentStore(
        tmp_path_factory.mktemp("environments"),
        uv=Path(uv.find_uv_bin()),
        interpreters=interpreters.discover(),
        installer_variables=given,
    )
    wanted = EnvironmentRequest("", "3.11.7", None, "", jupyter_static.KIND.adds)
    return asyncio.run(store.build(wanted, print))


def notebook(folder: Path, environment: BuiltEnvironment, code: str | None = None, **jupyter: bool) -> RenderSpec:
    """The echo notebook in a folder of its own, or one with `code` in its only cell."""
    work = folder / "work"
    shutil.copytree(APPS / "notebook_echo", work)
    if code is not None:
        document = json.loads((work / "report.ipynb").read_text())
        document["cells"] = [document["cells"][1] | {"source": code}]
        (work / "report.ipynb").write_text(json.dumps(document))
    key = f"{os.getpid():08d}{abs(hash(folder)) % 10**8:08d}"
    given = {"GREETING": "hello", "CONNECT_CONTENT_GUID": "g"}
    return RenderSpec(
        key, work, "report.ipynb", work / "_rendered", environment, folder, None, {"jupyter": jupyter}, given, 60
    )


async def rendered(spec: RenderSpec) -> tuple[str, Handle, list[str]]:
    """The page, the process and what was printed."""
    lines: list[str] = []
    handles: list[Handle] = []

    async def started(handle: Handle) -> None:
        handles.append(handle)

    end = await rendering.run(spec, jupyter_static.render(spec), report=lines.append, started=started)
    assert end.code == 0, lines
    return (spec.out / "index.html").read_text(), handles[0], lines


@pytest.mark.parametrize("mode", STILL)
async def test_there_is_nothing_to_launch(tmp_path: Path, mode: str) -> None:
    environment = BuiltEnvironment(tmp_path, tmp_path / "python", "3.11.7", "k")
    launch = LaunchSpec("k" * 16, mode, tmp_path, "", environment, tmp_path / "run", "/content/g", (), {}, "secret")
    with pytest.raises(StartFailed, match="runs no process of its own"):
        await LocalRunner().start(launch)
    assert process.family("k" * 16, 0, 0) == []


async def test_a_notebook_shows_its_results_without_its_code(tmp_path: Path, environment: BuiltEnvironment) -> None:
    page, handle, _lines = await rendered(notebook(tmp_path, environment, hide_all_input=True))
    text = re.sub(r"<[^>]*>", "", page)
    for words in ("A notebook", "forty 42", "greeting hello"):
        assert words in text
    for words in ("hidden source", "os.environ"):
        assert words not in text
    assert "data:image/png;base64," in page, "pictures of the text are in the page"
    assert process.family(handle.key, handle.pid, handle.start_ticks) == []


async def test_a_stopped_notebook_leaves_no_kernel(tmp_path: Path, environment: BuiltEnvironment) -> None:
    spec = notebook(tmp_path, environment, "import pathlib, time; pathlib.Path('here').touch(); time.sleep(600)")
    there: asyncio.Future[Handle] = asyncio.get_running_loop().create_future()

    async def started(handle: Handle) -> None:
        there.set_result(handle)

    task = asyncio.create_task(rendering.run(spec, jupyter_static.render(spec), report=print, started=started))
    handle = await there
    async with asyncio.timeout(60):
        while not (spec.work / "here").exists():
            await asyncio.sleep(0.1)
    assert len(process.family(handle.key, handle.pid, handle.start_ticks)) >= 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert process.family(handle.key, handle.pid, handle.start_ticks) == []
