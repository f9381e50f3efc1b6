"""Environments are built once by content; a half-built one is built again; failures say why. uv is a script here."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from runners.environments.interpreters import Interpreter
from runners.environments.store import EnvironmentFailed, EnvironmentRequest, EnvironmentStore

FAKE_UV = """#!/bin/sh
echo "$*" >> "$FAKE_LOG"
for last; do :; done
case "$1" in
  venv)
    place="$5"; mkdir -p "$place/bin" "$place/lib/python3.11/site-packages/streamlit-1.67.0.dist-info"
    mkdir "$place/lib/python3.11/site-packages/Typing_Extensions-4.0.dist-info"
    : > "$place/bin/python" ;;
  pip)
    if grep -q broken "$6"; then
      echo "Looking at https://user:hush@files.example/simple"
      echo "  × No solution found when resolving dependencies:"
      echo "  ╰─▶ Because broken was not found in the package registry,"
      echo "      we can conclude that your requirements are unsatisfiable."
      exit 1
    fi
    if grep -q slow "$6"; then sleep 60; fi
    echo $(env | cut -d= -f1) >> "$FAKE_LOG" ;;
esac
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "uv.log"


@pytest.fixture
def store(tmp_path: Path, log: Path) -> EnvironmentStore:
    script = tmp_path / "uv"
    script.write_text(FAKE_UV)
    script.chmod(0o755)
    return EnvironmentStore(
        tmp_path / "environments",
        uv=script,
        interpreters=[Interpreter("3.11.7", Path("/usr/bin/python3"))],
        installer_variables={"FAKE_LOG": str(log)},
        timeout=0.5,
    )


def ask(text: str = "streamlit\n", *, required: str = "streamlit") -> EnvironmentRequest:
    return EnvironmentRequest(text, "3.11.7", None, required)


def silent(line: str) -> None:
    pass


def runs(log: Path) -> int:
    return sum(line.startswith("venv") for line in log.read_text().splitlines())


async def test_built_once_for_the_same_content(store: EnvironmentStore, log: Path) -> None:
    lines: list[str] = []
    first, second = await asyncio.gather(
        store.build(ask(), lines.append), store.build(ask("# same\nstreamlit"), silent)
    )
    assert first == second
    assert first.packages == {"streamlit": "1.67.0", "typing-extensions": "4.0"}
    assert first.python == first.root / "bin" / "python"
    assert runs(log) == 1
    assert lines[0] == "Creating an environment with Python 3.11.7."
    assert (await store.build(ask("streamlit\npandas"), silent)).key != first.key


async def test_a_kind_brings_what_the_publisher_does_not_list(store: EnvironmentStore) -> None:
    def adding(text: str, *adds: str) -> EnvironmentRequest:
        return EnvironmentRequest(text, "3.11.7", None, "", adds)

    built = await store.build(adding("flask", "streamlit"), silent)
    assert (built.root / "requirements.txt").read_text() == "flask\nstreamlit\n"
    assert built.key != (await store.build(adding("flask"), silent)).key
    pinned = await store.build(adding("Streamlit==1.40", "streamlit"), silent)
    assert (pinned.root / "requirements.txt").read_text() == "Streamlit==1.40\n"
    with pytest.raises(EnvironmentFailed, match="lists waitress only for other systems"):
        await store.build(adding("waitress; python_version < '3'", "waitress"), silent)


async def test_the_installer_gets_only_its_variables(
    store: EnvironmentStore, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "hush")
    await store.build(ask(), silent)
    given = set(log.read_text().splitlines()[-1].split())
    assert "DATABASE_URL" not in given
    assert {"HOME", "PATH", "UV_CACHE_DIR", "FAKE_LOG"} <= given


async def test_an_incomplete_one_is_built_again(store: EnvironmentStore, log: Path) -> None:
    first = await store.build(ask(), silent)
    (first.root / ".complete").unlink()
    (first.root / "leftover").touch()
    assert await store.build(ask(), silent) == first
    assert not (first.root / "leftover").exists()
    (first.root / "bin" / "python").unlink()
    await store.build(ask(), silent)
    assert runs(log) == 3


async def test_a_failure_says_why_and_leaves_nothing(store: EnvironmentStore, tmp_path: Path) -> None:
    lines: list[str] = []
    with pytest.raises(EnvironmentFailed) as caught:
        await store.build(ask("streamlit\nbroken"), lines.append)
    assert (
        "uv says: No solution found when resolving dependencies: Because broken was not found" in caught.value.message
    )
    assert "Looking at https://files.example/simple" in caught.value.output
    assert "hush" not in "".join(lines) + caught.value.output
    assert not [path for path in (tmp_path / "environments").iterdir() if (path / "bin").exists()]


async def test_too_slow(store: EnvironmentStore) -> None:
    with pytest.raises(EnvironmentFailed, match=r"longer than 0\.5 seconds"):
        await store.build(ask("streamlit\nslow"), silent)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (ask("pandas"), "requirements.txt does not list streamlit; add it."),
        (ask("streamlit\n-e ."), "line 2"),
        (EnvironmentRequest("streamlit", None, ">=4", "streamlit"), "No Python >=4"),
        (ask("panel ; python_version < '3'", required="panel"), "only for other systems"),
    ],
)
async def test_bad_requests(store: EnvironmentStore, request_: EnvironmentRequest, says: str) -> None:
    with pytest.raises(EnvironmentFailed, match=says):
        await store.build(request_, silent)


async def test_what_is_stored_can_be_listed_and_deleted(store: EnvironmentStore, log: Path) -> None:
    assert store.stored() == []
    first, second = await store.build(ask(), silent), await store.build(ask("streamlit\npandas"), silent)
    (first.root.parent / "half" / "bin").mkdir(parents=True)
    assert store.stored() == sorted([(first.key, "3.11.7"), (second.key, "3.11.7")])
    await store.remove(first.key)
    assert store.stored() == [(second.key, "3.11.7")]
    assert not first.root.exists()
    assert (await store.build(ask(), silent)).key == first.key
    assert runs(log) == 3


async def test_the_publishers_own_name_of_the_file_is_said(store: EnvironmentStore) -> None:
    wanted = EnvironmentRequest("pandas\n", "3.11.7", None, "streamlit", file="uv.lock")
    with pytest.raises(EnvironmentFailed, match=r"uv\.lock does not list streamlit"):
        await store.build(wanted, silent)


async def test_an_interpreter_as_it_is_builds_nothing(store: EnvironmentStore, tmp_path: Path, monkeypatch) -> None:
    own = Interpreter("3.11.7", Path(sys.executable))
    monkeypatch.setattr(store, "_interpreters", (own,))
    lines: list[str] = []
    found = await store.build(EnvironmentRequest("", None, None, "pytest", managed=False), lines.append)
    assert (found.managed, found.python) == (False, own.path)
    assert lines == ["Using this server's Python 3.11.7 as it is."]
    with pytest.raises(EnvironmentFailed, match="no environment is to be built"):
        await store.build(EnvironmentRequest("", None, None, "tabard-nothing", managed=False), silent)
    assert not (tmp_path / "environments").exists()
