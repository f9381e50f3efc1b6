"""A document's program runs once, to its end, and only what it made of regular files is taken."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from runners import output, process, rendering
from runners.contract import BuiltEnvironment, Exit, Handle, RenderSpec
from runners.rendering import RenderingFailed, collect, explain, run


@pytest.fixture
def spec(tmp_path: Path) -> RenderSpec:
    work = tmp_path / "run" / "work"
    work.mkdir(parents=True)
    return RenderSpec(
        key=f"{os.getpid():08d}{time.monotonic_ns() % 10**8:08d}",
        work=work,
        source="report.ipynb",
        out=work / "_rendered",
        environment=BuiltEnvironment(tmp_path, Path("/usr/bin/python3"), "3.11.7", "k"),
        run_dir=tmp_path / "run",
        program=None,
        options={},
        variables={"GREETING": "hello", "LD_PRELOAD": "x", "CONNECT_SERVER": "http://s"},
        timeout=20,
    )


async def ran(spec: RenderSpec, script: str) -> tuple[Exit, list[str], Handle]:
    lines: list[str] = []
    handles: list[Handle] = []

    async def started(handle: Handle) -> None:
        handles.append(handle)

    end = await run(spec, ["/bin/sh", "-c", script], report=lines.append, started=started)
    return end, lines, handles[0]


async def test_it_runs_in_its_folder_with_its_variables_and_no_others(spec: RenderSpec) -> None:
    end, lines, _handle = await ran(spec, "echo $GREETING $LD_PRELOAD $PWD $HOME; echo oops >&2; ls -d _rendered")
    assert end == Exit(0, "")
    assert f"hello {spec.work} {spec.run_dir / 'home'}" in lines
    assert {"oops", "_rendered"} <= set(lines)


async def test_what_it_leaves_running_is_ended(spec: RenderSpec) -> None:
    _end, _lines, handle = await ran(spec, "sleep 600 & setsid sleep 600 & exit 0")
    assert process.family(handle.key, handle.pid, handle.start_ticks) == []


async def test_a_failure_is_explained(spec: RenderSpec) -> None:
    end, _lines, handle = await ran(spec, "echo \"NameError: name 'x' is not defined\" >&2; exit 3")
    assert end.code == 3
    assert explain(end, handle.log) == "Rendering ended with exit code 3: NameError: name 'x' is not defined"
    assert explain(Exit(3, "Rendering ended with exit code 3."), spec.work) == "Rendering ended with exit code 3."
    end, _lines, handle = await ran(spec, "kill -9 $$")
    assert "memory" in explain(end, handle.log)


async def test_it_takes_no_longer_than_it_may(spec: RenderSpec) -> None:
    short = RenderSpec(**{name: getattr(spec, name) for name in RenderSpec.__slots__} | {"timeout": 0.3})  # type: ignore[arg-type]
    end, _lines, handle = await ran(short, "sleep 600")
    assert end == Exit(None, "Rendering took longer than 0.3 seconds.")
    assert not process.runs(handle.pid, handle.start_ticks)


async def test_whoever_gives_up_ends_it(spec: RenderSpec) -> None:
    there: asyncio.Future[Handle] = asyncio.get_running_loop().create_future()

    async def started(handle: Handle) -> None:
        there.set_result(handle)

    task = asyncio.create_task(run(spec, ["/bin/sleep", "600"], report=print, started=started))
    handle = await there
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not process.runs(handle.pid, handle.start_ticks)


async def test_a_program_that_is_not_there(spec: RenderSpec) -> None:
    with pytest.raises(RenderingFailed, match="could not be started: No such file"):
        await run(spec, ["/no/such/program"], report=print, started=None)  # type: ignore[arg-type]


def test_pages_are_collected_whole(spec: RenderSpec, tmp_path: Path) -> None:
    (spec.out / "report_files").mkdir(parents=True)
    (spec.out / "report.html").write_text("page")
    (spec.out / "report_files/plot.png").write_text("made")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (spec.out / "link.html").symlink_to(secret)
    os.link(secret, spec.out / "hard.html.txt")
    for name in ("logo.png", "data.csv", "helper.py", "unlisted.png", "report.html"):
        (spec.work / name).write_text(name)
    into = tmp_path / "shelf" / "rendered" / "one"
    listed = ("./logo.png", "data.csv", "helper.py", "report.html")
    assert collect(spec.out, into, source="report.ipynb", assets=spec.work, listed=listed) == "report.html"
    found = {path.relative_to(into).as_posix(): path.read_text() for path in into.rglob("*") if path.is_file()}
    assert found == {"report.html": "page", "report_files/plot.png": "made", "logo.png": "logo.png"}
    assert [path.name for path in into.parent.iterdir()] == ["one"]


@pytest.mark.parametrize(
    ("made", "first"),
    [
        (("index.html", "a.html"), "index.html"), (("report.pdf",), "report.pdf"), (("other.html",), "other.html"),
        (("a.html", "b.html"), None), ((), None), (("sub/index.html",), None),
    ],
)  # fmt: skip
def test_the_first_page(spec: RenderSpec, tmp_path: Path, made: tuple[str, ...], first: str | None) -> None:
    for name in made:
        (spec.out / name).parent.mkdir(parents=True, exist_ok=True)
        (spec.out / name).touch()
    into = tmp_path / "pages"
    if first is not None:
        assert collect(spec.out, into, source="report.qmd", assets=spec.work, listed=()) == first
        return
    with pytest.raises(RenderingFailed, match="no page to show"):
        collect(spec.out, into, source="report.qmd", assets=spec.work, listed=())
    assert not into.exists()


def test_too_much_is_refused_and_nothing_left(spec: RenderSpec, tmp_path: Path, monkeypatch) -> None:
    spec.out.mkdir()
    (spec.out / "index.html").write_text("0123456789")
    monkeypatch.setattr(rendering, "_MOST_BYTES", 9)
    with pytest.raises(RenderingFailed, match="more than 9 bytes"):
        collect(spec.out, tmp_path / "p" / "one", source="", assets=spec.work, listed=())
    assert not list((tmp_path / "p").iterdir())


@pytest.mark.parametrize("part", ["out", "work"])
def test_folders_a_document_replaced_by_links_show_nothing(spec: RenderSpec, tmp_path: Path, part: str) -> None:
    elsewhere = tmp_path / "data" / "_rendered"
    elsewhere.mkdir(parents=True)
    (elsewhere / "index.html").write_text("secret")
    if part == "out":
        spec.out.symlink_to(elsewhere)
    else:
        spec.work.rmdir()
        spec.work.symlink_to(elsewhere.parent)
    with pytest.raises(RenderingFailed, match="no page to show"):
        collect(spec.out, tmp_path / "pages", source="", assets=spec.work, listed=("_rendered/index.html",))


def test_odd_names_are_left_out_and_deep_folders_refused(spec: RenderSpec, tmp_path: Path) -> None:
    spec.out.mkdir()
    for name in (b"index.html", b"\xff.html"):
        Path(os.fsdecode(bytes(spec.out) + b"/" + name)).touch()
    assert collect(spec.out, tmp_path / "one", source="", assets=spec.work, listed=()) == "index.html"
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["index.html"]
    there = os.open(spec.out, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=there)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=there)
        os.close(there)
        there = deeper
    os.close(there)
    with pytest.raises(RenderingFailed, match="could not be stored"):
        collect(spec.out, tmp_path / "two", source="", assets=spec.work, listed=())
    assert not (tmp_path / "two").exists()


async def test_a_file_where_the_pages_shall_be(spec: RenderSpec) -> None:
    spec.out.write_text("")
    with pytest.raises(RenderingFailed, match="_rendered must not be a file"):
        await ran(spec, "true")


async def test_its_output_stays_for_the_log(spec: RenderSpec) -> None:
    await ran(spec, "echo kept")
    assert output.tail(output.folder(spec.run_dir)) == "kept"
